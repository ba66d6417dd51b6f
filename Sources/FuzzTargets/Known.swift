import DutyWorkflow
import Ethereum
import PeerProtocols
import QBFT
import SSZ
import Secp256k1

/// Keys and values that targets and corpora are made of: all constants.
enum Known {
    static let nodes = 4
    static let slot: UInt64 = 20

    /// Identity keys: the scalars 1 to 4.
    static let keys: [PrivateKey] = (1...nodes).map { number in
        guard let key = try? PrivateKey([UInt8](repeating: 0, count: 31) + [UInt8(number)]) else {
            preconditionFailure("small scalars are keys")
        }
        return key
    }

    static let pubKeys: [PubKey] = (0..<3).map {
        PubKey([0xa0 + UInt8($0)] + [UInt8](repeating: 7, count: 47)) ?? .zero
    }

    static let duty = Duty.attester(slot: Slot(slot))

    static let clock = SlotClock(genesis: Instant(unixSeconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)

    static func attestationData(slot: UInt64 = slot, seed: UInt8 = 1) -> AttestationData {
        var data = AttestationData()
        data.slot = Slot(slot)
        data.beaconBlockRoot = Root([UInt8](repeating: seed, count: 32)) ?? .zero
        data.target.epoch = clock.epoch(of: Slot(slot))
        data.target.root = Root([UInt8](repeating: 0xe0, count: 32)) ?? .zero
        return data
    }

    static func row(_ validator: Int, slot: UInt64 = slot) -> AttesterDuty {
        var row = AttesterDuty()
        row.pubKey = pubKeys[validator]
        row.slot = Slot(slot)
        row.validatorIndex = ValidatorIndex(UInt64(100 + validator))
        row.committeeIndex = CommitteeIndex(UInt64(validator))
        row.committeeLength = 64
        row.committeesAtSlot = 4
        return row
    }

    static func unsigned(slot: UInt64 = slot, seed: UInt8 = 1, validators: Int = 3) -> UnsignedDataSet {
        var set: UnsignedDataSet = [:]
        for validator in 0..<validators {
            set[pubKeys[validator]] = .attester(attestationData(slot: slot, seed: seed), row(validator, slot: slot))
        }
        return set
    }

    static let signature = SignatureBytes([0x8f] + [UInt8](repeating: 0x11, count: 95)) ?? .zero

    static func signed(
        _ validator: Int, fork: ForkName = .fulu, slot: UInt64 = slot, seed: UInt8 = 1
    ) -> SignedData {
        guard
            var attestation = VersionedAttestation(
                fork: fork, data: attestationData(slot: slot, seed: seed), duty: row(validator, slot: slot))
        else { preconditionFailure("the row names a committee") }
        attestation.signature = signature
        return .attestation(attestation)
    }

    static func partials(share: Int, slot: UInt64 = slot, seed: UInt8 = 1, validators: Int = 3) -> ParSignedDataSet {
        var set: ParSignedDataSet = [:]
        for validator in 0..<validators {
            set[EntryKey(pubKeys[validator])] = ParSignedData(
                data: signed(validator, slot: slot, seed: seed), shareIndex: ShareIndex(PeerIndex(share - 1)))
        }
        return set
    }

    static func sealed(_ duty: Duty = duty, _ message: QBFT.Message) -> QBFT.Message {
        ConsensusCodec.seal(duty, message, with: keys[message.source % nodes])
    }

    /// A PRE_PREPARE of node 0, or any other flat message, with its value.
    static func vote(_ kind: QBFT.Message.Kind, source: Int, seed: UInt8 = 1) -> ConsensusMessage {
        let value = unsigned(seed: seed)
        let hash = value.valueHash()
        let message = sealed(duty, QBFT.Message(kind, round: 1, source: source, value: hash))
        return ConsensusMessage(duty: duty, message: message, values: [hash: .duties(value)])
    }

    /// A ROUND_CHANGE of node 3 to round 2, prepared in round 1 by nodes 0, 1 and 2.
    static let roundChange = {
        let value = unsigned()
        let hash = value.valueHash()
        var message = QBFT.Message(.roundChange, round: 2, source: 3, preparedRound: 1, preparedValue: hash)
        message.justification = (0..<3).map { sealed(duty, QBFT.Message(.prepare, round: 1, source: $0, value: hash)) }
        return ConsensusMessage(duty: duty, message: sealed(duty, message), values: [hash: .duties(value)])
    }()
}
