import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// A node at work: the shipped workflow and outbox, a disk, and what anybody outside has seen of it.
struct NodeState: Sendable {
    /// What leaves the node, by what it must be the only one of.
    struct Seen: Hashable, Sendable {
        var served: Set<Root> = []
        var shared: [Duty: Set<Root>] = [:]
        var sharedVotes: Set<AttestationData> = []
        var votes: [String: Set<Root>] = [:]
        var broadcast: [Duty: Set<Root>] = [:]
    }

    private struct Errand: Sendable {
        let name: String
        let event: Event
    }

    private let world: NodeWorld
    private var workflow: Workflow
    private var outbox = Outbox()
    private var journal = JournalSnapshot()
    private var underWay: (id: Outbox.CommitID, records: [Record])?
    /// What the shell has been asked for and has not done.
    private var errands: [Errand] = []
    /// What the validator client did in this life.
    private var done: Set<NodeWorld.Happening> = []
    private(set) var seen = Seen()
    /// What must never be.
    private(set) var fault: String?

    init(_ world: NodeWorld) {
        self.world = world
        workflow = world.workflow()
        begin()
    }

    /// Two states that act and look alike have one.
    var fingerprint: Fingerprint {
        let parts: [Any] = [
            Fingerprint(of: workflow, without: ["configuration", "tracker", "inclusion"]), Fingerprint(of: outbox),
            Fingerprint(of: journal), errands.map(\.name).sorted(), done, seen, underWay?.records ?? [],
        ]
        return Fingerprint(of: parts.map { Fingerprint(of: $0) })
    }

    /// All that can happen next.
    var happenings: [NodeWorld.Happening] {
        var all = world.happenings.filter { !done.contains($0) }
        all += errands.indices.map { .done($0) }
        if let underWay { all += [.committed] + (0...underWay.records.count).map { .crash(written: $0) } }
        if underWay == nil { all.append(.crash(written: 0)) }
        return all
    }

    mutating func perform(_ happening: NodeWorld.Happening) {
        switch happening {
        case .decided, .share: for event in world.events(happening) { take(event) }
        case .signed, .asked:
            done.insert(happening)
            for event in world.events(happening) { take(event) }
        case .done(let index): take(errands.remove(at: index).event)
        case .committed: committed()
        case .crash(let written): crash(written)
        }
    }

    // MARK: Life

    private mutating func begin() {
        act(workflow.restore(journal, at: world.now))
        // Its beacon node names the validator in both slots, as no chain does without a reorganisation in between; to one
        // that signs by itself in the first alone, for it would prepare for the second.
        let rows = (world.signs ? [world.row] : [world.row, world.laterRow]).map { DutyDefinition.attester($0) }
        take(.dutiesResolved(world.chain.clock.epoch(of: world.duty.slot), .attester, rows))
    }

    private mutating func crash(_ written: Int) {
        write((underWay?.records ?? []).prefix(written))
        underWay = nil
        errands = []
        done = []
        outbox = Outbox()
        workflow = world.workflow()
        begin()
    }

    private mutating func take(_ event: Event) { act(workflow.receive(event, at: world.now)) }

    private mutating func act(_ effects: [Effect]) {
        for effect in outbox.add(effects) { release(effect) }
        beginCommit()
    }

    private mutating func beginCommit() {
        guard underWay == nil, let (id, records) = outbox.nextCommit() else { return }
        underWay = (id, records)
    }

    private mutating func committed() {
        guard let (id, records) = underWay else { return }
        underWay = nil
        write(records[...])
        for effect in outbox.durable(id) { release(effect) }
        beginCommit()
    }

    private mutating func write(_ records: ArraySlice<Record>) {
        for record in records {
            do { try journal.apply(record) } catch { fail("the journal refuses a record: \(error)") }
        }
    }

    // MARK: What leaves

