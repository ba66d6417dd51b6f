import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ

@testable import Storage

/// A folder of its own for each test, deleted with it.
final class Folder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("styx-journal-\(UUID().uuidString)")
    var journal: String { url.appendingPathComponent("data/journal.sqlite").path }

    deinit { try? FileManager.default.removeItem(at: url) }

    func open(
        _ binding: JournalBinding? = .sample, bytesMax: Int = 1 << 30, keptSlots: UInt64 = 0,
        preset: Preset? = .mainnet, at slot: Slot = .zero
    ) throws(JournalError) -> Journal {
        try Journal(
            path: journal, binding: binding, bytesMax: bytesMax, keptSlots: keptSlots, preset: preset, at: slot
        ) {
            Instant(unixSeconds: 1_700_000_000)
        }
    }
}

extension JournalBinding {
    static let sample = JournalBinding(lockHash: root(0xAA), genesisValidatorsRoot: root(0xBB))
}

func root(_ byte: UInt8) -> Root { Root([UInt8](repeating: byte, count: 32)) ?? .zero }

func key(_ number: Int) -> PubKey {
    PubKey([UInt8](repeating: 0xC0, count: 40) + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * (7 - $0))) })
        ?? .zero
}

func entry(_ number: Int) -> EntryKey { EntryKey(key(number)) }

func data(_ slot: Slot, head: UInt8 = 1) -> AttestationData {
    AttestationData(
        slot: slot, index: 0, beaconBlockRoot: root(head), source: Checkpoint(epoch: 3, root: root(3)),
        target: Checkpoint(epoch: 4, root: root(4)))
}

func value(_ slot: Slot, _ pubKey: PubKey, head: UInt8 = 1, committee: UInt64 = 7) -> UnsignedData {
    var duty = AttesterDuty()
    duty.pubKey = pubKey
    duty.slot = slot
    duty.committeeIndex = CommitteeIndex(committee)
    duty.validatorCommitteeIndex = 9
    return .attester(data(slot, head: head), duty)
}

/// The values of the first `count` validators.
func values(_ slot: Slot, _ count: Int = 1, head: UInt8 = 1) -> UnsignedDataSet {
    Dictionary(uniqueKeysWithValues: (0..<count).map { (key($0), value(slot, key($0), head: head)) })
}

/// - Parameter validator: is not part of the message.
func signed(_ slot: Slot, head: UInt8 = 1, signature: UInt8 = 5, validator: UInt8 = 77) -> SignedData {
    // Version 5 (Electra), validator, offset 20; then the attestation: offset of its bits, data, signature,
    // committee bits, no aggregation bits.
    let header: [UInt8] = [5, 0, 0, 0, 0, 0, 0, 0, validator, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]
    let object: [UInt8] =
        [236, 0, 0, 0] + data(slot, head: head).sszBytes() + [UInt8](repeating: signature, count: 96)
        + [1, 0, 0, 0, 0, 0, 0, 0, 1]
    do {
        return try SignedData(wire: header + object, type: .attester)
    } catch {
        preconditionFailure("the fixture does not decode: \(error)")
    }
}

func partials(_ slot: Slot, _ count: Int = 1, share: Int, signature: UInt8 = 5) -> ParSignedDataSet {
    let index = ShareIndex(PeerIndex(share - 1))
    return Dictionary(
        uniqueKeysWithValues: (0..<count).map {
            (entry($0), ParSignedData(data: signed(slot, signature: signature), shareIndex: index))
        })
}

func share(_ number: Int) -> ShareIndex { ShareIndex(PeerIndex(number - 1)) }

func vote(_ kind: QBFT.Message.Kind, round: Int64 = 1, _ value: Root = root(1), justified: Int = 0) -> QBFT.Message {
    QBFT.Message(
        kind, round: round, source: 2, value: value, signature: [UInt8](repeating: 6, count: 65),
        justification: (0..<justified).map {
            QBFT.Message(.prepare, round: round, source: $0, value: value, signature: [UInt8](repeating: 7, count: 65))
        })
}

func watermark(_ source: UInt64, _ target: UInt64, _ byte: UInt8) -> AttestationWatermark {
    AttestationWatermark(source: Epoch(source), target: Epoch(target), dataRoot: root(byte))
}

let everything: @Sendable (Duty) -> Bool = { _ in true }

/// A whole duty as the workflow records it.
func records(_ slot: Slot, validators: Int = 2) -> [Record] {
    let duty = Duty.attester(slot: slot)
    let set = values(slot, validators)
    let keys = set.keys.sorted()
    return [
        .vote(duty, vote(.prepare, set.valueHash()), values: [set.valueHash(): .duties(set)]),
        .vote(duty, vote(.commit, set.valueHash(), justified: 3), values: [:]),
        .unsigned(duty, set),
    ] + keys.map { .attestationWatermark($0, watermark(3, slot.rawValue, 8)) } + [
        .partials(duty, partials(slot, validators, share: 1), .internal),
        .partials(duty, partials(slot, validators, share: 2), .broadcasted),
        .partialStatus(duty, keys.map { EntryKey($0) }, .broadcasted),
        .aggregated(duty, Dictionary(uniqueKeysWithValues: keys.map { (EntryKey($0), signed(slot, signature: 9)) })),
        .partialStatus(duty, keys.map { EntryKey($0) }, .aggregated),
        .broadcast(duty, [EntryKey(keys[0])]),
    ]
}

/// A builder registration that the cluster has signed.
func registrations(at slot: Slot = 70) -> [Record] {
    let message = ValidatorRegistration(
        feeRecipient: Bytes20(padding: [7]), gasLimit: 45_000_000, timestamp: 1_700_000_000, pubKey: key(0))
    let signed = SignedData.registration(Signed(message: message, signature: SignatureBytes(padding: [9])))
    let duty = Duty(slot: slot, type: .builderRegistration)
    return [.aggregated(duty, [entry(0): signed]), .broadcast(duty, [entry(0)])]
}

/// A snapshot with everything in an order that can be compared.
struct Contents: Equatable {
    var votes: [Duty: [QBFT.Message]]
    var voteValues: [Duty: [Root: ConsensusValue]]
    var unsigned: [Duty: UnsignedDataSet]
    var partials: Set<JournalSnapshot.Partial>
    var aggregated: [Duty: SignedDataSet]
    var broadcast: [Duty: Set<EntryKey>]
    var watermarks: [PubKey: AttestationWatermark]
    var closed: Set<Duty>
    var halt: Halt?
    var slashed: [PubKey: Slashing]
    var plannedSwitch: SwitchRecord?

    init(_ snapshot: JournalSnapshot) {
        votes = snapshot.votes
        voteValues = snapshot.voteValues
        unsigned = snapshot.unsigned
        partials = Set(snapshot.partials)
        aggregated = snapshot.aggregated
        broadcast = snapshot.broadcast
        watermarks = snapshot.watermarks
        closed = snapshot.closed
        halt = snapshot.halt
        slashed = snapshot.slashed
        plannedSwitch = snapshot.plannedSwitch
    }
}

/// From the sample's lock to another, four operators each.
func plan(epoch: UInt64 = 5, to new: UInt8 = 0xCC) throws -> SwitchPlan {
    func side(_ lock: UInt8) -> SwitchPlan.Side {
        SwitchPlan.Side(lock: root(lock), peerIDs: (0..<4).map { "16Uiu2HAm\($0)" }, threshold: 3)
    }
    return try SwitchPlan(old: side(0xAA), new: side(new), epoch: Epoch(epoch), slotsPerEpoch: 32)
}
