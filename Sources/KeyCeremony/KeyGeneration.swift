import Cluster
import ClusterSetup
import DKG
import Ethereum
import Libp2p
import Logging
import NIOCore
import NIOPosix
import Node
import Program
import SSZ
import Secp256k1

/// `dkg`: takes part in a key generation with the other operators of a definition.
///
/// Nothing is sent before all checks have passed, and no file appears before the lock is verified. A process that was
/// killed comes back into the same ceremony when it is started again. Source: spec/dkg.md §4, spec/cli-create.md §6.
package struct KeyGeneration: Sendable {
    /// The flags.
    package struct Request: Sendable {
        package var dataDirectory = ".charon"
        /// Path or URL.
        package var definitionFile = ".charon/cluster-definition.json"
        package var verifies = true
        package var keymanagerAddress = ""
        package var keymanagerToken = ""
        package var publishes = false
        package var publishAddress = ObolAPI.defaultAddress
        package var publishTimeout = Duration.seconds(60)
        /// How long others are served after the end.
        package var shutdownDelay = Duration.seconds(5)
        package var executionEndpoint = ""
        package var timeout = Duration.seconds(120)
        package var isZipped = false
        package var nickname = ""
        /// Nil: the oldest that knows the definition's version.
        package var release: CeremonyRelease?
        package var relays: [String] = []
        /// Only what is about peer-to-peer is used.
        package var node = NodeConfiguration()
        package var network = NetworkFlags()
        /// Threads for keystores.
        package var concurrency = 1
        /// How long a note that another process has the identity key may be from one that was killed.
        package var keyLockPatience = PrivateKeyLock.staleAfter + .seconds(1)

        package init() {}
    }

    package struct Outcome: Sendable {
        /// What was made, for standard output.
        package let summary: String
        /// What went wrong without making the cluster useless.
        package var warnings: [String] = []
        /// What to do now.
        package var nextSteps: [String] = []
    }

    /// What an embedding program shows.
    package struct Hooks: Sendable {
        package var begun: @Sendable (CeremonyPlan) -> Void = { _ in }
        package var changed: @Sendable (CeremonyView) -> Void = { _ in }
        /// Keystores written.
        package var encrypting: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

        package init() {}
    }

    let request: Request
    let web: WebClient
    let hooks: Hooks
    let logger: Logger

    package init(_ request: Request, web: WebClient, hooks: Hooks = Hooks(), logger: Logger) {
        self.request = request
        self.web = web
        self.hooks = hooks
        self.logger = logger
    }

    /// - Throws: `ClusterError`, `ServiceError`, `CeremonyFailure`, `ConfigurationError`, `CancellationError`.
    package func run() async throws -> Outcome {
        let checked = try await check()
        let plan = checked.plan
        let file: StateFile
        do throws(StateFile.Fault) {
            file = try StateFile.open(directory: request.dataDirectory, plan: plan)
        } catch {
            let path = FileAccess.join(request.dataDirectory, StateFile.name)
            throw ClusterError.inFile(path, .field("state", "\(error); \(error.cure(path: path))"))
        }
        if !file.records.contains(.writing) {
            do throws(ClusterError) { try CeremonyFiles.checkFree(request.dataDirectory) } catch {
                // Of no use with these files there.
                if !file.isResumed { file.erase() }
                throw error
            }
        }
        if file.isResumed {
            logger.info("a ceremony that was interrupted goes on", metadata: ["notes": "\(file.path)"])
        }
        hooks.begun(plan)
        let host = CeremonyHost(
            relayEntries: request.relays, node: request.node, shutdownDelay: request.shutdownDelay, hooks: hooks,
            logger: logger)
        let made = try await host.hold(
            plan, file, write: { try await write($0, continuing: $1, checked) },
            holding: { await hold(checked.keyLock) })
        return try await conclude(made, checked)
    }

    // MARK: Files

    /// Keys to disk or to the keymanager, then everything else, the lock last.
    private func write(_ outcome: CeremonyOutcome, continuing: Bool, _ checked: Checked) async throws {
        let (request, hooks) = (request, hooks)
        let keymanager = checked.keymanager
        let content = CeremonyFiles.Content(
            shares: keymanager == nil ? outcome.shares : nil, depositFiles: outcome.depositFiles,
            lock: try outcome.lock.encoded())
        let report: @Sendable (Int, Int) -> Void = { hooks.encrypting($0, $1) }
        let files = try await TrustedDealer.onOwnThread(report) { progress in
            var random = SystemRandomNumberGenerator()
            return try CeremonyFiles(
                content, in: request.dataDirectory, threads: request.concurrency, progress: progress, using: &random)
        }
        do {
            if let keymanager {
                let sealed = try await TrustedDealer.onOwnThread(report) { progress in
                    var random = SystemRandomNumberGenerator()
                    return try SealedKeystores(
                        outcome.shares, cost: .secure, threads: request.concurrency, progress: progress,
                        using: &random)
                }
                try await keymanager.send(sealed)
            }
        } catch {
            files.discard()
            throw error
        }
        guard request.isZipped else { return try files.commit(continuing: continuing) }
        try files.commitArchive(continuing: continuing) { path, entries in
            try TarArchive.write(path, entries, now: SystemClock.now())
        }
    }

    private func conclude(_ made: CeremonyDriver.Outcome, _ checked: Checked) async throws -> Outcome {
        let directory = FileAccess.absolute(request.dataDirectory)
        var summary = "Key generation is complete: \(checked.plan.validators) validators, files in \(directory)\n"
        if let lock = made.made?.lock { summary += "Lock hash: \(lock.lockHash.hex)\n" }
        var outcome = Outcome(summary: summary)
        outcome.warnings = (made.made?.warnings ?? []).map { "the lock was written unverified (--no-verify): \($0)" }
        if let warning = made.warning { outcome.warnings.append(warning) }
        if request.publishes {
            do {
                let lock =
                    try made.made?.lock
                    ?? LockFile.load(
                        FileAccess.join(request.dataDirectory, LockFile.name), verify: false
                    ).lock
                let api = ObolAPI(
                    try ServiceURL(request.publishAddress), timeout: request.publishTimeout, web: web)
                outcome.nextSteps.append(
                    "The cluster is published; activate its validators at \(try await api.publish(lock))")
            } catch {
                outcome.warnings.append("The cluster is made, but not published: \(error)")
            }
        }
        if request.isZipped {
            outcome.nextSteps.append(
                "Unpack \(FileAccess.join(directory, CeremonyFiles.archiveName)) where the node will run; it holds the"
                    + " identity key and the key shares, so only you may read it.")
        }
        outcome.nextSteps.append(
            "Back up \(directory): the key shares exist nowhere else. Then start your node: styx run --lock-file"
                + " \(FileAccess.join(directory, LockFile.name)) --private-key-file"
                + " \(FileAccess.join(directory, IdentityKeyFile.name)) --beacon-node-endpoints <URL>")
        outcome.nextSteps.append(
            "Deposit with deposit-data*.json (the same at all operators) when all operators' nodes run.")
        return outcome
    }
}
