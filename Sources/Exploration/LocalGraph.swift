import QBFT

/// Everything that one honest node can do, whatever the others do: its standings, and what leads from one to another.
///
/// The shipped instance is run once for each standing and delivery. A move says which honest votes must exist before it
/// can be made; the whole cluster is then a product of these graphs.
struct LocalGraph: Sendable {
    enum Cause: Hashable, Sendable {
        case delivery(Int)
        case input(Choice)
        case timer
        /// After so many records of the step that this cause names; nil: between two steps.
        indirect case crash(after: Int, of: Cause?)
    }

    struct Move: Sendable {
        let needs: VoteSet
        let to: Int
        let cause: Cause
        /// The honest votes that the node held when it was made.
        let heard: VoteSet
    }

    let world: World
    let node: Int
    let deliveries: [Delivery]
    private(set) var standings: [Standing] = []
    private(set) var moves: [[Move]] = []
    /// Real states of each standing: none of them holds all that another holds.
    private(set) var examples: [[LocalState]] = []
    private var ids: [Standing: Int] = [:]
    /// Deliveries, timers, inputs and crashes that were tried on the shipped value.
    private(set) var trials = 0

    init(_ world: World, node: Int) {
        self.world = world
        self.node = node
        deliveries = world.deliveries(to: node)
        var open: [(id: Int, state: LocalState)] = []
        let first = LocalState(world.configuration(of: node))
        _ = add(first, &open)
        var next = 0
        while next < open.count {
            let (id, state) = open[next]
            next += 1
            expand(id, state, &open)
        }
    }

    var count: Int { standings.count }
    var moveCount: Int { moves.reduce(0) { $0 + $1.count } }

    func id(of standing: Standing) -> Int? { ids[standing] }

    /// What the node has said.
    func said(_ id: Int) -> VoteSet {
        VoteSet(bits: UInt64(standings[id].journal) << UInt64(node * Vote.count))
    }

    /// What must never be, of one node alone.
    func fault(_ id: Int) -> String? { examples[id].lazy.compactMap(\.fault).first }

    /// A real state whose messages all exist.
    func example(_ id: Int, within said: VoteSet) -> LocalState? {
        examples[id].first { $0.heard.isSubset(of: said) }
    }

    func name(_ cause: Cause) -> String {
        switch cause {
        case .delivery(let index): "hears \(deliveries[index].name)"
        case .input(let value): "has its own value: \(value)"
        case .timer: "runs out of time in round 1"
        case .crash(_, nil): "crashes and starts again"
        case .crash(let records, let cause?):
            "\(name(cause)), crashes with \(records) records of that on disk, and starts again"
        }
    }

    // MARK: Private parts, in call order

    private mutating func add(_ found: LocalState, _ open: inout [(id: Int, state: LocalState)]) -> Int {
        let standing = Standing(found)
        let id: Int
        if let known = ids[standing] {
            id = known
        } else {
            id = standings.count
            ids[standing] = id
            standings.append(standing)
            moves.append([])
            examples.append([])
        }
        if examples[id].contains(where: { $0.heard.isSubset(of: found.heard) }) { return id }
        let state = leanest(found, standing)
        examples[id].removeAll { state.heard.isSubset(of: $0.heard) }
        examples[id].append(state)
        open.append((id, state))
        return id
    }

    /// The node with as few messages kept as it can have: the one that crashed and came back, if it stands where the other
    /// one does. What both do not share can be heard again.
    private func leanest(_ state: LocalState, _ standing: Standing) -> LocalState {
        guard state.fault == nil else { return state }
        var resumed = resume(state.remains)
        if standing.input != .none { _ = resumed.perform(.input(standing.input.root)) }
        return Standing(resumed) == standing && resumed.heard.isSubset(of: state.heard) ? resumed : state
    }

    func resume(_ remains: LocalState.Remains) -> LocalState {
        LocalState(world.configuration(of: node), resuming: remains) { [world] messages in
            world.needs(messages.flatMap(\.justification).compactMap { Vote($0) })
        }
    }

    private mutating func expand(_ id: Int, _ state: LocalState, _ open: inout [(id: Int, state: LocalState)]) {
        // A node that contradicts itself is found: what follows is of no interest.
        guard state.fault == nil else { return }
        crash(id, state.remains, VoteSet(), .crash(after: 0, of: nil), &open)
        for (cause, needs) in causes(state) {
            var after = state
            let middle = after.perform(cause, deliveries)
            trials += 1
            // What it has kept is no part of its standing.
            if after.differsInBufferOnly(from: state) { continue }
            let needed = needs.union(state.heard)
            for (count, remains) in middle.enumerated() {
                crash(id, remains, needed, .crash(after: count + 1, of: cause), &open)
            }
            link(id, add(after, &open), needed, cause, state.heard)
        }
    }

    /// What can happen to a node now.
    func causes(_ state: LocalState) -> [(Cause, VoteSet)] {
        // A node that decided only answers.
        if case .decided = Standing(state).phase { return [] }
        var causes: [(Cause, VoteSet)] = []
        if world.leads(node) { causes += Choice.values.map { (.input($0), VoteSet()) } }
        if state.instance.round < world.rounds { causes.append((.timer, VoteSet())) }
        let own = VoteSet(
            bits: state.journal.compactMap { Vote($0) }.reduce(0) { $0 | $1.set.bits })
        for (index, delivery) in deliveries.enumerated() {
            // What names a vote of ours that we did not make cannot be.
            guard delivery.needs.intersection(.all(of: node)).isSubset(of: own),
                !delivery.needs.union(state.heard).hasContradiction
            else { continue }
            causes.append((.delivery(index), delivery.needs))
        }
        return causes
    }

    private mutating func crash(
        _ id: Int, _ remains: LocalState.Remains, _ needs: VoteSet, _ cause: Cause,
        _ open: inout [(id: Int, state: LocalState)]
    ) {
        trials += 1
        link(id, add(resume(remains), &open), needs, cause, needs)
    }

    private mutating func link(_ from: Int, _ to: Int, _ needs: VoteSet, _ cause: Cause, _ heard: VoteSet) {
        guard from != to else { return }
        // Our own are there.
        let others = needs.subtracting(.all(of: node))
        if moves[from].contains(where: { $0.to == to && $0.needs.isSubset(of: others) }) { return }
        moves[from].removeAll { $0.to == to && others.isSubset(of: $0.needs) }
        moves[from].append(Move(needs: others, to: to, cause: cause, heard: heard))
    }
}

extension LocalState {
    mutating func perform(_ cause: LocalGraph.Cause, _ deliveries: [Delivery]) -> [Remains] {
        switch cause {
        case .delivery(let index): hear(deliveries[index])
        case .input(let value): perform(.input(value.root))
        case .timer: perform(.timerFired(round: instance.round))
        case .crash: []
        }
    }
}
