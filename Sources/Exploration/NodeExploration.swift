/// Every order of events, commits and crashes of one node: nothing is seen outside that is not on its disk, and never
/// two different values are served, signed or broadcast for one duty.
package struct NodeExploration: Sendable {
    package struct Outcome: Sendable {
        package var name = ""
        package var states = 0
        package var transitions = 0
        /// Most steps from one of the beginnings.
        package var depth = 0
        package var beginnings = 0
        package var isComplete = true
        /// Of the states, those in which a value was served, and in which a share was sent.
        package var served = 0
        package var shared = 0
        package var broadcast = 0
        package var violations: [String] = []
    }

    private struct Step {
        let parent: Int
        let happenings: [NodeWorld.Happening]
    }

    private let world: NodeWorld

    /// - Parameter signs: whether the node signs by itself, without a validator client.
    package init(signs: Bool) { world = NodeWorld(signs: signs) }

    /// Breadth first, from a new node and from some that have come far already: from the beginning alone, a limited
    /// number of states would not go deep enough to see two shares.
    ///
    /// - Parameter statesMax: after so many the exploration ends, incomplete.
    package func run(statesMax: Int = .max) -> Outcome { run(statesMax: statesMax, pasts: [[]] + world.landmarks) }

    /// - Parameters:
    ///   - statesMax: after so many the exploration ends, incomplete.
    ///   - pasts: what has happened already where it begins.
    func run(statesMax: Int, pasts: [[NodeWorld.Happening]]) -> Outcome {
        var outcome = Outcome()
        outcome.name = world.signs ? "a node that signs by itself" : "a node with a validator client"
        outcome.beginnings = pasts.count
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
        for past in pasts {
            var first = NodeState(world)
            for happening in past { first.perform(happening) }
            add(first, Step(parent: -1, happenings: past), &frontier, &outcome)
        }
        while !frontier.isEmpty, outcome.violations.isEmpty {
            var next: [(Int, NodeState)] = []
            for (number, state) in frontier where outcome.violations.isEmpty {
                for happening in state.happenings {
                    var after = state
                    after.perform(happening)
                    outcome.transitions += 1
                    add(after, Step(parent: number, happenings: [happening]), &next, &outcome)
                }
            }
            if !next.isEmpty { outcome.depth += 1 }
            frontier = next
        }
        outcome.states = known.count
        if !outcome.violations.isEmpty { outcome.isComplete = false }
        return outcome
    }

    private static func way(to last: Int, _ steps: [Step]) -> String {
        var way: [NodeWorld.Happening] = []
        var at = last
        while at >= 0 {
            way = steps[at].happenings + way
            at = steps[at].parent
        }
        return way.enumerated().map { "  \($0.offset + 1). \($0.element)\n" }.joined()
    }
}
