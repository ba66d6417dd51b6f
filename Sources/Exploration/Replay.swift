import QBFT

/// Goes a way through the graphs once more, with one real value for each node from the beginning to the end.
struct Replay {
    private let exploration: QBFTExploration
    private var states: [LocalState]
    private var hasDiverged = false

    init(_ exploration: QBFTExploration) {
        self.exploration = exploration
        states = exploration.graphs.map { LocalState(exploration.world.configuration(of: $0.node)) }
    }

    var verdict: String {
        hasDiverged
            ? "the shipped values, run from the beginning, do not go this way"
            : "the shipped values, run from the beginning, go this way"
    }

    /// - Returns: the step in words.
    mutating func step(_ place: Int, _ move: LocalGraph.Move) -> String {
        let graph = exploration.graphs[place]
        let before = Standing(states[place])
        let wanted = graph.standings[move.to]
        let candidates = [states[place], reminded(states[place], graph, of: move.heard)]
        let afters = candidates.map { after($0, move.cause, graph) }
        if let after = afters.first(where: { Standing($0) == wanted }) {
            states[place] = after
        } else {
            hasDiverged = true
            states[place] = afters[0]
        }
        return "node \(graph.node) \(graph.name(move.cause))" + news(from: before, to: wanted, graph.node)
    }

    /// With what the node of the graph had heard, and this one need not have.
    private func reminded(_ state: LocalState, _ graph: LocalGraph, of heard: VoteSet) -> LocalState {
        var reminded = state
        for delivery in graph.deliveries where delivery.messages.count == 1 && delivery.needs.isSubset(of: heard) {
            _ = reminded.hear(delivery)
        }
        return reminded
    }

    private func after(_ state: LocalState, _ cause: LocalGraph.Cause, _ graph: LocalGraph) -> LocalState {
        var after = state
        guard case .crash(let records, let step) = cause else {
            _ = after.perform(cause, graph.deliveries)
            return after
        }
        var remains = state.remains
        if let step {
            let middle = after.perform(step, graph.deliveries)
            if middle.indices.contains(records - 1) { remains = middle[records - 1] }
        }
        let world = exploration.world
        return LocalState(world.configuration(of: graph.node), resuming: remains) { messages in
            world.needs(messages.flatMap(\.justification).compactMap { Vote($0) })
        }
    }

    private func news(from before: Standing, to after: Standing, _ node: Int) -> String {
        let said = VoteSet(bits: UInt64(after.journal & ~before.journal) << UInt64(node * Vote.count))
        var news = said.votes.map { "\($0.kind) of round \($0.round) for \($0.value)" }
        if after.decisions != before.decisions, case .decided(let value) = after.phase {
            news.append("decides \(value)")
        }
        return news.isEmpty ? "" : " → " + news.joined(separator: ", ")
    }
}
