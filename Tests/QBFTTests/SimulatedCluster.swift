import SSZ
import Timing

@testable import QBFT

/// A cluster of instances in one thread and virtual time: the caller's side of `Instance`, with every fault a network
/// and a machine can have. One seed, one run.
struct SimulatedCluster {
    /// What goes wrong until `heal`. Liars never stop.
    struct Faults: Sendable {
        var lossRate = 0.0
        var duplicateRate = 0.0
        /// Milliseconds from node to node; a wide range reorders. At most 100 once healed.
        var delay = 1...1
        /// Milliseconds by which nodes start late, and get their value late.
        var lateness = 0...0
        /// Chance to crash at each step of each effect.
        var crashRate = 0.0
        /// Milliseconds a crashed node is down.
        var downtime = 10...3000
        /// Nodes cut off from the others.
        var isolated: Set<Int> = []
        /// Nodes that hear everything and reach nobody: they decide alone, on votes the others may never see.
        var mute: Set<Int> = []
        var liars: Set<Int> = []
        var heal: Duration = .zero
        /// false loses the journal in a crash: what the journal is there to prevent.
        var keepsJournal = true
    }

    private struct Node {
        var instance: Instance
        var timer = RoundTimer()
        var journal: [Message] = []
        /// Counts restarts; events of earlier lives are void.
        var life = 0
        var isUp = false
        var timerGeneration = 0
        /// Steps of effects performed, over all lives.
        var steps = 0
        var decision: Root?
    }

    private enum Happening {
        case boot(Int)
        case input(Int, life: Int)
        case delivery(Message, to: Int, life: Int?)
        case timer(Int, life: Int, round: Int64, generation: Int)
        case lie(Int)
    }

    private struct Vote: Hashable {
        let source: Int
        let kind: Message.Kind
        let round: Int64
    }

    let size: ClusterSize
    let leaderOffset: UInt64
    let faults: Faults
    /// Steps at which a node crashes besides those by chance.
    var crashPlan: [Int: Set<Int>] = [:]
    /// Nodes that never get a value of their own.
    var withoutInput: Set<Int> = []
    private(set) var now: Duration = .zero
    private(set) var broadcasts: [Message.Kind: Int] = [:]
    private(set) var deliveries = 0
    private(set) var violations: [String] = []
    private(set) var crashes = 0
    /// All values honest nodes meant to propose.
    private(set) var inputs: Set<Root> = []
    private var nodes: [Node]
    private var events = EventHeap<Duration, Happening>()
    private var random: SplitMix64
    private var visible: [Vote: Message] = [:]
    private var liar: Liar

    init(nodes count: Int, seed: UInt64, leaderOffset: UInt64 = 0, faults: Faults = Faults()) {
        size = ClusterSize(nodes: count)
        self.leaderOffset = leaderOffset
        self.faults = faults
        random = SplitMix64(seed: seed)
        nodes = (0..<count).map {
            Node(instance: Instance(configuration: .init(nodes: count, index: $0, leaderOffset: leaderOffset)))
        }
        liar = Liar(configuration: nodes[0].instance.configuration, liars: faults.liars)
        for node in 0..<count {
            let first = random.milliseconds(faults.lateness)
            events.schedule(faults.liars.contains(node) ? .lie(node) : .boot(node), at: first)
        }
    }

    var honest: [Int] { nodes.indices.filter { !faults.liars.contains($0) } }
    var decisions: [Root?] { honest.map { nodes[$0].decision } }
    var haveAllDecided: Bool { honest.allSatisfy { nodes[$0].decision != nil } }
    var rounds: [Int64] { honest.map { nodes[$0].instance.round } }

    func steps(of node: Int) -> Int { nodes[node].steps }

    mutating func run(until limit: Duration) {
        while !haveAllDecided, let (time, event) = events.pop(), time <= limit {
            now = time
            happen(event)
        }
    }

    private mutating func happen(_ event: Happening) {
        switch event {
        case .boot(let node): boot(node)
        case .input(let node, let life):
            guard nodes[node].life == life else { return }
            let value = Root(number: UInt64(1000 + 100 * life + node))
            inputs.insert(value)
            receive(.input(value), node)
        case .delivery(let message, let node, let life):
            if faults.liars.contains(node) { return liar.overhear(message) }
            guard nodes[node].isUp, life == nil || life == nodes[node].life else { return }
            receive(.message(message), node)
        case .timer(let node, let life, let round, let generation):
            guard nodes[node].life == life, nodes[node].timerGeneration == generation else { return }
            receive(.timerFired(round: round, next: nodes[node].timer.next(after: round, elapsed: now)), node)
        case .lie(let node):
            for (message, peer) in liar.lie(as: node, random: &random) { send(message, from: node, to: peer) }
            if liar.canGoOn { events.schedule(.lie(node), at: now + random.milliseconds(5...120)) }
        }
    }

    // MARK: - Nodes

