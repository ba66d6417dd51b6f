import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Secp256k1
import SwiftProtobuf

@testable import PeerProtocols

/// Operators with known keys and validators without any.
struct TestCluster: Sendable {
    let keys: [PrivateKey]
    let codec: ConsensusCodec
    let pubKeys: [PubKey]

    init(nodes: Int = 4, validators: Int = 3) {
        keys = (1...nodes).map { number in
            guard let key = try? PrivateKey(Root(padding: [UInt8(number)]).bytes) else { fatalError("small scalars") }
            return key
        }
        codec = ConsensusCodec(operators: keys.map(\.publicKey), validators: max(validators, 1))
        pubKeys = (1...max(validators, 1)).map { PubKey(padding: [0xa0, UInt8($0 & 255), UInt8($0 >> 8)]) }
    }

    /// One entry per validator, told apart by `seed`.
    func value(slot: Slot, seed: UInt64 = 0) -> UnsignedDataSet {
        var set: UnsignedDataSet = [:]
        for (position, pubKey) in pubKeys.enumerated() {
            var data = AttestationData()
            data.slot = slot
            data.index = CommitteeIndex(UInt64(position))
            data.target.epoch = Epoch(seed)
            var duty = AttesterDuty()
            duty.pubKey = pubKey
            duty.slot = slot
            duty.validatorIndex = ValidatorIndex(UInt64(position) + 100)
            set[pubKey] = .attester(data, duty)
        }
        return set
    }

    func sealed(_ duty: Duty, _ message: QBFT.Message) -> QBFT.Message {
        ConsensusCodec.seal(duty, message, with: keys[message.source])
    }

    /// A PREPARE of node 1 with its value.
    func prepare(_ duty: Duty = .attester(slot: 5)) -> ConsensusMessage {
        let value = value(slot: duty.slot)
        let hash = value.valueHash()
        return ConsensusMessage(
            duty: duty, message: sealed(duty, QBFT.Message(.prepare, round: 1, source: 1, value: hash)),
            values: [hash: .duties(value)])
    }

    /// A ROUND_CHANGE of node 0 to round 2, prepared in round 1 by nodes 0, 1 and 2.
    func roundChange(_ duty: Duty = .attester(slot: 5)) -> ConsensusMessage {
        let value = value(slot: duty.slot)
        let hash = value.valueHash()
        var message = QBFT.Message(.roundChange, round: 2, source: 0, preparedRound: 1, preparedValue: hash)
        message.justification = (0..<3).map {
            sealed(duty, QBFT.Message(.prepare, round: 1, source: $0, value: hash))
        }
        return ConsensusMessage(duty: duty, message: sealed(duty, message), values: [hash: .duties(value)])
    }

    /// The wire form of a message.
    func wire(_ message: ConsensusMessage) throws -> WireQBFTConsensusMsg {
        try WireQBFTConsensusMsg(wire: ConsensusCodec.encode(message), "QBFTConsensusMsg")
    }

    /// Signs a wire message again after it was changed.
    func reseal(_ wire: inout WireQBFTMsg) {
        guard keys.indices.contains(Int(wire.peerIdx)) else { return }
        wire.signature.replaceSubrange(
            wire.signature.startIndex..., with: keys[Int(wire.peerIdx)].sign(digest: wire.digest).bytes)
    }

    func decode(_ wire: WireQBFTConsensusMsg) throws(MessageFault) -> ConsensusMessage {
        try codec.decode(wire.canonicalBytes()) { _ in true }
    }
}
