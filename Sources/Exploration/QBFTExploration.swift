import QBFT

/// All states that three honest nodes and a Byzantine one can reach together, breadth first.
///
/// A state is a standing of each honest node. What has been said, and so may be heard, follows from it.
package struct QBFTExploration: Sendable {
    /// What was found, for people and for the last line.
    package struct Outcome: Sendable {
        package var name = ""
        package var states = 0
        package var transitions = 0
        package var isComplete = true
        package var standings: [Int] = []
        package var trials = 0
        package var isSymmetric = false
        /// States from which an honest, synchronous continuation was run.
        package var continued = 0
        /// Steps of random lives that the graphs were compared with.
        package var compared = 0
        /// Steps of random walks of the whole cluster that stayed within what was explored.
        package var walked = 0
        /// Of the states, those in which somebody has decided, and in which all have.
        package var decidedBySome = 0
        package var decidedByAll = 0
        package var violations: [String] = []
        package init() {}
    }

    package typealias State = UInt64
    private static let bits: UInt64 = 21

    let world: World
    let graphs: [LocalGraph]
    private let symmetries: [Symmetry]
    private let said: [[VoteSet]]
    private let isFaulty: [[Bool]]

    /// - Parameters:
    ///   - byzantine: 0 ..< 4; node 1 leads round 1, node 2 round 2.
    ///   - rounds: 1 or 2.
    ///   - reducesSymmetry: whether states that differ in names only count once.
    package init(byzantine: Int, rounds: Int64, reducesSymmetry: Bool = true) {
        let world = World(byzantine: byzantine, rounds: rounds)
        self.world = world
        let graphs = world.honest.map { LocalGraph(world, node: $0) }
        self.graphs = graphs
        symmetries = reducesSymmetry ? Symmetry.all(of: graphs, world) : []
        said = graphs.map { graph in (0..<graph.count).map { graph.said($0) } }
        isFaulty = graphs.map { graph in (0..<graph.count).map { graph.fault($0) != nil } }
    }

    package static func roles(_ byzantine: Int) -> String {
        switch byzantine {
        case 1: "the Byzantine node leads round 1"
        case 2: "the Byzantine node leads round 2"
        case 0: "the Byzantine node leads neither round, and is the first by number"
        default: "the Byzantine node leads neither round, and is the last by number"
        }
    }

    // MARK: States

    private func pack(_ ids: (Int, Int, Int)) -> State {
        UInt64(ids.0) | UInt64(ids.1) << Self.bits | UInt64(ids.2) << (2 * Self.bits)
    }

    func ids(_ state: State) -> [Int] {
        let mask: UInt64 = (1 << Self.bits) - 1
        return [
            Int(state & mask), Int(state >> Self.bits & mask), Int(state >> (2 * Self.bits) & mask),
        ]
    }

    /// As it stands in the table.
    func state(_ ids: [Int]) -> State { canonical(pack((ids[0], ids[1], ids[2]))) }

    func said(in state: State) -> VoteSet {
        let ids = ids(state)
        return said[0][ids[0]].union(said[1][ids[1]]).union(said[2][ids[2]])
    }

    private func canonical(_ state: State) -> State {
        symmetries.reduce(state) { min($0, $1.apply(ids(state), pack)) }
    }

    func forEachSuccessor(of state: State, _ body: (State, _ place: Int, LocalGraph.Move) -> Void) {
        let ids = ids(state)
        let all = said(in: state)
        for place in 0..<3 {
            let shift = UInt64(place) * Self.bits
            let rest = state & ~(((1 << Self.bits) - 1) << shift)
            for move in graphs[place].moves[ids[place]] where move.needs.isSubset(of: all) {
                body(rest | UInt64(move.to) << shift, place, move)
            }
        }
    }

    /// What must never be.
    func violation(in state: State) -> String? {
        let ids = ids(state)
        var decisions: UInt8 = 0
        for place in 0..<3 {
            decisions |= graphs[place].standings[ids[place]].decisions
            guard isFaulty[place][ids[place]], let fault = graphs[place].fault(ids[place]) else { continue }
            return "node \(graphs[place].node): \(fault)"
        }
        return decisions == 3 ? "two honest nodes have decided, one A and one B" : nil
    }

    // MARK: Running

    /// - Parameters:
    ///   - statesMax: after so many the exploration ends, incomplete.
    ///   - continuations: states from which the cluster is run on without faults, spread over all of them.
    ///   - lives: random lives of each node that are compared with its graph.
    ///   - walks: random walks of the cluster that are compared with what was explored, if that is complete.
    package func run(
        statesMax: Int = .max, continuations: Int = 2000, lives: Int = 200, walks: Int = 1000, seed: UInt64 = 1
    ) -> Outcome {
        var outcome = Outcome()
        outcome.name = "\(world.rounds == 1 ? "round 1" : "rounds 1 and 2"), \(Self.roles(world.byzantine))"
        outcome.standings = graphs.map(\.count)
        outcome.trials = graphs.reduce(0) { $0 + $1.trials }
        outcome.isSymmetric = !symmetries.isEmpty
        var table = StateTable()
        var frontier: [State] = [0]
        _ = table.insert(0, from: 0)
        // Every so many-th state is continued; doubled when they become too many.
        var stride: UInt64 = 1
        var sample: [State] = []
        while !frontier.isEmpty, outcome.violations.isEmpty {
            var next: [State] = []
            for state in frontier {
                note(state, &outcome)
                if continuations > 0, Self.spread(state) % stride == 0 { sample.append(state) }
                if sample.count > 2 * continuations {
                    stride *= 2
                    sample.removeAll { Self.spread($0) % stride != 0 }
                }
                if let violation = violation(in: state) {
                    outcome.violations.append(explain(violation, state, table))
                    break
                }
                forEachSuccessor(of: state) { after, _, _ in
                    outcome.transitions += 1
                    let after = canonical(after)
                    if table.count < statesMax {
                        if table.insert(after, from: state) { next.append(after) }
                    } else {
                        outcome.isComplete = false
                    }
                }
            }
            frontier = next
        }
        outcome.states = table.count
        guard outcome.violations.isEmpty else {
            outcome.isComplete = false
            return outcome
        }
        for state in sample {
            outcome.continued += 1
            guard let fault = Continuation(self, state).fault() else { continue }
            outcome.violations.append(explain(fault, state, table))
            break
        }
        for graph in graphs {
            let comparison = LifeComparison(graph).run(lives: lives, seed: seed)
            outcome.compared += comparison.steps
            outcome.violations += comparison.differences.prefix(1)
        }
        if outcome.isComplete {
            let walk = ClusterWalk(self, table.contains).run(walks: walks, seed: seed)
            outcome.walked = walk.steps
            outcome.violations += walk.violation.map { [$0] } ?? []
        }
        return outcome
    }

    private static func spread(_ state: State) -> UInt64 {
        let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 27)
    }

    private func note(_ state: State, _ outcome: inout Outcome) {
        let ids = ids(state)
        let decided = (0..<3).count { graphs[$0].standings[ids[$0]].decisions != 0 }
        outcome.decidedBySome += decided > 0 ? 1 : 0
        outcome.decidedByAll += decided == 3 ? 1 : 0
    }

    // MARK: Counterexamples

    /// The shortest way to a state, and whether the shipped values go it.
    private func explain(_ violation: String, _ state: State, _ table: StateTable) -> String {
        var way = [state]
        while let parent = table.parent(of: way[way.count - 1]) { way.append(parent) }
        way.reverse()
        // What the table holds are representatives: find the real states from the beginning.
        var real = way[0]
        var replay = Replay(self)
        var lines: [String] = []
        for wanted in way.dropFirst() {
            var found: (State, Int, LocalGraph.Move)?
            forEachSuccessor(of: real) { after, place, move in
                if found == nil, canonical(after) == wanted { found = (after, place, move) }
            }
            guard let (after, place, move) = found else { break }
            lines.append(replay.step(place, move))
            real = after
        }
        return "\(violation)\n" + lines.enumerated().map { "  \($0.offset + 1). \($0.element)\n" }.joined()
            + "  \(replay.verdict)"
    }
}
