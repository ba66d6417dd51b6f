import DutyWorkflow
import Ethereum
import QBFT
import SSZ

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
        /// Time a commit takes; a crash within it may or may not find the records on disk.
        package var commitTime: ClosedRange<Duration> = .microseconds(200)...(.milliseconds(5))
        /// This node sends different votes to different peers.
        package var liar: Int?
        package init() {}
    }

    private enum Item {
        case event(node: Int, life: Int, Event)
        case committed(node: Int, life: Int, [Effect])
        case wake(node: Int, life: Int)
        case crash(node: Int)
        case restart(node: Int)
        case validatorClient(node: Int, AttesterDuty)
    }

    private struct Node {
        var workflow: Workflow?
        var journal = SimulatedJournal()
        /// Counts restarts; what was meant for an earlier life is void.
        var life = 0
        var inbox: [Event] = []
        var isCommitting = false
        var pendingRecords: [Record] = []
        var notes: [Record] = []
        var nextWake: Instant?
    }

    package let options: Options
    package let chain: SimulatedChain
    package var network = SimulatedNetwork()
    /// Everything that was seen on the wires and at the beacon nodes.
    package private(set) var oracle = Oracle()
    package private(set) var now: Instant
    private var nodes: [Node]
    private var heap = EventHeap<Item>()
    private var random: SplitMix64
    private var tickets: [Ticket: (node: Int, row: AttesterDuty)] = [:]
    private var nextTicket: UInt64 = 0

    package init(_ options: Options) {
        self.options = options
        random = SplitMix64(seed: options.seed)
        let clock = SlotClock(
            genesis: Instant(nanoseconds: 1_700_000_000_000_000_000), slotDuration: options.slotDuration,
            slotsPerEpoch: options.slotsPerEpoch)
        chain = SimulatedChain(clock: clock, validators: options.validators)
        now = clock.genesis + .zero
        nodes = (0..<options.nodes).map { _ in Node() }
        for node in 0..<options.nodes { heap.schedule(.restart(node: node), at: now) }
    }

    /// Probability that a node's beacon node follows another head than the rest.
    package var headDisagreement = 0.0
    /// Nodes whose beacon node answers nothing.
    package var silentBeaconNodes: Set<Int> = []

    /// Takes the node down and back up from its journal.
    package mutating func crash(node: Int, from: Instant, until: Instant) {
        heap.schedule(.crash(node: node), at: from)
        heap.schedule(.restart(node: node), at: until)
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

    // MARK: Items

    private mutating func perform(_ item: Item) {
        switch item {
        case .event(let node, let life, let event):
            guard nodes[node].life == life, nodes[node].workflow != nil else { return }
            nodes[node].inbox.append(event)
            turn(node)
        case .committed(let node, let life, let effects):
            guard nodes[node].life == life, nodes[node].workflow != nil else { return }
            nodes[node].journal.commit(nodes[node].pendingRecords)
            nodes[node].pendingRecords = []
            nodes[node].isCommitting = false
            for effect in effects { perform(effect, node) }
            turn(node)
        case .wake(let node, let life):
            guard nodes[node].life == life, nodes[node].nextWake == now else { return }
            nodes[node].nextWake = nil
            nodes[node].inbox.append(.wake)
            turn(node)
        case .crash(let node): crash(node)
        case .restart(let node): restart(node)
        case .validatorClient(let node, let row): askAsValidatorClient(node, row)
        }
    }

    private mutating func crash(_ node: Int) {
        // The disk may have finished a commit that the process never heard of.
        if Bool.random(using: &random) { nodes[node].journal.commit(nodes[node].pendingRecords) }
        nodes[node].pendingRecords = []
        nodes[node].notes = []
        nodes[node].inbox = []
        nodes[node].isCommitting = false
        nodes[node].workflow = nil
        nodes[node].nextWake = nil
        nodes[node].life += 1
        tickets = tickets.filter { $0.value.node != node }
    }

    private mutating func restart(_ node: Int) {
        guard nodes[node].workflow == nil else { return }
        let configuration = WorkflowConfiguration(
            nodes: options.nodes, threshold: (2 * options.nodes + 2) / 3, peer: PeerIndex(node),
            validators: Set(chain.pubKeys), clock: chain.clock, domains: chain.domains,
            signs: !node.isMultiple(of: 2), seed: options.seed &+ UInt64(node))
        var workflow = Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [UInt8(truncatingIfNeeded: message.source)]
            return sealed
        }
        let snapshot = nodes[node].journal.load(deadlines: configuration.deadlines, at: now)
        let effects = workflow.restore(snapshot, at: now)
        nodes[node].workflow = workflow
        act(node, effects)
        nodes[node].inbox.append(.wake)
        turn(node)
    }

    /// One turn of a node's driver: all waiting events, one commit, then everything else.
    private mutating func turn(_ node: Int) {
        guard !nodes[node].isCommitting, var workflow = nodes[node].workflow else { return }
        // One reference only, or every change copies the node's whole state.
        nodes[node].workflow = nil
        var effects: [Effect] = []
        let inbox = nodes[node].inbox
        nodes[node].inbox = []
        for event in inbox { effects += workflow.receive(event, at: now) }
        let wanted = workflow.nextWake(after: now)
        nodes[node].workflow = workflow
        act(node, effects)
        let wake = max(wanted, now + .microseconds(1))
        if nodes[node].nextWake.map({ wake < $0 }) ?? true {
            nodes[node].nextWake = wake
            heap.schedule(.wake(node: node, life: nodes[node].life), at: wake)
        }
    }

    private mutating func act(_ node: Int, _ effects: [Effect]) {
        var records: [Record] = []
        var rest: [Effect] = []
        for effect in effects {
            switch effect {
            case .persist(let record): records.append(record)
            case .note(let record): nodes[node].notes.append(record)
            default: rest.append(effect)
            }
        }
        guard !records.isEmpty else {
            for effect in rest { perform(effect, node) }
            return
        }
        nodes[node].pendingRecords = nodes[node].notes + records
        nodes[node].notes = []
        nodes[node].isCommitting = true
        heap.schedule(
            .committed(node: node, life: nodes[node].life, rest), at: now + draw(options.commitTime))
    }

    // MARK: Effects

    private mutating func perform(_ effect: Effect, _ node: Int) {
        switch effect {
        case .persist, .note: break
        case .resolveDuties(let epoch) where silentBeaconNodes.contains(node):
            post(node, .dutiesUnavailable(epoch, reason: "silent"), after: .seconds(2)...(.seconds(2)))
        case .resolveDuties(let epoch):
            let rows = chain.duties(of: epoch)
            post(node, .dutiesResolved(epoch, rows), after: .milliseconds(5)...(.milliseconds(50)))
            for row in rows where node.isMultiple(of: 2) {
                let at = max(now, chain.clock.start(of: row.slot) + options.slotDuration / 3)
                heap.schedule(.validatorClient(node: node, row), at: at)
            }
        case .fetchAttestationData(let duty, let committees):
            let view = Double.random(in: 0..<1, using: &random) < headDisagreement
            let data = chain.attestationData(duty.slot, view: view)
            let answer = Dictionary(uniqueKeysWithValues: committees.map { ($0, data) })
            post(node, .attestationData(duty, answer), after: .milliseconds(2)...(.milliseconds(300)))
        case .sendConsensus(let message):
            oracle.sawVote(message, by: node, isLiar: node == options.liar)
            for peer in 0..<options.nodes where peer != node { send(.consensusMessage(tell(message, node, peer)), node, peer) }
        case .sign(let duty, let set):
            let share = ShareIndex(PeerIndex(node))
            let signed = set.compactMapValues { chain.partial($0, share: share) }
            post(node, .localPartials(duty, signed, nil), after: .milliseconds(1)...(.milliseconds(10)))
        case .shareWithPeers(let duty, let set):
            oracle.sawShares(duty, set)
            for peer in 0..<options.nodes where peer != node { send(.peerPartials(duty, set), node, peer) }
            post(node, .shared(duty, set.keys.sorted()), after: .milliseconds(1)...(.milliseconds(5)))
        case .recover(let duty, let groups):
            post(node, .recovered(duty, groups.mapValues { recover($0) }), after: .milliseconds(1)...(.milliseconds(5)))
        case .broadcast(let duty, let set):
            oracle.sawBroadcast(duty, set, by: node)
            post(node, .broadcastSucceeded(duty, set.keys.sorted()), after: .milliseconds(2)...(.milliseconds(20)))
        case .answer(let ticket, let answer): answerValidatorClient(ticket, answer)
        case .report(let report): oracle.heard(report, by: node)
        }
    }

    private func recover(_ group: [ParSignedData]) -> Recovery {
        guard let first = group.first, case .attestation = first.data else { return .badShares([]) }
        let root = first.data.messageRoot
        for pubKey in chain.pubKeys {
            let bad = group.filter { $0.data.signature != chain.shareSignature(pubKey, root, $0.shareIndex) }
            if bad.isEmpty { return .signature(chain.groupSignature(pubKey, root)) }
        }
        return .badShares(group.map(\.shareIndex))
    }

    private mutating func post(_ node: Int, _ event: Event, after delay: ClosedRange<Duration>) {
        heap.schedule(.event(node: node, life: nodes[node].life, event), at: now + draw(delay))
    }

    private mutating func send(_ event: Event, _ from: Int, _ to: Int) {
        for at in network.arrivals(from: from, to: to, at: now, random: &random) {
            // A message in flight reaches whatever life the receiver is in then.
            heap.schedule(.event(node: to, life: nodes[to].life, event), at: at)
        }
    }

    /// What a liar tells a peer: the truth to even ones, another value to odd ones.
    private func tell(_ message: ConsensusMessage, _ node: Int, _ peer: Int) -> ConsensusMessage {
        guard node == options.liar, !peer.isMultiple(of: 2), message.message.value != .zero else { return message }
        var lie = message
        var set: UnsignedDataSet = [:]
        for (pubKey, value) in message.values[message.message.value] ?? [:] {
            guard case .attester(var data, let row) = value else { continue }
            data.beaconBlockRoot = SHA256.hash(data.beaconBlockRoot.bytes)
            set[pubKey] = .attester(data, row)
        }
        let hash = set.valueHash()
        lie.values[hash] = set
        lie.message.value = hash
        return lie
    }

    // MARK: Validator client

    private mutating func askAsValidatorClient(_ node: Int, _ row: AttesterDuty) {
        let duty = Duty.attester(slot: row.slot)
        guard now < chain.clock.start(of: row.slot) + options.slotDuration * 3 else { return }
        // It asks again each second until its signature is accepted, as validator clients do after a refused connection.
        heap.schedule(.validatorClient(node: node, row), at: now + .seconds(1))
        guard nodes[node].workflow != nil, !oracle.accepted(node, duty, row.pubKey) else { return }
        let ticket = Ticket(nextTicket)
        nextTicket += 1
        tickets[ticket] = (node, row)
        heap.schedule(
            .event(node: node, life: nodes[node].life, .query(ticket, .attestationData(row.slot, row.committeeIndex))),
            at: now)
    }

    private mutating func answerValidatorClient(_ ticket: Ticket, _ answer: Answer) {
        guard let (node, row) = tickets[ticket] else { return }
        let duty = Duty.attester(slot: row.slot)
        switch answer {
        case .attestationData(let data):
            oracle.sawServed(duty, row, data, by: node)
            guard let partial = chain.partial(.attester(data, row), share: ShareIndex(PeerIndex(node))) else { return }
            post(node, .localPartials(duty, [row.pubKey: partial], ticket), after: .milliseconds(1)...(.milliseconds(20)))
        case .submitted:
            tickets[ticket] = nil
            oracle.noteAccepted(node, duty, row.pubKey)
        case .refused, .attesterPubKey: tickets[ticket] = nil
        }
    }

    private mutating func draw(_ range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double.random(in: 0...1, using: &random)
    }
}
