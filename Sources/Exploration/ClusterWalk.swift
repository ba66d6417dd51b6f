import QBFT
import Timing

/// Random walks of three real nodes, with real messages, against the states that were explored.
///
/// The exploration joins graphs of single nodes, leaves out what nodes have kept, and takes states that differ in names
/// for one. Here each node keeps what it heard, from the beginning to the end, and hears the very messages that the others
/// sent, and what the Byzantine node can make at that moment; wherever the cluster comes, the exploration must have been.
struct ClusterWalk {
    struct Result {
        var steps = 0
        var violation: String?
    }

    private static let stepsMax = 80
    private let exploration: QBFTExploration
    /// For each place all that the Byzantine node can bring about, by kind.
    private let byKind: [[[Delivery]]]
    private let contains: (QBFTExploration.State) -> Bool

    init(_ exploration: QBFTExploration, _ contains: @escaping (QBFTExploration.State) -> Bool) {
        self.exploration = exploration
        self.contains = contains
        let claims = [exploration.world.claimsOfThisRound].filter { !$0.isEmpty }
        byKind = exploration.graphs.map { LifeComparison($0).byKind + claims }
    }

    func run(walks: Int, seed: UInt64) -> Result {
        var result = Result()
        for walk in 0..<walks where result.violation == nil {
            var random = SplitMix64(seed: seed &* 7_000_003 &+ UInt64(walk))
            self.walk(&result, &random)
        }
        return result
    }

    private func walk(_ result: inout Result, _ random: inout SplitMix64) {
        var nodes = exploration.graphs.map { LocalState(exploration.world.configuration(of: $0.node)) }
        // The first standing of each graph is that of a new node.
        var ids = nodes.map { _ in 0 }
        var way: [String] = []
        for _ in 0..<Self.stepsMax {
            let place = nodes.indices.randomElement(using: &random) ?? 0
            guard let step = step(place, &nodes, &random) else { continue }
            way.append("node \(exploration.graphs[place].node) \(step)")
            result.steps += 1
            guard let fault = fault(nodes, place, &ids) else { continue }
            result.violation =
                fault + "\n" + way.enumerated().map { "  \($0.offset + 1). \($0.element)\n" }.joined()
                + "  the shipped values, message by message, went this way"
            return
        }
    }

    /// In words; nil if nothing could be done.
    private func step(_ place: Int, _ nodes: inout [LocalState], _ random: inout SplitMix64) -> String? {
        let graph = exploration.graphs[place]
        var remains = nodes[place].remains
        var name: String?
        switch Int.random(in: 0..<24, using: &random) {
        case 0: name = "does nothing"
        case 1 where nodes[place].instance.round < exploration.world.rounds:
            remains = nodes[place].perform(.timer, graph.deliveries).randomElement(using: &random) ?? remains
            name = graph.name(.timer)
        case 2, 3:
            guard graph.world.leads(graph.node) else { return nil }
            let value = Bool.random(using: &random) ? Choice.a : .b
            remains = nodes[place].perform(.input(value), graph.deliveries).randomElement(using: &random) ?? remains
            name = graph.name(.input(value))
        default:
            guard let delivery = message(to: place, nodes, &random) else { return nil }
            remains = nodes[place].hear(delivery).randomElement(using: &random) ?? remains
            name = "hears \(delivery.name)"
        }
        guard name == "does nothing" || Int.random(in: 0..<20, using: &random) == 0 else { return name }
        nodes[place] = graph.resume(remains)
        return name.map { "\($0), crashes with \(remains.journal.count) records on disk, and starts again" }
    }

    /// What somebody sent, or what the Byzantine node can make of all that was sent.
    private func message(to place: Int, _ nodes: [LocalState], _ random: inout SplitMix64) -> Delivery? {
        if Bool.random(using: &random) {
            guard let sender = nodes.indices.randomElement(using: &random),
                let record = nodes[sender].journal.randomElement(using: &random)
            else { return nil }
            let message = record.kind == .commit ? record.bare : record
            return exploration.world.delivery([message], Vote(message).map { "\($0)" } ?? "\(message)")
        }
        let said = nodes.reduce(VoteSet()) { set, node in
            node.journal.reduce(set) { $0.union(Vote($1)?.set ?? VoteSet()) }
        }
        for _ in 0..<16 {
            guard let delivery = byKind[place].randomElement(using: &random)?.randomElement(using: &random) else {
                return nil
            }
            if delivery.needs.isSubset(of: said) { return delivery }
        }
        return nil
    }

    /// - Parameter ids: of the standings of all nodes; the one at `place` is looked up again.
    private func fault(_ nodes: [LocalState], _ place: Int, _ ids: inout [Int]) -> String? {
        if let fault = nodes[place].fault { return fault }
        let standing = Standing(nodes[place])
        let graph = exploration.graphs[place]
        guard let id = graph.id(of: standing) else {
            return "node \(graph.node) came to a standing that its graph does not have: \(standing)"
        }
        guard id != ids[place] else { return nil }
        ids[place] = id
        let state = exploration.state(ids)
        if let violation = exploration.violation(in: state) { return violation }
        return contains(state) ? nil : "the cluster came to a state that was not explored"
    }
}
