import BeaconClient
import Cluster
import Doctor
import DutyWorkflow
import Ethereum
import Libp2p
import Monitoring
import PeerProtocols
import Program
import RemoteSigner
import Storage

/// The doctor's rounds, the health rules, and the pages that tell of them.
extension StyxNode {
    /// Between two examinations until the chain tells its slots, and at most.
    private static let lookEvery = Duration.seconds(12)
    /// Peers and beacon nodes need a moment to answer after the start.
    private static let firstLook = Duration.seconds(6)
    private static let sampleEvery = Duration.seconds(30)
    /// What a peer said longer ago says nothing about its clock.
    private static let reportAgeMax = Duration.seconds(180)

    /// Until cancelled.
    func watchHealth(
        _ host: Host, _ peerInfo: PeerInfoProtocol, _ beacon: BeaconClient, _ signers: SignerClient?
    ) async {
        let rounds = BeaconRounds(beacon, forkVersion: cluster.lock.definition.forkVersion, network: cluster.network)
        await withDiscardingTaskGroup { group in
            group.addTask { await rounds.run() }
            group.addTask { await sampleHealth() }
            group.addTask { await feelLoop(host) }
            group.addTask { await watchClients() }
            group.addTask {
                var pause = Self.firstLook
                while (try? await Task.sleep(for: pause)) != nil {
                    await look(host, peerInfo, rounds, signers, failing: doctor.failing)
                    pause = min(Self.lookEvery, doctor.clock?.slotDuration ?? Self.lookEvery)
                }
            }
        }
    }

    /// The health rules, every 30 s.
    private func sampleHealth() async {
        let (metrics, validators) = (monitoring.metrics, cluster.lock.validators.count)
        var watch = HealthWatch(peersNeeded: cluster.threshold - 1)
        while (try? await Task.sleep(for: Self.sampleEvery)) != nil {
            metrics.process.collect()
            watch.take(HealthSample(metrics.registry.metrics, validators: validators))
            metrics.health.note(watch)
            doctor.note(failing: watch.failing)
        }
    }

    /// Once a second: how long a closure waits for the event loop.
    private func feelLoop(_ host: Host) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let start = ContinuousClock.now
            host.loop.execute { [doctor] in doctor.noteLoop(start.duration(to: .now)) }
        }
    }

    private func look(
        _ host: Host, _ peerInfo: PeerInfoProtocol, _ rounds: BeaconRounds, _ signers: SignerClient?,
        failing: Set<HealthRule>
    ) async {
        var facts = Facts()
        facts.failing = failing
        facts.node.lockWarnings = cluster.warnings
        facts.node.listens = !configuration.p2pTCPAddresses.isEmpty
        facts.node.usesBuilder = configuration.usesBuilder
        facts.machine.journalPath = configuration.journalFile
        facts.machine.freeBytes = MachineProbe.freeBytes(at: configuration.journalFile)
        facts.machine.memory = MachineProbe.memory()
        facts.machine.files = MachineProbe.files()
        facts.beaconNodes = await rounds.current
        facts.peersNeeded = cluster.threshold - 1
        let now = SystemClock.now()
        facts.peers = peerFacts(await host.status(), peerInfo.snapshot, at: now)
        facts.relays = relayFacts(await host.relayStatus())
        if let signers { await ask(signers, &facts) }
        doctor.complete(
            &facts, signs: configuration.signing != .off, mayLack: !configuration.keymanagerAddress.isEmpty,
            keys: cluster.keys, at: now)
        if !Task.isCancelled { doctor.examine(facts, at: now) }
    }

    private func peerFacts(
        _ statuses: [PeerStatus], _ reports: [PeerIndex: PeerReport], at now: Instant
    ) -> [PeerFacts] {
        let byPeer = Dictionary(statuses.map { ($0.peer, $0) }, uniquingKeysWith: { first, _ in first })
        return cluster.directory.others.map { index in
            var facts = PeerFacts(index)
            let status = byPeer[cluster.directory[index]]
            facts.isConnected = status?.isConnected ?? false
            facts.lastFailure = status?.lastFailure.map { "\($0)" }
            guard let report = reports[index] else { return facts }
            facts.nickname = report.nickname
            facts.version = report.version
            facts.isSupported = report.isSupported
            guard report.isSupported else { return facts }
            facts.isSameCluster = report.lockHashMatches
            facts.usesBuilder = report.builderAPI
            if now - report.receivedAt < Self.reportAgeMax { facts.clockOffset = report.clockOffset }
            return facts
        }
    }

    private func relayFacts(_ statuses: [RelayStatus]) -> [RelayFacts] {
        guard statuses.isEmpty else {
            return statuses.map {
                RelayFacts(
                    name: "\($0.relay)", isReserved: $0.reservedUntil != nil,
                    problem: $0.problem ?? $0.lastFailure.map { "\($0)" })
            }
        }
        let sources = RelayList(configuration.p2pRelays).sources.count
        return (0..<sources).map {
            RelayFacts(
                name: "\($0 + 1) of --p2p-relays", isReserved: false, problem: "its URL does not tell its address")
        }
    }

    private func ask(_ signers: SignerClient, _ facts: inout Facts) async {
        let inventory = SignerInventory(signers.lists, keys: cluster.keys)
        let health = await signers.health()
        live?.note(health)
        facts.signers = health.map { SignerFacts(name: $0, $1) }
        // Until all signers told their keys nothing is known to be missing.
        facts.shares = ShareFacts(total: inventory.total, missing: [], areRemote: true)
        for finding in inventory.findings {
            switch finding {
            case .missing(let validators, let total):
                facts.shares = ShareFacts(total: total, missing: validators.map { $0.hex }, areRemote: true)
            case .nothing(let total):
                facts.shares = ShareFacts(total: total, missing: cluster.keys.pubKeys.map { $0.hex }, areRemote: true)
            case .foreign(let signer, let owner, let count):
                for place in facts.signers.indices where facts.signers[place].name == signer {
                    facts.signers[place].foreign.append((owner, count))
                }
            }
        }
    }

    /// Pages of `--debug-address`, beside those about peers.
    var doctorPages: [String: Page.Maker] {
        let journal = CachedPage(keptFor: .seconds(10)) { [doctor] in await Self.journalPage(doctor.journal) }
        let tasks = CachedPage { [doctor, threads] in
            let profile = OwnProfile(loopDelays: doctor.loopDelays, waiting: threads.waiting)
            return Page(json: profile.json.text(indent: "  ") + "\n")
        }
        return [
            "/debug/doctor": { [doctor] in Page(json: doctor.report.json.text(indent: "  ") + "\n") },
            "/debug/consensus": { [recorder] in
                await recorder?.page() ?? Page(status: 404, text: "nothing is recorded\n")
            },
            "/debug/journal": { await journal.page() },
            "/debug/tasks": { await tasks.page() },
        ]
    }

    private static func journalPage(_ journal: Journal?) async -> Page {
        guard let journal else {
            return Page(status: 503, text: "the journal is not open yet: this node waits for its beacon node\n")
        }
        do throws(JournalError) {
            return Page(json: JournalView(state: try await journal.inspect()).json.text(indent: "  ") + "\n")
        } catch {
            return Page(status: 503, text: "\(error)\n")
        }
    }
}