    private mutating func boot(_ node: Int) {
        let configuration = nodes[node].instance.configuration
        do throws(JournalFault) {
            nodes[node].instance = try Instance(
                configuration: configuration, resuming: faults.keepsJournal ? nodes[node].journal : [])
        } catch {
            violations.append("node \(node) cannot resume: \(error)")
            return
        }
        nodes[node].isUp = true
        nodes[node].timer = RoundTimer()
        if !withoutInput.contains(node) {
            events.schedule(.input(node, life: nodes[node].life), at: now + random.milliseconds(faults.lateness))
        }
        receive(.start, node)
    }

    private mutating func receive(_ event: Instance.Event, _ node: Int) {
        for effect in nodes[node].instance.receive(event) {
            guard survives(node) else { return }
            perform(effect, node)
            guard nodes[node].isUp else { return }
        }
    }

    private mutating func perform(_ effect: Instance.Effect, _ node: Int) {
        switch effect {
        case .broadcast(let message, let prepared):
            broadcasts[message.kind, default: 0] += 1
            var sealed = message
            sealed.signature = [UInt8(node), UInt8(truncatingIfNeeded: nodes[node].life)]
            nodes[node].journal.append(sealed.record(prepared: prepared))
            guard survives(node) else { return }
            publish(sealed, node)
        case .answer(let message, let asker):
            broadcasts[message.kind, default: 0] += 1
            var sealed = message
            sealed.signature = [UInt8(node), UInt8(truncatingIfNeeded: nodes[node].life)]
            send(sealed, from: node, to: asker)
        case .rebroadcast(let message):
            if message.signature.isEmpty { violations.append("node \(node) repeats an unsealed message") }
            publish(message, node)
        case .startTimer(let round):
            nodes[node].timerGeneration += 1
            let deadline = nodes[node].timer.deadline(round: round, elapsed: now)
            events.schedule(
                .timer(node, life: nodes[node].life, round: round, generation: nodes[node].timerGeneration),
                at: max(deadline, now))
        case .stopTimer:
            nodes[node].timerGeneration += 1
        case .decided(let value, let round, let leader, let commits):
            check(value, round, leader, commits, node)
            nodes[node].decision = value
        case .equivocated(let source, let first, let second):
            if !faults.liars.contains(source) { violations.append("honest \(source): \(first) and \(second)") }
        case .roundChanged, .refused, .inputRefused:
            break
        }
    }

    private mutating func publish(_ message: Message, _ node: Int) {
        if message.kind != .decided {
            let vote = Vote(source: node, kind: message.kind, round: message.round)
            if let earlier = visible[vote], !earlier.isSameVote(as: message) {
                violations.append("node \(node) said both \(earlier) and \(message)")
            }
            visible[vote] = message
        }
        for peer in nodes.indices where peer != node {
            send(message, from: node, to: peer)
            guard survives(node) else { return }
        }
        events.schedule(.delivery(message, to: node, life: nodes[node].life), at: now)
    }

    /// One more step; false when the node did not live to see it.
    private mutating func survives(_ node: Int) -> Bool {
        nodes[node].steps += 1
        let isPlanned = crashPlan[node]?.contains(nodes[node].steps) ?? false
        let isUnlucky = faults.crashRate > 0 && now < faults.heal && random.chance(faults.crashRate)
        // A decision is kept elsewhere: the node has no reason to run this instance again.
        guard isPlanned || isUnlucky, nodes[node].decision == nil else { return true }
        crashes += 1
        nodes[node].isUp = false
        nodes[node].life += 1
        events.schedule(.boot(node), at: now + random.milliseconds(faults.downtime))
        return false
    }

    private mutating func check(_ value: Root, _ round: Int64, _ leader: Int, _ commits: [Message], _ node: Int) {
        if let other = nodes.compactMap(\.decision).first(where: { $0 != value }) {
            violations.append("node \(node) decided \(value), another one \(other)")
        }
        if nodes[node].decision != nil { violations.append("node \(node) decided twice") }
        let sources = Set(commits.map(\.source))
        if sources.count != commits.count || sources.count < size.quorum
            || !commits.allSatisfy({ $0.kind == .commit && $0.round == round && $0.value == value })
        {
            violations.append("node \(node) decided \(value) without proof: \(commits)")
        }
        if UInt64(leader) != (leaderOffset + UInt64(round)) % UInt64(size.nodes) {
            violations.append("node \(node) names \(leader) the leader of round \(round)")
        }
        if faults.liars.isEmpty, !inputs.contains(value) { violations.append("nobody proposed \(value)") }
    }

    // MARK: - Network

    private mutating func send(_ message: Message, from source: Int, to peer: Int) {
        deliveries += 1
        let isFaulty = now < faults.heal
        if isFaulty, faults.isolated.contains(source) != faults.isolated.contains(peer) { return }
        if isFaulty, faults.mute.contains(source) || random.chance(faults.lossRate) { return }
        let copies = isFaulty && random.chance(faults.duplicateRate) ? 2 : 1
        // A round lasts a second and has four hops: without an end to long delays it has no end either.
        let delay = isFaulty ? faults.delay : faults.delay.clamped(to: 1...100)
        for _ in 0..<copies {
            events.schedule(.delivery(message, to: peer, life: nil), at: now + random.milliseconds(delay))
        }
    }
}
