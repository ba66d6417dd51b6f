import Ethereum
import Foundation
import QBFT
import SSZ
import Testing
import Timing

@testable import DutyWorkflow

/// Whatever leaders have decided and validator clients send, over crashes at any moment: what leaves the node signed is
/// never slashable. `SEED=17` replays one history.
@Suite("no accepted history can be slashed")
struct AcceptedHistoryTests {
    private static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }.map { [$0] } ?? Array(0..<100)

    @Test("two validators, small epochs, everything at random", arguments: seeds)
    func history(seed: UInt64) throws {
        var life = try RandomLife(seed: seed)
        for _ in 0..<300 { try life.step() }
        #expect(life.faults.isEmpty, "replay with SEED=\(seed)")
    }

    @Test("these histories are full of votes, blocks and refusals")
    func substance() throws {
        var (votes, blocks, refusals, restarts) = (0, 0, 0, 0)
        for seed in 0..<20 as Range<UInt64> {
            var life = try RandomLife(seed: seed)
            for _ in 0..<300 { try life.step() }
            votes += life.votes.count
            blocks += life.blocks.count
            refusals += life.refusals
            restarts += life.restarts
        }
        #expect(
            votes > 60 && blocks > 40 && refusals > 500 && restarts > 100, "\(votes) \(blocks) \(refusals) \(restarts)"
        )
    }

    @Test("a node that forgets its journal in a crash is caught: these tests can fail")
    func forgetful() throws {
        var missing: Set = ["double vote", "two blocks", "surround"]
        for seed in 0..<200 as Range<UInt64> where !missing.isEmpty {
            var life = try RandomLife(seed: seed, isForgetful: true)
            for _ in 0..<300 { try life.step() }
            missing = missing.filter { kind in !life.faults.contains { $0.contains(kind) } }
        }
        #expect(missing.isEmpty)
    }
}

/// One node, the rest of the world at random.
private struct RandomLife {
    struct Vote: Equatable {
        let validator: Int
        let data: AttestationData
    }

    struct Block: Equatable {
        let validator: Int
        let slot: Slot
        let root: Root
    }

    private static let slotsPerEpoch: UInt64 = 4
    private static let validators = 2

    private let configuration: WorkflowConfiguration
    private let isForgetful: Bool
    private var random: SplitMix64
    private var workflow: Workflow
    private var outbox = Outbox()
    private var journal = JournalSnapshot()
    private var underWay: (id: Outbox.CommitID, records: [Record])?
    private var slot: UInt64 = 8
    /// Since the slot began.
    private var second: UInt64 = 1
    /// What was proposed, for validator clients to sign.
    private var known: [Vote] = []
    private var knownBlocks: [(Int, VersionedProposal)] = []
    /// What left the node signed, or was signed elsewhere as it is told.
    private(set) var votes: [Vote] = []
    private(set) var blocks: [Block] = []
    private(set) var refusals = 0
    private(set) var restarts = 0
    private(set) var faults: [String] = []

    init(seed: UInt64, isForgetful: Bool = false) throws {
        random = SplitMix64(seed: seed)
        self.isForgetful = isForgetful
        configuration = try Fixture.configuration(
            validators: Self.validators, clock: Fixture.clock(slotsPerEpoch: Self.slotsPerEpoch))
        workflow = Self.workflow(configuration)
    }

