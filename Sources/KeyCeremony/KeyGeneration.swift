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
        let made = try await hold(checked, file)
        return try await conclude(made, checked)
    }

    // MARK: The ceremony

    private func hold(_ checked: Checked, _ file: sending StateFile) async throws -> CeremonyDriver.Outcome {
        let plan = checked.plan
        let host = Libp2p.Host(try hostConfiguration(plan), logger: topic("p2p"))
        let network = CeremonyNetwork(plan, on: host, logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let driver = CeremonyDriver(
            plan, file, on: group.next(),
            send: { try await network.send($2, $1, to: $0) },
            write: { try await write($0, continuing: $1, checked) }, show: hooks.changed,
            warn: { logger.warning("the key ceremony goes on, but", metadata: ["reason": "\($0)"]) })
        network.serve(driver)
        let relays = RelayWatch(
            entries: request.relays,
            headers: [
                ("Charon-Cluster", String(plan.session.hex.dropFirst(2))), ("Cluster-Uuid", plan.definition.uuid),
                ("User-Agent", BuildInfo.userAgent),
            ], logger: topic("relay")
        ) { await host.setRelays($0) }
        do {
            do { _ = try await host.bind() } catch let error as ListenError {
                throw ConfigurationError(flag: "p2p-tcp-address", address: error.address, cannotListen: error.cause)
            }
            let outcome = try await withThrowingTaskGroup(of: CeremonyDriver.Outcome?.self) { tasks in
                let parts: [@Sendable () async throws -> Void] = [
                    { try await host.run() }, { try await relays.run() }, { await watch(host, relays, plan) },
                    { await network.runSync(driver) }, { await hold(checked.keyLock) },
                ]
                for part in parts {
                    tasks.addTask {
                        // Cancelled, it leaves the last word to the ceremony.
                        do { try await part() } catch { if !Task.isCancelled { throw error } }
                        return nil
                    }
                }
                tasks.addTask {
                    let outcome = try await driver.run()
                    // For those who have not heard our goodbye yet.
                    try? await Task.sleep(for: request.shutdownDelay)
                    return outcome
                }
                defer { tasks.cancelAll() }
                while let next = try await tasks.next() {
                    if let next { return next }
                }
                throw CancellationError()
            }
            try? await group.shutdownGracefully()
            return outcome
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func topic(_ label: String) -> Logger {
        var other = Logger(label: label)
        other.logLevel = logger.logLevel
        return other
    }

    private func hostConfiguration(_ plan: CeremonyPlan) throws -> HostConfiguration {
        var host = HostConfiguration(identity: plan.identity, agentVersion: BuildInfo.userAgent)
        host.listen = try request.node.listenAddresses()
        host.announced = try request.node.announcedAddresses()
        host.reusesPort = request.node.isReusingPort
        for index in plan.others { host.peers[PeerID(plan.operators[index])] = [] }
        for text in request.node.p2pPeers {
            guard let address = try? Multiaddr(text), let peer = address.peer, let transport = address.transport,
                host.peers[peer] != nil
            else {
                throw ConfigurationError(
                    flag: "p2p-peers", what: "has \(text)",
                    cure: "write addresses of this ceremony's operators, e.g. /ip4/10.0.0.7/tcp/3610/p2p/16Uiu2HA…")
            }
            host.peers[peer, default: []].append(transport)
        }
        if host.listen.isEmpty, host.peers.values.allSatisfy(\.isEmpty), request.relays.isEmpty {
            throw ConfigurationError(
                flag: "p2p-relays", what: "is empty, and nobody can be reached in another way",
                cure: "name a relay that all operators use")
        }
        // Several large messages of a peer at once, and no more.
        host.limits.messageBytesPerPeerMax = max(
            host.limits.messageBytesPerPeerMax, 4 * CeremonyNetwork.messageBytesMax(plan))
        // Operators wait for each other: nobody should wait for a pause.
        host.timing.redialMax = .seconds(5)
        host.timing.circuitRetryMax = .seconds(3)
        return host
    }

    private func watch(_ host: Libp2p.Host, _ relays: RelayWatch, _ plan: CeremonyPlan) async {
        let logger = topic("p2p")
        let peers = plan.operators.map { PeerID($0) }
        for await event in host.events {
            switch event {
            case .relayReplaced(let relay): relays.relayReplaced(relay)
            case .reservation(let relay, .granted): relays.relayFound(relay)
            case .reservation(let relay, .failed(let reason)):
                logger.warning(
                    "a relay does not let other operators reach this node; it is asked again",
                    metadata: ["relay": "\(relay)", "reason": "\(reason)"])
            case .dialFailed(let peer, let reason):
                let index = peers.firstIndex(of: peer).map { "\($0)" } ?? "\(peer)"
                logger.debug("dial peer", metadata: ["peer": "\(index)", "reason": "\(reason)"])
            default: continue
            }
        }
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
