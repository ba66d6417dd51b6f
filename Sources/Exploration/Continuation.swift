import QBFT

/// From a state on, the honest nodes alone and a network that works: three are a quorum, so all must decide, and the
/// same. All messages sent before are lost, and the Byzantine node is silent from now on.
struct Continuation {
    /// Rounds after which a cluster of four must have had an honest leader twice.
    private static let timeoutsMax = 12

    private let exploration: QBFTExploration
    private let state: QBFTExploration.State

    init(_ exploration: QBFTExploration, _ state: QBFTExploration.State) {
        self.exploration = exploration
        self.state = state
    }

    /// Why not; nil if they do.
    func fault() -> String? {
        let said = exploration.said(in: state)
        let ids = exploration.ids(state)
        var nodes: [LocalState] = []
        for (graph, id) in zip(exploration.graphs, ids) {
            guard let example = graph.example(id, within: said) else {
                return "no real state of node \(graph.node) has this standing with what was said"
            }
            nodes.append(example)
        }
        var sent = nodes.map(\.journal.count)
        for i in nodes.indices { _ = nodes[i].perform(.input(Choice.a.root)) }
        deliver(&nodes, &sent)
        for _ in 0..<Self.timeoutsMax {
            let late = nodes.indices.filter { !isDecided(nodes[$0]) }
            guard let round = late.map({ nodes[$0].instance.round }).min() else { break }
            for i in late where nodes[i].instance.round == round { _ = nodes[i].perform(.timerFired(round: round)) }
            deliver(&nodes, &sent)
        }
        let decisions = nodes.reduce(0) { $0 | $1.decisions }
        if let fault = nodes.lazy.compactMap(\.fault).first { return "in the synchronous continuation: \(fault)" }
        guard nodes.allSatisfy({ isDecided($0) }) else {
            return "in the synchronous continuation not all decide: \(nodes.map { "round \($0.instance.round)" })"
        }
        return decisions == 3 ? "in the synchronous continuation nodes decide differently" : nil
    }

    private func isDecided(_ node: LocalState) -> Bool {
        if case .decided = Standing(node).phase { true } else { false }
    }

    /// What is new goes to everybody, until nothing is.
    private func deliver(_ nodes: inout [LocalState], _ sent: inout [Int]) {
        let places = exploration.graphs.map(\.node)
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for from in nodes.indices {
                let new = nodes[from].journal[sent[from]...]
                sent[from] = nodes[from].journal.count
                let answers = nodes[from].takeAnswers()
                for record in new {
                    isQuiet = false
                    let message = record.kind == .commit ? record.bare : record
                    for to in nodes.indices where to != from { _ = nodes[to].perform(.message(message)) }
                }
                for (answer, asker) in answers {
                    guard let to = places.firstIndex(of: asker) else { continue }
                    isQuiet = false
                    _ = nodes[to].perform(.message(answer))
                }
            }
        }
    }
}