    private mutating func release(_ effect: Effect) {
        switch effect {
        case .sendConsensus(let message): vote(message)
        case .answer(_, .decided(let duty, let value)): serve(duty, value)
        case .answer(_, .submitted(let verdicts)):
            for verdict in verdicts where verdict.refusals.isEmpty {
                let isThere = journal.signedRoot(verdict.duty, world.key, world.configuration.shareIndex) != nil
                if !isThere { fail("the validator client is told that a share is safe, and it is not on disk") }
            }
        case .shareWithPeers(let duty, let set):
            share(duty, set)
            ask("shared \(duty)", .shared(duty, set.keys.sorted()))
        case .shareWithPeer(_, let duty, let set): share(duty, set)
        case .sign(let duty, let objects):
            ask("sign \(duty)", .localPartials([LocalPartials(duty, world.sign(objects))], nil))
        case .verify(let share, let duty, let set):
            ask("verify \(share) \(duty) \(set.hashValue)", .verified(share, world.isGood(set)))
        case .recover(let duty, let groups):
            ask("recover \(duty) \(groups.hashValue)", .recovered(duty, world.recover(groups)))
        case .broadcast(let duty, let set):
            for (key, signed) in set {
                if journal.aggregated[duty]?[key] != signed { fail("a signature is broadcast that is not on disk") }
                seen.broadcast[duty, default: []].insert(signed.messageRoot)
            }
            if seen.broadcast[duty, default: []].count > 1 { fail("two group signatures of duty \(duty)") }
            ask("broadcast \(duty)", .broadcastSucceeded(duty, set.keys.sorted()))
        case .persist, .note: fail("a record was released instead of written")
        case .sendConsensusTo, .answer, .resolveDuties, .fetch, .exchangePriorities, .decodeAhead, .checkInclusion,
            .enterNewSet, .report:
            break
        }
    }

    private mutating func ask(_ name: String, _ event: Event) {
        if !errands.contains(where: { $0.name == name }) { errands.append(Errand(name: name, event: event)) }
    }

    private mutating func vote(_ message: ConsensusMessage) {
        let vote = message.message
        guard vote.kind != .decided else { return }
        let isDurable = journal.votes[message.duty]?.contains { $0.isSameVote(as: vote) } ?? false
        if !isDurable { fail("a \(vote.kind) is sent that is not on disk") }
        let name = "\(message.duty) \(vote.kind) \(vote.round)"
        seen.votes[name, default: []].insert(vote.kind == .roundChange ? vote.preparedValue : vote.value)
        if seen.votes[name, default: []].count > 1 { fail("two votes: \(name)") }
    }

    private mutating func serve(_ duty: Duty, _ value: UnsignedData) {
        guard case .attester(let data, _) = value else { return fail("something else than a vote is served") }
        if journal.unsigned[duty]?[world.pubKey] != value { fail("a value is served that is not on disk") }
        if duty == world.duty { seen.served.insert(data.hashTreeRoot()) }
        if seen.served.count > 1 { fail("two values are served for one duty") }
    }

    private mutating func share(_ duty: Duty, _ set: ParSignedDataSet) {
        for (key, partial) in set {
            guard case .attestation(let attestation) = partial.data else { return fail("a share of something else") }
            let data = attestation.data
            if journal.signedRoot(duty, key, partial.shareIndex) != partial.data.messageRoot {
                fail("a share is sent that is not on disk")
            }
            guard case .attester(let decided, _)? = journal.unsigned[duty]?[key.pubKey], decided == data else {
                return fail("a share is sent over what is not decided on disk")
            }
            let watermark = journal.watermarks[key.pubKey]
            if watermark.map({ $0.target < data.target.epoch || $0.source < data.source.epoch }) ?? true {
                fail("a share is sent whose watermark is not on disk")
            }
            seen.shared[duty, default: []].insert(partial.data.messageRoot)
            if seen.shared[duty, default: []].count > 1 { fail("two shares of one duty") }
            seen.sharedVotes.insert(data)
            if Set(seen.sharedVotes.map(\.target.epoch)).count < seen.sharedVotes.count {
                fail("a double vote: two different votes for one target epoch")
            }
        }
    }

    private mutating func fail(_ what: String) { fault = fault ?? what }
}
