import BeaconAPI
import BeaconClient
import Cluster
import DutyWorkflow
import Ethereum
import Foundation
import KeymanagerAPI
import Libp2p
import Logging
import NIOCore
import NIOPosix
import OTLP
import PeerProtocols
import Program
import RemoteSigner
import SSZ
import Secp256k1
import Storage
import Synchronization
import ValidatorAPI

/// One node: reads its cluster, then starts everything and lets it run until cancelled.
///
/// Nothing outside has to be there first. Peers are dialed and answered at once; the workflow begins when a beacon
/// node has described the chain, however long that takes, and says what it waits for.
package struct StyxNode: Sendable {
    /// What an embedding program wants to hear of.
    package struct Hooks: Sendable {
        package var report: @Sendable (Report) -> Void = { _ in }
        /// The lock is read: what this node's metrics and logs are marked with.
        package var identified: @Sendable ([(name: String, value: String)]) -> Void = { _ in }
        /// Bound addresses of the peer-to-peer host.
        package var listening: @Sendable ([Multiaddr]) -> Void = { _ in }
        /// Port of the validator API, as soon as it listens.
        package var validatorAPIListens: @Sendable (Int) -> Void = { _ in }
        /// Port of the validator API, once the node answers there.
        package var validatorAPI: @Sendable (Int) -> Void = { _ in }
        /// Port of the monitoring pages.
        package var monitoring: @Sendable (Int) -> Void = { _ in }
        /// Port of the keymanager API, as soon as it listens.
        package var keymanagerListens: @Sendable (Int) -> Void = { _ in }
        /// Port of the debug pages.
        package var debug: @Sendable (Int) -> Void = { _ in }
        /// A fork was added, moved or withdrawn: the schedule from now on.
        package var forksChanged: @Sendable (ForkSchedule) -> Void = { _ in }
        /// Other operators connected now.
        package var peers: @Sendable (Int) -> Void = { _ in }
        /// Keystores opened of all, from any thread.
        package var keystores: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

        package init() {}
    }

    let configuration: NodeConfiguration
    let hooks: Hooks
    let logger: Logger
    let cluster: ClusterContext
    let peerFaults = PeerFaults()
    let threads: CryptoThreads
    /// By the node before this one, whose cluster switched to other key shares; and by this one for the next.
    let opened: OpenedKeystores
    let tls: TLSIdentity?
    /// If remote signers sign.
    let remoteSigner: SignerConfiguration?
    let monitoring: NodeMonitoring
    let doctor: DoctorWatch
    /// If somebody may ask for what it keeps.
    let recorder: ConsensusRecorder?
    /// If traces are wanted.
    let exporter: SpanExporter?
    /// What happens, for those who watch; nil without debug pages.
    let live: LiveFeed?
    /// What this node says of itself to other operators.
    let ownInfo: PeerInfo
    private let ownsThreads: Bool

    /// - Parameter threads: shared with other nodes of the process; own ones if nil.
    /// - Throws: `ConfigurationError` or `ClusterError`, worded for the operator.
    package init(
        _ configuration: NodeConfiguration, hooks: Hooks = Hooks(), threads: CryptoThreads? = nil,
        opened: OpenedKeystores = OpenedKeystores(), logger: Logger
    ) async throws {
        try configuration.validate()
        tls = try configuration.tlsIdentity()
        remoteSigner = configuration.signing == .remote ? try configuration.remoteSigner.configuration() : nil
        self.configuration = configuration
        self.hooks = hooks
        self.opened = opened
        self.logger = logger
        cluster = try ClusterContext(configuration)
        try configuration.graffiti.validate(validators: cluster.lock.validators.count)
        let startedAt = SystemClock.now()
        ownInfo = PeerInfo(
            lockHash: cluster.lock.lockHash, gitHash: BuildInfo.gitHash, startedAt: startedAt,
            builderAPI: configuration.usesBuilder, nickname: configuration.nickname)
        let ownReport = PeerReport(own: ownInfo, startedAt: startedAt)
        monitoring = NodeMonitoring(
            NodeMetrics(
                cluster, nickname: configuration.nickname, features: configuration.features, ownReport: ownReport),
            operators: cluster.operators.count, signs: configuration.signing != .off)
        doctor = DoctorWatch(logger: Self.topic("doctor", of: logger))
        recorder =
            configuration.debugAddress.isEmpty
            ? nil : ConsensusRecorder(nodes: cluster.operators.count, own: cluster.own)
        exporter = try Self.spanExporter(configuration, cluster, Self.topic("otlp", of: logger))
        live = configuration.debugAddress.isEmpty ? nil : LiveFeed(cluster, ownReport)
        hooks.identified(monitoring.metrics.registry.constantLabels)
        ownsThreads = threads == nil
        self.threads = threads ?? CryptoThreads(threads: max(1, ProcessInfo.processInfo.activeProcessorCount))
    }

    /// Runs until cancelled; throws when something fails that cannot be waited out, and `SwitchDue`.
    package func run() async throws {
        let keyLock = try lockIdentity()
        // Before anything listens or dials: peers would drop the connections of the process that has it.
        let claim = try JournalClaim(path: configuration.journalFile)
        logStart()
        let keymanager = try keymanagerServer()
        let book = AddressBook(
            path: configuration.journalFile + ".peers.json",
            peers: Set(cluster.directory.others.map { cluster.directory[$0] }), logger: logger)
        let host = try Host(hostConfiguration(book), logger: topic("p2p")) { book.note($0, $1) }
        let reconnections = Reconnections()
        let beacon = BeaconClient(
            configuration: try beaconConfiguration(reconnections), loop: host.loop, logger: topic("eth2"))
        let runtime = RuntimeSlot()
        let server = try validatorAPI()
        let tools = signingTools()
        let observe = peerObserver()
        let (consensus, parSigEx) = serveDuties(on: host, runtime, observe)
        let priority = servePriorities(on: host, runtime, observe)
        let peerInfo = servePeerInfo(on: host, observe)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await serve(server) }
                if let keymanager { group.addTask { try await serve(keymanager) } }
                if !configuration.monitoringAddress.isEmpty || live != nil {
                    group.addTask { await watchReadiness(host, beacon, server) }
                    group.addTask { await watchVersions(beacon) }
                }
                if !configuration.monitoringAddress.isEmpty {
                    group.addTask { try await serveMonitoring(host, peerInfo, server) }
                }
                group.addTask { await watchHealth(host, peerInfo, beacon, tools.remote) }
                if let exporter { group.addTask { await exporter.run() } }
                if !configuration.debugAddress.isEmpty {
                    group.addTask { try await serveDebugging(host, peerInfo, beacon, server, tools.remote) }
                }
                if let keyLock { group.addTask { try await hold(keyLock) } }
                group.addTask {
                    try await confirmLock(server)
                    let relays = relayWatch(host)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            hooks.listening(try await bind(host))
                            try await host.run()
                        }
                        group.addTask { await watchPeers(host, peerInfo, relays, runtime) }
                        group.addTask { try await relays.run() }
                        group.addTask { await peerInfo.run() }
                        group.addTask {
                            try await work(
                                beacon, reconnections, server, keymanager, tools, consensus, parSigEx, priority,
                                runtime, host.loop, claim
                            ) {
                                clusterView(host, peerInfo)
                            }
                        }
                        try await group.next()
                        group.cancelAll()
                    }
                }
                // Each of them runs for good: whichever ends, by error or cancellation, ends all.
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await book.flush()
            await stop(beacon, tools)
            if error is CancellationError || Task.isCancelled { return }
            throw error
        }
        await book.flush()
        await stop(beacon, tools)
    }

    private func stop(_ beacon: BeaconClient, _ tools: SigningTools) async {
        await beacon.shutdown()
        await tools.remote?.shutdown()
        await exporter?.shutdown()
        if ownsThreads { try? await threads.shutdown() }
        logger.info("stopped")
    }

    // MARK: The duty side

    /// Waits for the chain, opens the journal, then drives the workflow and lets validator clients to it.
    private func work(
        _ beacon: BeaconClient, _ reconnections: Reconnections, _ server: ValidatorAPIServer,
        _ keymanagerServer: KeymanagerServer?, _ tools: SigningTools, _ consensus: ConsensusProtocol,
        _ parSigEx: ParSigExProtocol,
        _ priority: PriorityProtocol, _ slot: RuntimeSlot,
        _ loop: any EventLoop, _ claim: JournalClaim, peers: @escaping @Sendable () -> ClusterView
    ) async throws {
        // At once: a wrong password or a missing key should show before a beacon node is there.
        tools.remote?.start()
        let discovery = chainDiscovery(beacon, reconnections)
        async let learned = discovery.learn { why in
            monitoring.note(missing: "\(why)")
            server.update { $0.note(.beaconNode, why) }
        }
        let shares = try await openShares { done, total in
            server.update { $0.note(.keystores, "\(done) of \(total)") }
        }
        server.update { $0.finish(.keystores) }
        let (chain, genesisRoot) = try await learned
        server.update { $0.finish(.beaconNode) }
        monitoring.note(chain.clock)
        live?.follow(chain.clock)
        let view = ChainView(chain)
        tools.remote?.follow(epoch: chain.clock.slotDuration * Int(clamping: chain.clock.slotsPerEpoch))
        let verifier = tools.verifier
        let retired = try retiredKeys()
        let signer = signer(tools, shares, retired, view)
        let (journal, snapshot) = try await openJournal(chain, genesisRoot, claim, server)
        // A validator client has a protection of its own.
        let fresh = FreshJournal(
            created: journal.createdAt, isAccepted: configuration.acceptsNewJournal || signer == nil,
            clock: chain.clock, at: SystemClock.now())
        let book = registrationBook()
        let overrides = overridesFile(book)
        let updates = feeRecipientUpdates(book)
        _ = await overrides.look()
        let settings = try validatorSettings()
        let registrations = ownRegistrations(book, settings, signer)
        let texts = await blockTexts(settings, beacon)
        var workflowConfiguration = WorkflowConfiguration(
            nodes: cluster.operators.count, threshold: cluster.threshold, peer: cluster.own,
            validators: Set(cluster.keys.pubKeys), clock: chain.clock, spec: chain.spec,
            proposals: ProposalPreferences(usesBuilder: configuration.usesBuilder, graffiti: texts()),
            signs: signer != nil, signsFrom: fresh.firstSlot,
            knowsFrom: FreshJournal.knowsFrom(created: journal.createdAt, clock: chain.clock, at: SystemClock.now()),
            included: includedDuties,
            seed: UInt64.random(in: .min ... .max), infoSync: infoSyncConfiguration,
            consensus: configuration.features.consensus)
        registrations.take(snapshot.registrations)
        warnAboutRegistrations(book)
        workflowConfiguration.proposals.feeRecipients = book.current.feeRecipients
        monitoring.note(fresh)
        warn(about: journal, fresh, isEmpty: snapshot.watermarks.isEmpty, chain.clock)
        let metrics = monitoring.metrics
        let waits = commitWaits
        let tracing = dutyTracing(chain.clock)
        defer { tracing?.finish() }
        let slashings = slashingWatch(beacon, tools, view, stopped: snapshot.slashed)
        let validators = activeValidators(beacon, chain.clock, slashings)
        let duties = DutiesSource(
            client: beacon, clock: chain.clock, isCaching: !configuration.features.isOn(.disableDutiesCache)
        ) { metrics.beacon.receive($0) }
        let events = ChainEvents(beacon: beacon, clock: chain.clock, reconnections: reconnections, logger: topic("sse"))
        let effects = NodeEffects(
            beacon: beacon, validators: validators, duties: duties, chain: view, signer: signer,
            combiner: ThresholdCombiner(
                keys: cluster.keys, chain: view, threads: threads, verifier: verifier),
            verifier: verifier, keys: cluster.keys, consensus: consensus, parSigEx: parSigEx,
            priority: priority, threads: threads,
            report: reporter(view: peers, tracing, waits) { journal.metrics.commits },
            registered: { registrations.take($0) }, votesInBlocks: votesInBlocks(beacon, view))
        let tasks = OwnedTasks()
        let driver = driver(workflowConfiguration, effects, tasks, journal, tracing, waits, chain.clock, on: loop)
        let runtime = NodeRuntime(
            driver: driver, chain: view, keys: cluster.keys, verifier: verifier, tracing: tracing)
        let alive = aliveWatch(beacon, validators, fresh, workflowConfiguration)
        let instructions = BeaconInstructions(
            book: book, pubKeyCount: cluster.keys.pubKeys.count, usesBuilder: configuration.usesBuilder,
            validators: validators, duties: duties, chain: chain, hands: .init(beacon, driver, metrics.work),
            logger: topic("eth2"))
        reconnections.observe { instructions.startOver() }
        registrations.observe {
            driver.post(.feeRecipients(book.current.feeRecipients))
            driver.post(.registrationsWanted(registrations.wanted))
            instructions.startOver()
        }
        driver.post(.registrationsWanted(registrations.wanted))
        doctor.note(chain.clock, fresh, book, journal, signer?.ring)
        slot.set(runtime)
        parSigEx.open()
        // Those who connected before are owed what was shared in an earlier life.
        for peer in peers().connected.sorted() { driver.post(.peerConnected(peer)) }
        let backend = NodeBackend(
            runtime: runtime, beacon: beacon, validators: validators, duties: duties,
            passedOn: { instructions.heard($0) }, badSignature: { doctor.noteBadSignature() })
        if let tracing {
            server.open(TracedBackend(backend: backend, tracing: tracing))
        } else {
            server.open(backend)
        }
        server.update { $0.finish(.journal) }
        let keymanager = open(
            keymanagerServer, signer, tools, shares, retired, runtime, validators, registrations, settings, texts)
        logger.info("ready", metadata: ["signer": "\(configuration.signing.rawValue)"])
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await driver.run(restoring: snapshot) }
                group.addTask { try await housekeep(journal, chain.clock) }
                group.addTask { await instructions.run() }
                group.addTask {
                    async let watched: Void? = alive?.run { driver.post($0) }
                    await slashings.run { driver.post($0) }
                    _ = await watched
                }
                let changed: @Sendable () -> Void = { registrations.announce() }
                group.addTask { await overrides.run(changed: changed) }
                group.addTask { await watchSwitch(driver, chain.clock) }
                if let updates { group.addTask { await updates.run(changed: changed) } }
                group.addTask {
                    await events.run { node, event, isBelieved in
                        metrics.beacon.receive(event, from: beacon.nodes[node], chain.clock, at: SystemClock.now())
                        guard isBelieved else { return }
                        if case .head(let head) = event {
                            doctor.noteHead(SystemClock.now() - chain.clock.start(of: head.slot))
                        }
                        live?.receive(event, from: beacon.nodes[node])
                        slashings.receive(event, from: beacon.nodes[node].description)
                        if case .chainReorg = event { validators.forget() }
                        let changed = duties.receive(event)
                        if !changed.isEmpty { driver.post(.dutiesChanged(changed)) }
                    }
                }
                group.addTask {
                    await discovery.watch(chain, root: genesisRoot) {
                        chain.clock.currentSlot(at: SystemClock.now())
                    } onForksChanged: { forks in
                        runtime.follow(forks, exitVersion: discovery.exitVersion(of: forks))
                        hooks.forksChanged(forks)
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            server.update { $0.note(.stopping) }
            slot.set(nil)
            await keymanager?.stop()
            await tasks.stop()
            await journal.close()
            throw error
        }
        server.update { $0.note(.stopping) }
        slot.set(nil)
        await keymanager?.stop()
        await tasks.stop()
        await journal.close()
    }

    private func chainDiscovery(_ beacon: BeaconClient, _ reconnections: Reconnections) -> ChainDiscovery {
        ChainDiscovery(
            questions: .init(beacon), forkVersion: cluster.lock.definition.forkVersion, network: cluster.network,
            reconnections: reconnections, logger: topic("eth2"))
    }
}

/// Of a cluster and an operator only: what a node is made of holds secrets, and is long.
extension StyxNode: CustomStringConvertible, CustomReflectable {
    package var description: String { "node \(cluster.own) of \(cluster.lock.lockHash.hex.dropFirst(2).prefix(7))" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Holds the runtime once there is one; peers' messages before that are refused.
final class RuntimeSlot: Sendable {
    private let runtime = Mutex<NodeRuntime?>(nil)
    func set(_ runtime: NodeRuntime?) { self.runtime.withLock { $0 = runtime } }
    var current: NodeRuntime? { runtime.withLock { $0 } }

    /// The duty gate for what peers send.
    var gate: @Sendable (Duty, PeerIndex) -> Admission {
        { [self] duty, _ in
            guard let current else { return .notReady }
            let isAdmitted = Deadlines(clock: current.chain.clock).admits(duty, at: SystemClock.now())
            return isAdmitted ? .admitted : .refused(.dutyNotAdmitted(duty))
        }
    }
}
