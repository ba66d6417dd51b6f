import Ethereum
import QBFT
import SSZ

@testable import DutyWorkflow

/// A small cluster: 4 nodes, threshold 3, 12 s slots, 32 a epoch, genesis at second 0.
enum Fixture {
    static let genesis = Instant(nanoseconds: 0)

    static func clock(slot: Duration = .seconds(12), slotsPerEpoch: UInt64 = 32) -> SlotClock {
        SlotClock(genesis: genesis, slotDuration: slot, slotsPerEpoch: slotsPerEpoch)
    }

    static func pubKey(_ index: Int) -> PubKey { PubKey([0xa0] + [UInt8](repeating: UInt8(index), count: 47)) ?? .zero }

    /// - Parameter fork: of the whole chain.
    static func configuration(
        nodes: Int = 4, peer: Int = 0, validators: Int = 3, fork: ForkName = .fulu, signs: Bool = false,
        clock: SlotClock = clock()
    ) throws -> WorkflowConfiguration {
        let forks = try ForkSchedule(
            ForkName.allCases.map { name in
                let epoch = name <= fork ? Epoch.zero : Epoch(1 << 40)
                return ForkSchedule.Entry(fork: name, version: Bytes4(padding: [UInt8(name.rawValue)]), epoch: epoch)
            })
        return WorkflowConfiguration(
            nodes: nodes, threshold: (2 * nodes + 2) / 3, peer: PeerIndex(peer),
            validators: Set((0..<validators).map { pubKey($0) }), clock: clock,
            spec: ChainSpec(forks: forks), signs: signs, seed: 1)
    }

    /// Validator `index` is in committee `index` unless told otherwise.
    static func row(_ index: Int, slot: UInt64, committee: UInt64? = nil) -> AttesterDuty {
        var row = AttesterDuty()
        row.pubKey = pubKey(index)
        row.slot = Slot(slot)
        row.validatorIndex = ValidatorIndex(UInt64(100 + index))
        row.committeeIndex = CommitteeIndex(committee ?? UInt64(index))
        row.committeeLength = 64
        row.committeesAtSlot = 4
        row.validatorCommitteeIndex = UInt64(index)
        return row
    }

    /// A beacon node's word that validator 0 has the block of a slot: what nobody takes on a peer's claim.
    static func proposer(slot: UInt64) -> Event {
        var row = ProposerDuty()
        row.pubKey = pubKey(0)
        row.slot = Slot(slot)
        row.validatorIndex = 100
        return .dutiesResolved(Epoch(slot / 32), .proposer, [.proposer(row)])
    }

    static func data(
        slot: UInt64, source: UInt64? = nil, target: UInt64? = nil, block: UInt8 = 1, index: UInt64 = 0
    ) -> AttestationData {
        let epoch = target ?? slot / 32
        var data = AttestationData()
        data.slot = Slot(slot)
        data.index = CommitteeIndex(index)
        data.beaconBlockRoot = root(block)
        data.source = checkpoint(source ?? (epoch == 0 ? 0 : epoch - 1))
        data.target = checkpoint(epoch)
        return data
    }

    static func definitions(_ rows: [AttesterDuty]) -> DutyDefinitionSet {
        Dictionary(uniqueKeysWithValues: rows.map { ($0.pubKey, .attester($0)) })
    }

    static func root(_ byte: UInt8) -> Root { Root([UInt8](repeating: byte, count: 32)) ?? .zero }

    static func checkpoint(_ epoch: UInt64) -> Checkpoint {
        var checkpoint = Checkpoint()
        checkpoint.epoch = Epoch(epoch)
        checkpoint.root = root(UInt8(truncatingIfNeeded: 0xe0 &+ epoch))
        return checkpoint
    }

    static func unsigned(_ indices: [Int], slot: UInt64, _ data: AttestationData) -> UnsignedDataSet {
        Dictionary(uniqueKeysWithValues: indices.map { (pubKey($0), .attester(data, row($0, slot: slot))) })
    }

    static func key(_ index: Int) -> EntryKey { EntryKey(pubKey(index)) }

    static func share(_ index: Int) -> ShareIndex { ShareIndex(PeerIndex(index - 1)) }

    /// A partial attestation. The signature is a stand-in: components never look into it.
    static func partial(
        _ validator: Int, share: Int, data: AttestationData, fork: ForkName = .fulu, committee: UInt64? = nil,
        validatorIndex: UInt64? = nil
    ) throws -> ParSignedData {
        var duty = row(validator, slot: data.slot.rawValue, committee: committee)
        if let validatorIndex { duty.validatorIndex = ValidatorIndex(validatorIndex) }
        guard let attestation = VersionedAttestation(fork: fork, data: data, duty: duty) else { throw NoAttestation() }
        let unsigned = SignedData.attestation(attestation)
        return ParSignedData(data: unsigned.with(signature: signature(UInt8(share))), shareIndex: Self.share(share))
    }

    static func partials(_ validators: [Int], share: Int, data: AttestationData) throws -> ParSignedDataSet {
        Dictionary(uniqueKeysWithValues: try validators.map { (key($0), try partial($0, share: share, data: data)) })
    }

