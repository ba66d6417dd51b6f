import QBFT
import SSZ

/// Consensus alone: instances in one thread that hand each other messages, without network, disk or signatures.
enum QBFTBenchmarks {
    static func run(_ bench: inout Bench) throws {
        for nodes in [4, 7, 10] {
            try decisions(&bench, "qbft decisions by all nodes", nodes, isLeaderDown: false)
            try decisions(&bench, "qbft decisions in round 2, leader down", nodes, isLeaderDown: true)
        }
    }

    private static func decisions(_ bench: inout Bench, _ name: String, _ nodes: Int, isLeaderDown: Bool) throws {
        guard bench.wants(name) else { return }
        let cost = try bench.stopwatch.microseconds {
            var table = ConsensusTable(nodes: nodes, isLeaderDown: isLeaderDown)
            table.run()
            try require(table.decisions == nodes - (isLeaderDown ? 1 : 0), "\(table.decisions) of \(nodes) decided")
        }
        bench.record(name, n: nodes, 1_000_000 / cost, "1/s", .thread)
    }
}

/// All instances of one decision and the messages between them, first in first out.
private struct ConsensusTable {
    private var instances: [Instance]
    private var queue: [(to: Int, Message)] = []
    private let silent: Int?
    private(set) var decisions = 0
    /// As long as real ones; nobody looks at it here.
    private static let seal = [UInt8](repeating: 1, count: 65)
    private static let value = SHA256.hash([42])

    init(nodes: Int, isLeaderDown: Bool) {
        instances = (0..<nodes).map { index in
            Instance(configuration: Instance.Configuration(nodes: nodes, index: index, leaderOffset: 0))
        }
        silent = isLeaderDown ? instances[0].configuration.leader(of: 1) : nil
    }

    mutating func run() {
        tell(.start)
        tell(.input(Self.value))
        deliver()
        if silent != nil {
            tell(.timerFired(round: 1))
            deliver()
        }
    }

    private mutating func tell(_ event: Instance.Event) {
        for node in instances.indices where node != silent { perform(instances[node].receive(event)) }
    }

    private mutating func deliver() {
        var next = 0
        while next < queue.count {
            let (node, message) = queue[next]
            next += 1
            perform(instances[node].receive(.message(message)))
        }
        queue = []
    }

    private mutating func perform(_ effects: [Instance.Effect]) {
        for effect in effects {
            switch effect {
            case .broadcast(var message, prepared: _):
                message.signature = Self.seal
                for node in instances.indices where node != silent { queue.append((node, message)) }
            case .decided: decisions += 1
            case .answer, .rebroadcast, .startTimer, .stopTimer, .roundChanged, .equivocated, .refused, .inputRefused:
                break
            }
        }
    }
}