    private static func workflow(_ configuration: WorkflowConfiguration) -> Workflow {
        Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [0]
            return sealed
        }
    }

    private var now: Instant { .slot(slot, plus: Double(second)) }
    private mutating func draw(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    private mutating func drawSlot() -> UInt64 { draw(slot - 6...slot) }

    mutating func step() throws {
        // Blocks have the first third of a slot.
        if draw(0...9) == 0 { second = min(second + 1, 11) }
        switch draw(0...19) {
        case 0...5: decideVotes()
        case 6...7: decideBlock()
        case 8...12: try signVote()
        case 13...14: signBlock()
        case 15: if draw(0...1) == 0 { (slot, second) = (slot + draw(1...2), 1) }
        case 16...17: commit()
        case 18: draw(0...2) == 0 ? crash() : commit()
        default: if draw(0...3) == 0 { signElsewhere() }
        }
    }

    // MARK: What leaders have decided

    private mutating func drawData(_ slot: UInt64) -> AttestationData {
        let epoch = slot / Self.slotsPerEpoch
        // Mostly one that may be: else nothing is decided.
        let target = draw(0...9) == 0 ? draw(0...epoch + 1) : epoch
        return Fixture.data(slot: slot, source: draw(0...max(1, target) - 1), target: target, block: UInt8(draw(1...3)))
    }

    private mutating func decideVotes() {
        let slot = drawSlot()
        var set: UnsignedDataSet = [:]
        for validator in 0..<Self.validators where draw(0...2) > 0 {
            let data = drawData(slot)
            known.append(Vote(validator: validator, data: data))
            set[Fixture.pubKey(validator)] = .attester(data, Fixture.row(validator, slot: slot))
        }
        if !set.isEmpty { decide(.attester(slot: Slot(slot)), set) }
    }

    private mutating func decideBlock() {
        let (validator, slot) = (Int(draw(0...1)), draw(0...3) == 0 ? drawSlot() : slot)
        var contents = BlockContents<Fulu>()
        contents.block.slot = Slot(slot)
        contents.block.proposerIndex = ValidatorIndex(UInt64(100 + validator))
        contents.block.body.graffiti = Bytes32(padding: [UInt8(draw(1...3))])
        let block = VersionedProposal(contents)
        knownBlocks.append((validator, block))
        decide(Duty(slot: Slot(slot), type: .proposer), [Fixture.pubKey(validator): .proposal(block)])
    }

    /// Two peers bring it, with three COMMITs.
    private mutating func decide(_ duty: Duty, _ set: UnsignedDataSet) {
        let hash = set.valueHash()
        let commits = (1...3).map {
            QBFT.Message(.commit, round: 1, source: $0, value: hash, signature: [UInt8($0)])
        }
        for source in 1...2 {
            let message = QBFT.Message(
                .decided, round: 1, source: source, value: hash, signature: [UInt8(source)], justification: commits)
            take(.consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(set)])))
        }
    }

    // MARK: What validator clients send

    private mutating func signVote() throws {
        let slot = drawSlot()
        let invented = Vote(validator: Int(draw(0...1)), data: drawData(slot))
        guard let vote = draw(0...4) == 0 ? invented : known.suffix(12).randomElement(using: &random) else { return }
        let partial = try Fixture.partial(vote.validator, share: 1, data: vote.data)
        let duty = Duty.attester(slot: draw(0...9) == 0 ? Slot(slot) : vote.data.slot)
        take(.localPartials([LocalPartials(duty, [Fixture.key(vote.validator): partial])], Ticket(1)))
    }

    private mutating func signBlock() {
        guard let (validator, block) = knownBlocks.suffix(6).randomElement(using: &random) else { return }
        let signed = SignedData.proposal(block.signed(with: Fixture.signature(1)))
        let partial = ParSignedData(data: signed, shareIndex: Fixture.share(1))
        let duty = Duty(slot: block.slot, type: .proposer)
        take(.localPartials([LocalPartials(duty, [Fixture.key(validator): partial])], Ticket(2)))
    }

    /// With the same key shares; this node is told, and must heed it from then on.
    private mutating func signElsewhere() {
        while underWay != nil { commit() }
        let validator = Int(draw(0...1))
        let epoch = slot / Self.slotsPerEpoch
        let vote = Fixture.data(slot: slot, source: draw(0...epoch - 1), target: epoch, block: 9)
        let isNew = faults(of: Vote(validator: validator, data: vote)).isEmpty
        let block = Block(validator: validator, slot: Slot(slot), root: Fixture.root(9))
        let isNewBlock = !blocks.contains { $0.validator == validator && $0.slot == block.slot }
        guard isNew, isNewBlock else { return }
        var history = SlashingHistory()
        history.attestations[Fixture.pubKey(validator)] = AttestationWatermark(
            source: vote.source.epoch, target: vote.target.epoch, dataRoot: vote.hashTreeRoot())
        history.proposals[Fixture.pubKey(validator)] = ProposalWatermark(slot: block.slot, root: block.root)
        take(.signedElsewhere(history, Ticket(3)))
        votes.append(Vote(validator: validator, data: vote))
        blocks.append(block)
        while underWay != nil { commit() }
    }

    // MARK: The node's shell

    private mutating func take(_ event: Event) { act(workflow.receive(event, at: now)) }

    private mutating func act(_ effects: [Effect]) {
        for effect in outbox.add(effects) { release(effect) }
        begin()
    }

    private mutating func begin() {
        guard underWay == nil, let (id, records) = outbox.nextCommit() else { return }
        underWay = (id, records)
    }

    private mutating func commit() {
        guard let (id, records) = underWay else { return }
        underWay = nil
        write(records[...])
        for effect in outbox.durable(id) { release(effect) }
        begin()
    }

    private mutating func write(_ records: ArraySlice<Record>) {
        for record in records {
            do { try journal.apply(record) } catch { faults.append("the journal refuses \(error)") }
        }
    }

    private mutating func crash() {
        let records = underWay?.records ?? []
        write(records.prefix(Int(draw(0...UInt64(records.count)))))
        underWay = nil
        outbox = Outbox()
        if isForgetful { journal = JournalSnapshot() }
        workflow = Self.workflow(configuration)
        restarts += 1
        act(workflow.restore(journal, at: now))
    }

    private mutating func release(_ effect: Effect) {
        switch effect {
        case .shareWithPeers(_, let set), .shareWithPeer(_, _, let set):
            for (key, partial) in set.sorted(by: { $0.key < $1.key }) {
                let validator = key == Fixture.key(0) ? 0 : 1
                switch partial.data {
                case .attestation(let attestation): sawVote(Vote(validator: validator, data: attestation.data))
                case .proposal(let signed):
                    sawBlock(Block(validator: validator, slot: signed.slot, root: signed.messageRoot))
                default: faults.append("a share of something else")
                }
            }
        case .answer(_, .submitted(let verdicts)): refusals += verdicts.count { !$0.refusals.isEmpty }
        default: break
        }
    }

    // MARK: Judging. Source: consensus-specs phase0/beacon-chain.md, `is_slashable_attestation_data`.

    private mutating func sawVote(_ vote: Vote) {
        faults += faults(of: vote)
        if !votes.contains(vote) { votes.append(vote) }
    }

    private func faults(of vote: Vote) -> [String] {
        votes.filter { $0.validator == vote.validator && $0.data != vote.data }.compactMap { other in
            let (a, b) = (vote.data, other.data)
            if a.target.epoch == b.target.epoch { return "a double vote for target \(a.target.epoch.rawValue)" }
            let surrounds = a.source.epoch < b.source.epoch && b.target.epoch < a.target.epoch
            let isAround = b.source.epoch < a.source.epoch && a.target.epoch < b.target.epoch
            return surrounds || isAround ? "a surround vote" : nil
        }
    }

    private mutating func sawBlock(_ block: Block) {
        if blocks.contains(where: { $0.validator == block.validator && $0.slot == block.slot && $0.root != block.root })
        {
            faults.append("two blocks of slot \(block.slot.rawValue)")
        }
        if !blocks.contains(block) { blocks.append(block) }
    }
}