    static func signature(_ byte: UInt8) -> SignatureBytes {
        SignatureBytes([UInt8](repeating: byte, count: 96)) ?? .zero
    }

    static let groupSignature = signature(0xff)

    struct NoAttestation: Error {}
}

extension Instant {
    /// Seconds after the fixture's genesis.
    static func at(_ seconds: Double) -> Instant { Fixture.genesis + .nanoseconds(Int64(seconds * 1e9)) }
    /// A moment in a slot of 12 s.
    static func slot(_ slot: UInt64, plus seconds: Double = 0) -> Instant { at(Double(slot) * 12 + seconds) }
}

extension Scheduler {
    /// All kinds of an epoch's duties, told together.
    mutating func resolved(_ epoch: Epoch, _ rows: [DutyDefinition], at now: Instant) -> [Signal] {
        DutyKind.allCases.flatMap { kind in resolved(epoch, kind, rows.filter { $0.kind == kind }, at: now) }
    }
}

extension Signal {
    var effect: Effect? { if case .perform(let effect) = self { effect } else { nil } }
}

extension Effect {
    /// A word or two, to compare sequences of effects.
    var name: String {
        switch self {
        case .persist(let record): "persist \(record.name)"
        case .note(let record): "note \(record.name)"
        case .resolveDuties(let epoch, _): "resolve \(epoch.rawValue)"
        case .fetch(let duty, _): "fetch \(duty)"
        case .sendConsensus(let message): "send \(message.message.kind)"
        case .sendConsensusTo(let peer, let message): "send \(message.message.kind) to \(peer.rawValue)"
        case .exchangePriorities: "exchange"
        case .sign: "sign"
        case .shareWithPeers: "share"
        case .shareWithPeer(let peer, _, _): "share with \(peer.rawValue)"
        case .verify: "verify"
        case .decodeAhead: "decode"
        case .recover: "recover"
        case .broadcast: "broadcast"
        case .checkInclusion(let slot): "check \(slot)"
        case .enterNewSet: "enter"
        case .answer(_, let answer): "answer \(answer.name)"
        case .report: "report"
        }
    }
}

extension Answer {
    var name: String {
        switch self {
        case .decided: "data"
        case .attesters: "pubkeys"
        case .aggregators: "aggregators"
        case .definitions: "definitions"
        case .signed: "signed"
        case .exits: "exits"
        case .priorities: "priorities"
        case .absent: "absent"
        case .submitted(let verdicts): verdicts.allSatisfy { $0.refusals.isEmpty } ? "submitted" : "refused"
        case .slashingHistory: "history"
        case .recorded: "recorded"
        case .refused: "refused"
        }
    }
}

extension Record {
    var name: String {
        switch self {
        case .vote(_, let message, _): "vote \(message.kind)"
        case .unsigned: "unsigned"
        case .attestationWatermark: "watermark"
        case .proposalWatermark: "block watermark"
        case .partials(_, _, let status): "partials \(status)"
        case .partialStatus(_, _, let status): "status \(status)"
        case .aggregated: "aggregated"
        case .broadcast: "broadcast"
        case .expired: "expired"
        case .forgotten: "forgotten"
        case .halted: "halted"
        case .haltLifted: "halt lifted"
        case .slashed: "slashed"
        case .slashingLifted: "slashing lifted"
        case .plannedSwitch(let record): "switch \(record.stage)"
        case .switchDropped: "switch dropped"
        }
    }
}

extension [Signal] {
    var effects: [Effect] { compactMap(\.effect) }
    var effectNames: [String] { effects.map(\.name) }
    var tracked: [TrackedStep] { compactMap { if case .tracked(_, let step) = $0 { step } else { nil } } }
    var started: [Duty] { compactMap { if case .dutyStarted(let duty, _) = $0 { duty } else { nil } } }
    var thresholds: [[EntryKey: PartialGroup]] {
        compactMap { if case .thresholdReached(_, let groups) = $0 { groups } else { nil } }
    }
    var resolved: [UInt64] {
        effects.compactMap { if case .resolveDuties(let epoch, _) = $0 { epoch.rawValue } else { nil } }
    }
    /// What beacon nodes are asked for, by epoch.
    var questions: [UInt64: Set<DutyKind>] {
        var questions: [UInt64: Set<DutyKind>] = [:]
        for case .resolveDuties(let epoch, let kinds) in effects {
            questions[epoch.rawValue, default: []].formUnion(kinds)
        }
        return questions
    }
}

extension [Effect] {
    /// Without reports and what only saves time.
    var work: [String] { map(\.name).filter { $0 != "report" && $0 != "decode" } }
    var records: [Record] {
        compactMap {
            switch $0 {
            case .persist(let record), .note(let record): record
            default: nil
            }
        }
    }
    var reports: [Report] { compactMap { if case .report(let report) = $0 { report } else { nil } } }
    var dataAnswers: [AttestationData] {
        answers.compactMap { if case .decided(_, .attester(let data, _)) = $0 { data } else { nil } }
    }
    var answers: [Answer] { compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } } }
    var sent: [ConsensusMessage] { compactMap { if case .sendConsensus(let message) = $0 { message } else { nil } } }
}
