import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Timing

/// A whole cluster on virtual time in one thread: workflows, network, disks, beacon nodes, validator clients.
///
/// Everything is drawn from one seed, so the same seed gives the same run. A crash loses what was not committed, and
/// whatever would have followed from it. Odd nodes sign by themselves, even ones through a validator client.
package struct SimulatedCluster {
    package struct Options {
        package var nodes = 4
        package var validators = 8
        package var seed: UInt64 = 1
        package var slotDuration: Duration = .seconds(12)
        package var slotsPerEpoch: UInt64 = 8
        /// Besides attestations; each slot then has three times the work.
        package var allDuties = false
        /// Time a commit takes; a crash within it may or may not find the records on disk.
        package var commitTime: ClosedRange<Duration> = .microseconds(200)...(.milliseconds(5))
        /// Of the chain, at the start.
        package var forks = SimulatedChain.forks()
        /// Epochs that justification lies behind; 1 when all is well.
        package var justificationLag: UInt64 = 1
        /// This node sends different votes to different peers.
        package var liar: Int?
        /// This node does one kind of harm, all the time.
        package var attacker: (node: Int, attack: Attack)?
        /// This node sends bad shares, about every other time.
        package var forger: Int?
        /// Nodes with a validator client sign by themselves as well.
        package var allSign = false
        /// What nodes behave as, newest first; of all others `v1.11` and `v1.10`.
        package var versions: [Int: [String]] = [:]
        /// Nodes with other disks than `commitTime`.
        package var slowDisks: [Int: ClosedRange<Duration>] = [:]
        /// Per node, ahead if positive.
        package var clockSkew: [Int: Duration] = [:]
        /// The node whose disk loses everything in a crash: what the journal is there to prevent.
        package var forgetful: Int?
        /// Operators of the new cluster, by position, if there is one; those from `nodes` on are new.
        package var newSet: [Int] = []
        /// From when a node stops with its old key shares until it is there with the new ones.
        package var switchTime: ClosedRange<Duration> = .milliseconds(200)...(.milliseconds(1500))
        /// The node of which all commits are kept, until they are taken.
        package var recorded: Int?
        /// Bytes of the one transaction that blocks of these slots have; others have none.
        package var transactionBytes: [Slot: Int] = [:]
        package init() {}
    }

    enum Item {
        case event(node: Int, life: Int, Event)
        case committed(node: Int, life: Int, Outbox.CommitID)
        case wake(node: Int, life: Int)
        case crash(node: Int)
        case restart(node: Int)
        case reconnect(node: Int)
        case validatorClient(node: Int, Chore)
        case stepClock(node: Int, by: Duration)
        /// The node reads the chain's forks again.
        case forksRead(node: Int)
        case wish(node: Int, validator: Int, WantedRegistration)
        /// The operator's plan lies where the node finds it.
        case plan(node: Int, SwitchPlan)
        /// The node has stopped with its old set.
        case handOver(node: Int, life: Int, SwitchPlan)
        case enter(node: Int, life: Int)
        case strike
        case measure
    }

    struct Node {
        var workflow: Workflow?
        var journal = SimulatedJournal()
        /// Counts restarts; what was meant for an earlier life is void.
        var life = 0
        var outbox = Outbox()
        /// Of the commit under way.
        var pendingRecords: [Record] = []
        /// Which key shares it has now.
        var set = KeySet.old
        /// It runs, without a workflow, on its way from one set to the other.
        var isEntering = false
        /// In the cluster's time, like everything in the heap.
        var nextWake: Instant?
        /// What its validator client has heard that it has to do.
        var chores: Set<Chore> = []
        /// What its beacon node said last, when it was asked.
        var forks: ForkSchedule
        /// What its clock shows beyond the cluster's time.
        var skew: Duration = .zero
    }

    package let options: Options
    package let chain: SimulatedChain
    package var network = SimulatedNetwork()
    /// Everything that was seen on the wires and at the beacon nodes.
    package internal(set) var oracle = Oracle()
    package private(set) var now: Instant
    var nodes: [Node]
    var heap = EventHeap<Instant, Item>()
    var random: SplitMix64
    var tickets: [Ticket: Errand] = [:]
    /// Requests for a node's priorities, and who waits for them.
    var priorityTickets: [Ticket: (node: Int, asker: Int)] = [:]
    var nextTicket: UInt64 = 0
    /// Of operators who plan a switch, and what they were told last.
    var planTickets: [Ticket: Int] = [:]
    var planAnswers: [Int: Answer] = [:]
    var attacker: SimulatedAttacker?
    /// Of each node's operator, as they are kept beside its journal.
    var wishes: [Int: [PubKey: WantedRegistration]] = [:]
    /// The most that peers made an honest node hold, in bytes; looked at every two seconds.
    package private(set) var heldBytesPeak = 0
    private var commits: [[Record]] = []

    package init(_ options: Options) {
        self.options = options
        random = SplitMix64(seed: options.seed)
        let clock = SlotClock(
            genesis: Instant(nanoseconds: 1_700_000_000_000_000_000), slotDuration: options.slotDuration,
            slotsPerEpoch: options.slotsPerEpoch)
        chain = SimulatedChain(
            clock: clock, validators: options.validators, allDuties: options.allDuties,
            justificationLag: options.justificationLag, forks: options.forks,
            transactionBytes: options.transactionBytes)
        now = clock.genesis + .zero
        let count = max(options.nodes, (options.newSet.max() ?? -1) + 1)
        nodes = (0..<count).map { node in
            Node(
                set: node < options.nodes ? .old : .new, forks: options.forks,
                skew: options.clockSkew[node] ?? .zero)
        }
        for node in 0..<count { heap.schedule(.restart(node: node), at: now) }
        attacker = options.attacker.map { SimulatedAttacker($0.attack, as: $0.node, of: options.nodes, chain) }
        oracle.liars = Set([options.liar, options.attacker?.node].compactMap(\.self))
        heap.schedule(.strike, at: now)
        heap.schedule(.measure, at: now)
    }

    /// Probability that a node's beacon node follows another head than the rest.
    package var headDisagreement = 0.0
    /// The first slot in which beacon nodes agree whatever `headDisagreement` says; nil for never.
    package var headsAgreeFrom: Slot?
    /// Nodes whose beacon node answers nothing.
    package var silentBeaconNodes: Set<Int> = []
    /// Nodes whose beacon node lies about what to attest to.
    package var lyingBeaconNodes: [Int: BeaconLie] = [:]
    /// Nodes whose validator client signs something else first.
    package var rogueValidatorClients: Set<Int> = []
    /// Probability that a beacon node does not take a broadcast this time.
    package var broadcastFailureRate = 0.0
    /// From then on beacon nodes give other duties, also for the running epoch.
    package var reorganisation: (at: Instant, shift: UInt64)?

    /// Schedules that beacon nodes follow from then on, all or one of them; the last to come counts.
    var forkMoves: [(at: Instant, node: Int?, forks: ForkSchedule)] = []

    /// From then on beacon nodes give other duties, and tell their nodes that epochs changed within a second.
    package mutating func reorganise(_ epochs: Set<Epoch>, shift: UInt64, at: Instant) {
        reorganisation = (at, shift)
        for node in nodes.indices {
            heap.schedule(
                .event(node: node, life: nodes[node].life, .dutiesChanged(epochs)), at: at + draw(.zero...(.seconds(1)))
            )
        }
    }

    /// Takes the node down and back up from its journal.
    package mutating func crash(node: Int, from: Instant, until: Instant) {
        heap.schedule(.crash(node: node), at: from)
        heap.schedule(.restart(node: node), at: until)
    }

    /// All at once, as in a power cut.
    package mutating func crashAll(from: Instant, until: Instant) {
        for node in nodes.indices { crash(node: node, from: from, until: until) }
    }

    /// All connections are made anew. Streams lose nothing while they last, so a real peer that has missed something is
    /// one that connects again, and is told.
    package mutating func reconnectAll(at: Instant) {
        for node in nodes.indices { heap.schedule(.reconnect(node: node), at: at) }
    }

    /// The node's clock jumps, and stays there.
    package mutating func stepClock(node: Int, by step: Duration, at: Instant) {
        heap.schedule(.stepClock(node: node, by: step), at: at)
    }

    /// Runs until the start of a slot.
    package mutating func run(untilSlot slot: UInt64) {
        let end = chain.clock.start(of: Slot(slot))
        while let next = heap.nextTime, next < end, let (at, item) = heap.pop() {
            now = max(now, at)
            perform(item)
        }
        now = end
    }

    /// What the recorded node's disk was given since the last call, commit by commit.
    package mutating func takeCommits() -> [[Record]] {
        defer { commits = [] }
        return commits
    }

    /// Of all nodes, after crashes.
    package var restarts: Int { nodes.reduce(0) { $0 + $1.life } }

    /// The largest journal of an honest node.
    package var journalBytes: Int { honest.map { nodes[$0].journal.byteCount }.max() ?? 0 }

    private var honest: [Int] { nodes.indices.filter { $0 != options.attacker?.node } }

    // MARK: Items

    private mutating func perform(_ item: Item) {
        switch item {
        case .event(let node, let life, let event):
            guard nodes[node].life == life, nodes[node].workflow != nil else { return }
            if node == attacker?.node { attacker?.hear(event) }
            turn(node, event)
        case .committed(let node, let life, let commit):
            guard nodes[node].life == life, nodes[node].workflow != nil else { return }
            write(nodes[node].pendingRecords, node)
            if node == options.recorded { commits.append(nodes[node].pendingRecords) }
            nodes[node].pendingRecords = []
            for effect in nodes[node].outbox.durable(commit) { perform(effect, node) }
            beginCommit(node)
        case .wake(let node, let life):
            guard nodes[node].life == life, nodes[node].nextWake == now else { return }
            nodes[node].nextWake = nil
            turn(node, .wake)
        case .crash(let node): crash(node)
        case .restart(let node): restart(node)
        case .reconnect(let node): for peer in nodes.indices where peer > node { connect(node, peer) }
        case .validatorClient(let node, let chore): attempt(chore, node)
        case .stepClock(let node, let step):
            nodes[node].skew += step
            turn(node, .wake)
        case .forksRead(let node): readForks(node)
        case .plan(let node, let plan): tell(plan, to: node)
        case .handOver(let node, let life, let plan):
            guard nodes[node].life == life else { return }
            nodes[node].journal.handOn(entering: plan)
            heap.schedule(.enter(node: node, life: life), at: now + draw(options.switchTime) / 2)
        case .enter(let node, let life):
            guard nodes[node].life == life else { return }
            nodes[node].isEntering = false
            restart(node)
        case .wish(let node, let validator, let wanted): wish(wanted, of: validator, at: node)
        case .strike: strike()
        case .measure:
            heldBytesPeak = honest.reduce(heldBytesPeak) { max($0, nodes[$1].workflow?.heldBytes ?? 0) }
            heap.schedule(.measure, at: now + .seconds(2))
        }
    }

    private mutating func crash(_ node: Int) {
        // The disk may have finished a commit that the process never heard of.
        // Or a part of it.
        let written = Int.random(in: 0...nodes[node].pendingRecords.count, using: &random)
        write(nodes[node].pendingRecords.prefix(written), node)
        nodes[node].pendingRecords = []
        if node == options.forgetful { nodes[node].journal = SimulatedJournal() }
        nodes[node].outbox = Outbox()
        nodes[node].isEntering = false
        nodes[node].workflow = nil
        nodes[node].nextWake = nil
        nodes[node].life += 1
        forgetCallers(of: node)
    }

    /// Those who wait for answers of the life that has ended.
    mutating func forgetCallers(of node: Int) {
        tickets = tickets.filter { $0.value.node != node }
        priorityTickets = priorityTickets.filter { $0.value.node != node }
    }

    /// A real journal stops a node that contradicts itself.
    mutating func write(_ records: some Sequence<Record>, _ node: Int) {
        for conflict in nodes[node].journal.commit(records) { oracle.sawUndurable("\(conflict)", by: node) }
    }

    private mutating func restart(_ node: Int) {
        guard nodes[node].workflow == nil, !nodes[node].isEntering else { return }
        nodes[node].forks = beaconForks(node)
        if nodes[node].journal.plannedSwitch?.stage == .entered { nodes[node].set = .new }
        var spec = chain.spec
        spec.forks = nodes[node].forks
        let configuration = WorkflowConfiguration(
            nodes: members(nodes[node].set).count, threshold: threshold(nodes[node].set), peer: position(of: node),
            validators: Set(chain.pubKeys), clock: chain.clock, spec: spec,
            proposals: ProposalPreferences(
                feeRecipients: Dictionary(uniqueKeysWithValues: chain.pubKeys.map { ($0, SimulatedChain.payee) })),
            signs: options.allSign || !Self.hasValidatorClient(node), seed: options.seed &+ UInt64(node),
            infoSync: infoSyncConfiguration(node))
        let signature = [UInt8(truncatingIfNeeded: node)]
        var workflow = Workflow(
            configuration: configuration,
            sealPriorities: { message in
                var sealed = message
                sealed.signature = signature
                return sealed
            },
            seal: { _, message in
                var sealed = message
                sealed.signature = signature
                return sealed
            })
        let snapshot = nodes[node].journal.load(deadlines: configuration.deadlines, at: time(node))
        nodes[node].outbox = Outbox(snapshot.plannedSwitch)
        let effects = workflow.restore(snapshot, at: time(node))
        nodes[node].workflow = workflow
        act(node, effects)
        turn(node, .wake)
        tellWishes(node)
        for peer in nodes.indices where peer != node { connect(node, peer) }
    }

    /// Whoever is an operator of the other's cluster.
    private mutating func connect(_ node: Int, _ peer: Int) {
        guard let here = position(of: peer, in: nodes[node].set), let there = position(of: node, in: nodes[peer].set)
        else { return }
        post(peer, .peerConnected(there), after: Self.connectTime)
        post(node, .peerConnected(here), after: Self.connectTime)
    }

    /// From a node's start until it is connected to a peer.
    private static let connectTime: ClosedRange<Duration> = .milliseconds(5)...(.milliseconds(500))

    /// One turn of a node's driver: an event, and everything that need not wait.
    mutating func turn(_ node: Int, _ event: Event) {
        guard var workflow = nodes[node].workflow else { return }
        // One reference only, or every change copies the node's whole state.
        nodes[node].workflow = nil
        let effects = workflow.receive(event, at: time(node))
        let wanted = workflow.nextWake(after: time(node)) - nodes[node].skew
        nodes[node].workflow = workflow
        act(node, effects)
        let wake = max(wanted, now + .microseconds(1))
        if nodes[node].nextWake.map({ wake < $0 }) ?? true {
            nodes[node].nextWake = wake
            heap.schedule(.wake(node: node, life: nodes[node].life), at: wake)
        }
    }

    mutating func act(_ node: Int, _ effects: [Effect]) {
        for effect in nodes[node].outbox.add(effects) { perform(effect, node) }
        beginCommit(node)
    }

    private mutating func beginCommit(_ node: Int) {
        guard let (commit, records) = nodes[node].outbox.nextCommit() else { return }
        nodes[node].pendingRecords = records
        heap.schedule(
            .committed(node: node, life: nodes[node].life, commit),
            at: now + draw(options.slowDisks[node] ?? options.commitTime))
    }

    // MARK: Time

    /// What the node's clock shows.
    func time(_ node: Int) -> Instant { now + nodes[node].skew }

    mutating func draw(_ range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double.random(in: 0...1, using: &random)
    }
}
