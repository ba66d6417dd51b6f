/// Every order of events, commits and crashes of one node: nothing is seen outside that is not on its disk, and never
/// two different values are served, signed or broadcast for one duty.
package struct NodeExploration: Sendable {
    package struct Outcome: Sendable {
        package var name = ""
        package var states = 0
        package var transitions = 0
        package var depth = 0
        package var isComplete = true
        /// Of the states, those in which a value was served, and in which a share was sent.
        package var served = 0
        package var shared = 0
        package var broadcast = 0
        package var violations: [String] = []
    }

    private struct Step {
        let parent: Int
        let happening: NodeWorld.Happening?
    }

    private let world: NodeWorld

    /// - Parameter signs: whether the node signs by itself, without a validator client.
    package init(signs: Bool) { world = NodeWorld(signs: signs) }

    /// - Parameter statesMax: after so many the exploration ends, incomplete.
    package func run(statesMax: Int = .max) -> Outcome { run(statesMax: statesMax, past: []) }

    /// - Parameters:
    ///   - statesMax: after so many the exploration ends, incomplete.
    ///   - past: what has happened already where it begins.
    func run(statesMax: Int, past: [NodeWorld.Happening]) -> Outcome {
        var outcome = Outcome()
        outcome.name = world.signs ? "a node that signs by itself" : "a node with a validator client"
        var known: Set<Fingerprint> = []
        var steps: [Step] = []
        var frontier: [(Int, NodeState)] = []
        func add(_ state: NodeState, _ step: Step, _ next: inout [(Int, NodeState)], _ outcome: inout Outcome) {
            guard known.count < statesMax else { return outcome.isComplete = false }
            guard known.insert(state.fingerprint).inserted else { return }
            steps.append(step)
            outcome.served += state.seen.served.isEmpty ? 0 : 1
            outcome.shared += state.seen.shared.isEmpty ? 0 : 1
            outcome.broadcast += state.seen.broadcast.isEmpty ? 0 : 1
            if let fault = state.fault {
                outcome.violations.append(fault + "\n" + Self.way(to: steps.count - 1, steps))
            }
            next.append((steps.count - 1, state))
        }
        var first = NodeState(world)
        for happening in past { first.perform(happening) }
        add(first, Step(parent: -1, happening: nil), &frontier, &outcome)
        while !frontier.isEmpty, outcome.violations.isEmpty {
            var next: [(Int, NodeState)] = []
            for (number, state) in frontier where outcome.violations.isEmpty {
                for happening in state.happenings {
                    var after = state
                    after.perform(happening)
                    outcome.transitions += 1
                    add(after, Step(parent: number, happening: happening), &next, &outcome)
                }
            }
            if !next.isEmpty { outcome.depth += 1 }
            frontier = next
        }
        outcome.states = known.count
        return outcome
    }

    private static func way(to last: Int, _ steps: [Step]) -> String {
        var lines: [String] = []
        var at = last
        while at > 0 {
            if let happening = steps[at].happening { lines.append("\(happening)") }
            at = steps[at].parent
        }
        return lines.reversed().enumerated().map { "  \($0.offset + 1). \($0.element)\n" }.joined()
    }
}
