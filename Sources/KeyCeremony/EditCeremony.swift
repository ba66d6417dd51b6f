import BLS
import Cluster
import ClusterSetup
import DKG
import Ethereum
import Logging
import Node
import Program

/// `alpha edit …`: holds the ceremony of a change that was checked, and writes the changed cluster's directory.
///
/// The directory in use is not touched, so the node may go on meanwhile. Source: spec/dkg.md §7, §9.
package struct EditCeremony: Sendable {
    /// The flags, beyond those of the edit itself.
    package struct Request: Sendable {
        package var publishes = false
        package var publishAddress = ObolAPI.defaultAddress
        package var publishTimeout = Duration.seconds(60)
        /// How long others are served after the end.
        package var shutdownDelay = Duration.seconds(5)
        /// Nil: the oldest that knows the definition's version.
        package var release: CeremonyRelease?
        package var relays: [String] = []
        /// Only what is about peer-to-peer is used.
        package var node = NodeConfiguration()
        /// Insecure for tests only.
        package var cost = Keystore.Cost.secure

        package init() {}
    }

    private let edit: ClusterEdit
    private let request: Request
    private let web: WebClient
    private let hooks: KeyGeneration.Hooks
    private let logger: Logger

    package init(
        _ edit: ClusterEdit, _ request: Request, web: WebClient, hooks: KeyGeneration.Hooks = .init(), logger: Logger
    ) {
        self.edit = edit
        self.request = request
        self.web = web
        self.hooks = hooks
        self.logger = logger
    }

    /// - Throws: `ClusterError`, `ServiceError`, `CeremonyFailure`, `ConfigurationError`, `CancellationError`.
    package func run() async throws -> KeyGeneration.Outcome {
        let plan = try plan()
        let keymanager = try keymanager()
        try await keymanager?.testConnection()
        let file: StateFile
        do throws(StateFile.Fault) {
            file = try StateFile.open(directory: stateDirectory, plan: plan)
        } catch {
            let path = FileAccess.join(stateDirectory, StateFile.name)
            throw ClusterError.inFile(path, .field("state", "\(error); \(error.cure(path: path))"))
        }
        if file.isResumed {
            logger.info("a ceremony that was interrupted goes on", metadata: ["notes": "\(file.path)"])
        }
        hooks.begun(plan)
        let host = CeremonyHost(
            relayEntries: request.relays, node: request.node, shutdownDelay: request.shutdownDelay, hooks: hooks,
            logger: logger)
        let made = try await host.hold(plan, file, write: { outcome, _ in try await write(outcome, keymanager) })
        return try await conclude(made)
    }

    /// Where the notes of a ceremony under way are: beside what comes of it.
    package var stateDirectory: String { FileAccess.parent(of: edit.request.outputDirectory) }

    private func plan() throws(ClusterError) -> CeremonyPlan {
        let (verifies, timeout) = (edit.request.isVerifying, edit.request.timeout)
        switch edit.plan {
        case .reshare(let plan):
            return CeremonyPlan(
                reshare: plan, shares: edit.shares, network: edit.network, identity: edit.identity,
                release: release(plan.lock), timeout: timeout, verifiesLock: verifies)
        case .addition(let plan):
            return try CeremonyPlan(
                addition: plan, shares: edit.shares, depositFiles: edit.depositFiles, identity: edit.identity,
                release: release(plan.lock), timeout: timeout, verifiesLock: verifies)
        }
    }

    private func release(_ lock: Lock) -> CeremonyRelease {
        request.release ?? (lock.definition.version >= .v1_11 ? .v1_11 : .v1_10)
    }

    private func keymanager() throws(ClusterError) -> KeymanagerClient? {
        guard !edit.request.keymanagerAddress.isEmpty else { return nil }
        do throws(ServiceURL.Fault) {
            let url = try ServiceURL(edit.request.keymanagerAddress)
            if !url.isEncrypted, !url.isLoopback {
                logger.warning(
                    "the keymanager is not reached by https: token and keys can be read on the way",
                    metadata: ["address": "\(url)"])
            }
            return KeymanagerClient(url, token: edit.request.keymanagerToken, web: web)
        } catch {
            throw .option("--keymanager-address", "\(error)")
        }
    }

    // MARK: Files

    private func write(_ outcome: CeremonyOutcome, _ keymanager: KeymanagerClient?) async throws {
        let (hooks, directory, threads) = (hooks, edit.request.outputDirectory, edit.request.concurrency)
        let (identityFile, cost) = (edit.request.privateKeyFile, request.cost)
        let report: @Sendable (Int, Int) -> Void = { hooks.encrypting($0, $1) }
        if let keymanager, case .addition(let addition) = edit.plan {
            // It has the others.
            let new = Array(outcome.shares.suffix(addition.addresses.count))
            let sealed = try await TrustedDealer.onOwnThread(report) { progress in
                var random = SystemRandomNumberGenerator()
                return try SealedKeystores(new, cost: cost, threads: threads, progress: progress, using: &random)
            }
            try await keymanager.send(sealed)
        }
        var output = EditOutput(identityFile: identityFile, lock: try outcome.lock.encoded())
        output.keys = keymanager == nil ? outcome.shares : []
        output.depositFiles = outcome.depositFiles
        let content = output
        try await TrustedDealer.onOwnThread(report) { progress in
            var random = SystemRandomNumberGenerator()
            try content.write(
                to: directory, cost: cost, concurrency: threads, progress: progress, using: &random)
        }
    }

    private func conclude(_ made: CeremonyDriver.Outcome) async throws -> KeyGeneration.Outcome {
        if case .reshare(let plan) = edit.plan, plan.ownSeat.new == nil {
            var outcome = KeyGeneration.Outcome(
                summary: "The others have new key shares: this node has left the cluster.\n")
            outcome.warnings = made.warning.map { [$0] } ?? []
            outcome.nextSteps = [
                "Stop this node for good when the others change over. Its key shares are worth nothing together with new"
                    + " ones."
            ]
            return outcome
        }
        let directory = FileAccess.absolute(edit.request.outputDirectory)
        var summary = "The changed cluster's files are in \(directory)\n"
        if let lock = made.made?.lock { summary += "Lock hash: \(lock.lockHash.hex)\n" }
        var outcome = KeyGeneration.Outcome(summary: summary)
        outcome.warnings = (made.made?.warnings ?? []).map { "the lock was written unverified: \($0)" }
        if let warning = made.warning { outcome.warnings.append(warning) }
        if request.publishes, let lock = made.made?.lock {
            do {
                let api = ObolAPI(try ServiceURL(request.publishAddress), timeout: request.publishTimeout, web: web)
                outcome.nextSteps.append("The new lock is published: \(try await api.publish(lock))")
            } catch {
                let text = "the files are written, but the lock is not published: \(error)"
                guard case .addition = edit.plan else { throw ClusterError.option("--publish", text) }
                outcome.warnings.append(text)
            }
        }
        outcome.nextSteps += [
            "Wait until all operators have their new directory. Then all stop their nodes, and each runs styx alpha edit"
                + " switch --to \(edit.request.outputDirectory).",
            "Compare the lock hash with the others'. Back up \(directory): the new key shares exist nowhere else.",
        ]
        if case .addition(let plan) = edit.plan, plan.isUnverified {
            outcome.nextSteps.append(
                "Nobody has signed the new lock: nodes need --no-verify for it, and so does switch.")
        }
        return outcome
    }
}
