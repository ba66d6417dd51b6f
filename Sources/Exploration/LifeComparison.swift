import QBFT
import Timing

/// Random lives of one node, message by message, against its graph.
///
/// The graph rests on two simplifications: messages come together when together they have an effect, and what a node has
/// kept is no part of its standing. Here single messages come in any order, before and after the start, again and again;
/// whatever the shipped value then does, the graph must be able to do with no more than what has been said so far.
struct LifeComparison {
    struct Result {
        var steps = 0
        var differences: [String] = []
    }

    private static let eventsMax = 40
    private let graph: LocalGraph
    /// Single messages.
    let byKind: [[Delivery]]

    init(_ graph: LocalGraph) {
        self.graph = graph
        let single = graph.deliveries.flatMap { delivery in
            delivery.messages.map { message in
                let votes = ([message.bare] + message.justification).compactMap { Vote($0) }
                return Delivery(messages: [message], needs: graph.world.needs(votes), name: Self.name(message))
            }
        }
        byKind = Message.Kind.allCases.map { kind in single.filter { $0.messages[0].kind == kind } }
            .filter { !$0.isEmpty }
    }

    private static func name(_ message: Message) -> String {
        let bare = "\(message.kind) of round \(message.round) by node \(message.source)"
        let what = Vote(message).map { "\($0)" } ?? bare
        return message.justification.isEmpty ? what : what + " with \(message.justification.compactMap { Vote($0) })"
    }

    func run(lives: Int, seed: UInt64) -> Result {
        var result = Result()
        for life in 0..<lives where result.differences.isEmpty {
            var random = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(life) &* 7 &+ UInt64(graph.node))
            live(&result, &random)
        }
        return result
    }

    private func live(_ result: inout Result, _ random: inout SplitMix64) {
        let configuration = graph.world.configuration(of: graph.node)
        var state = LocalState(configuration, isStarted: false)
        var known = VoteSet()
        for _ in 0..<Int.random(in: 0..<6, using: &random) { hear(&state, &known, &random) }
        _ = state.perform(.start)
        var at = 0
        for _ in 0..<Self.eventsMax {
            // What follows upon what must never be, the graph does not have either.
            guard state.fault == nil else { return }
            let standing = Standing(state)
            guard let next = graph.id(of: standing), isReachable(next, from: at, known) else {
                result.differences.append(
                    "node \(graph.node) came, message by message, to a standing that its graph does not have there: "
                        + "\(standing)")
                return
            }
            result.steps += 1
            at = next
            switch Int.random(in: 0..<24, using: &random) {
            case 0:
                state = LocalState(configuration, resuming: state.remains) { _ in VoteSet() }
            case 1 where state.instance.round < graph.world.rounds:
                _ = state.perform(.timerFired(round: state.instance.round))
            case 2, 3:
                guard graph.world.leads(graph.node) else { continue }
                _ = state.perform(.input((Bool.random(using: &random) ? Choice.a : .b).root))
            default: hear(&state, &known, &random)
            }
        }
    }

    /// One message that can exist beside all those that came before.
    private func hear(_ state: inout LocalState, _ known: inout VoteSet, _ random: inout SplitMix64) {
        let own = state.journal.compactMap { Vote($0) }.reduce(VoteSet()) { $0.union($1.set) }
        for _ in 0..<16 {
            guard let delivery = byKind.randomElement(using: &random)?.randomElement(using: &random) else { return }
            let all = known.union(delivery.needs)
            guard !all.hasContradiction, delivery.needs.intersection(.all(of: graph.node)).isSubset(of: own) else {
                continue
            }
            known = all
            _ = state.hear(delivery)
            return
        }
    }

    private func isReachable(_ wanted: Int, from start: Int, _ known: VoteSet) -> Bool {
        var seen: Set<Int> = [start]
        var open = [start]
        while let id = open.popLast() {
            if id == wanted { return true }
            for move in graph.moves[id] where move.needs.isSubset(of: known) && seen.insert(move.to).inserted {
                open.append(move.to)
            }
        }
        return false
    }
}
