import BeaconAPI
import BeaconClient
import Cluster
import Doctor
import DutyWorkflow
import Ethereum
import Program

/// Asks each beacon node how it is: by turns, so that an examination finds answers and waits for none.
actor BeaconRounds {
    static let every = Duration.seconds(30)
    private static let versionsEvery = Duration.seconds(600)

    private let beacon: BeaconClient
    private let forkVersion: ForkVersion?
    private let network: Network?
    private var facts: [BeaconNodeFacts]
    private var versions: [Int: (asked: Instant, answer: NodeVersions)] = [:]

    /// - Parameter forkVersion: of the lock; nil if it cannot be read.
    init(_ beacon: BeaconClient, forkVersion: ForkVersion?, network: Network?) {
        self.beacon = beacon
        self.forkVersion = forkVersion
        self.network = network
        facts = beacon.nodes.enumerated().map { place, node in
            var facts = BeaconNodeFacts(name: node.description)
            facts.isFallback = place >= beacon.primaryCount
            return facts
        }
    }

    var current: [BeaconNodeFacts] { facts }

    /// Until cancelled.
    func run() async {
        while !Task.isCancelled {
            await visitAll()
            do { try await Task.sleep(for: Self.every) } catch { return }
        }
    }

    func visitAll() async {
        await withTaskGroup(of: Void.self) { group in
            for node in facts.indices { group.addTask { await self.visit(node) } }
        }
    }

    private func visit(_ node: Int) async {
        var found = BeaconNodeFacts(name: facts[node].name)
        found.isFallback = facts[node].isFallback
        do throws(BeaconError) {
            let asked = SystemClock.now()
            let checkup = try await beacon.checkup(of: node)
            let answered = SystemClock.now()
            let syncing = checkup.syncing
            found.state =
                syncing.isSyncing ? .syncing(behind: syncing.syncDistance) : .following(behind: syncing.syncDistance)
            found.head = syncing.headSlot.rawValue
            found.isExecutionOffline = syncing.isExecutionOffline
            found.isOptimistic = syncing.isOptimistic
            found.peers = checkup.peers
            // It is cut to whole seconds.
            found.clockOffset = checkup.date.flatMap { HTTPDate.parse($0) }
                .map { $0 + Duration.milliseconds(500) - (asked + (answered - asked) / 2) }
            if let forkVersion {
                let genesis = try await beacon.genesis(of: node)
                let verdict = GenesisVerdict([(node, genesis)], forkVersion: forkVersion, network: network)
                if let why = verdict.foreign.first?.why { found.state = .foreign(why) }
            }
            if versions[node].map({ answered - $0.asked > Self.versionsEvery }) ?? true {
                let answer = try await beacon.versions(of: node)
                versions[node] = (answered, answer)
            }
            found.version = versions[node].map { MetricLabels.printable($0.answer.beaconNode) }
            found.executionVersion = versions[node]?.answer.executionClient.map { MetricLabels.printable($0) }
        } catch {
            guard error.cause != .cancelled else { return }
            // What answered before it failed stays.
            found.state = found.state ?? .unreachable("\(error.cause)")
        }
        facts[node] = found
    }
}
