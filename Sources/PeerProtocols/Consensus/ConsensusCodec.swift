import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ
import Secp256k1
import SwiftProtobuf

/// `QBFTConsensusMsg` ↔ `ConsensusMessage`, with every receipt check of consensus.md §4 up to the workflow's own.
///
/// The libp2p sender is not compared with `peer_idx`: the signature authenticates, third parties may relay.
package struct ConsensusCodec: Sendable {
    /// Larger than any block with its blobs: 10 MiB is what the network carries of a block, and 21 blobs with their
    /// proofs are 3 MiB. Charon reads 32 MiB since v1.11, which one operator could have us hold.
    package static let messageBytesMax = 16 << 20
    /// Longest `QBFTMsg` kept verbatim, see `verbatim(_:)`. Ours have about 170 bytes.
    static let verbatimBytesMax = 512

    /// Identity keys in the lock's operator order.
    let operators: [PublicKey]
    /// Validators of the cluster: no set has more entries.
    let validators: Int
    /// Duty types with values this node can decode; others are refused before any signature is checked.
    let duties: Set<DutyType>
    /// Of the chain, which gives blocks their shape: known before any message is admitted, but not when this is made.
    private let preset: @Sendable () -> Preset
    private let priorities: PriorityCodec
    private let verified: VerifiedSignatures
    private let decoded = DecodedValues()

    package init(
        operators: [PublicKey], validators: Int,
        duties: Set<DutyType> = Set(DutyType.allCases.filter { $0.rules.isDecided }),
        preset: @escaping @Sendable () -> Preset = { .mainnet }
    ) {
        self.operators = operators
        self.validators = validators
        self.duties = duties
        self.preset = preset
        priorities = PriorityCodec(operators: operators)
        // An attester duty of n nodes takes 3 n signatures; a slot has up to five duties.
        verified = VerifiedSignatures(capacity: 64 * operators.count)
    }

    // MARK: Receiving

    /// - Parameters:
    ///   - bytes: the protobuf, without its length prefix, at most `messageBytesMax`.
    ///   - admits: the duty gate.
    package func decode(_ bytes: [UInt8], admits: (Duty) -> Bool) throws(MessageFault) -> ConsensusMessage {
        let prechecked = try precheck(bytes)
        guard admits(prechecked.duty) else { throw .dutyNotAdmitted(prechecked.duty) }
        return try decode(prechecked)
    }

    /// The expensive half: up to a signature for each vote, and the hash of each value.
    package func decode(_ prechecked: Prechecked) throws(MessageFault) -> ConsensusMessage {
        let authentic = try authenticate(prechecked)
        var values = authentic.known
        for (hash, wire) in authentic.values {
            let value = try value(wire.value, authentic.duty.type)
            // Hashes cover the sender's encoding; forwarding ours must give the same hash.
            guard value.canonicalBytes() == wire.bytes else { throw .notCanonical }
            values[hash] = value
            decoded.insert(.init(hash: hash, value: value), from: wire.received, of: authentic.duty.type)
        }
        let referenced = authentic.message.valueHashes
        return ConsensusMessage(
            duty: authentic.duty, message: authentic.message, values: values.filter { referenced.contains($0.key) })
    }

    private func value(_ wire: WireValue, _ type: DutyType) throws(MessageFault) -> ConsensusValue {
        switch wire {
        case .duties(let set): .duties(try UnsignedDataSet(wire: set, type: type, preset: preset()))
        case .priorities(let result): .priorities(try priorities.result(result))
        }
    }

    /// A message whose signatures, hashes and limits are right; its values are still bytes.
    struct Authentic {
        let duty: Duty
        let message: QBFT.Message
        /// Values seen for the first time, by hash, with the bytes that were hashed and those that came.
        let values: [Root: (value: WireValue, bytes: [UInt8], received: Data)]
        /// The others.
        let known: [Root: ConsensusValue]
    }

    func authenticate(_ prechecked: Prechecked) throws(MessageFault) -> Authentic {
        let duty = prechecked.duty
        let wire = try WireQBFTConsensusMsg(wire: prechecked.bytes, "QBFTConsensusMsg")
        guard wire.msg.hasDuty, wire.justification.allSatisfy(\.hasDuty) else { throw .missingField("duty") }
        // The decoder and the precheck merge alike; should they ever differ, the gate was asked about another duty.
        guard try wire.msg.duty.duty() == duty else { throw .undecodable("QBFTConsensusMsg") }
        var message = try message(wire.msg)
        for justification in wire.justification {
            let other = try justification.duty.duty()
            guard other == duty else { throw .foreignJustification(other) }
            message.justification.append(try self.message(justification))
        }

        var values: [Root: (value: WireValue, bytes: [UInt8], received: Data)] = [:]
        var known: [Root: ConsensusValue] = [:]
        for any in wire.values {
            if let found = decoded.find(any.value, of: duty.type) {
                known[found.hash] = found.value
                continue
            }
            let value = try WireValue(any, of: duty.type)
            // Never the hash of the received bytes: their map order is random.
            let bytes = value.canonicalBytes()
            values[consensusHashRoot(bytes)] = (value, bytes, any.value)
        }
        for hash in message.valueHashes.sorted() where values[hash] == nil && known[hash] == nil {
            throw .missingValue(hash)
        }
        return Authentic(duty: duty, message: message, values: values, known: known)
    }

    /// Ranges and signature of one flat message; its duty is the caller's to check.
    private func message(_ wire: WireQBFTMsg) throws(MessageFault) -> QBFT.Message {
        let kind = try Self.kind(of: wire)
        guard wire.round >= 1 else { throw .outOfRange("round", wire.round) }
        guard wire.preparedRound >= 0 else { throw .outOfRange("prepared_round", wire.preparedRound) }
        let signer = try signer(of: wire)
        try verify(wire, by: signer)
        var message = QBFT.Message(
            kind, round: wire.round, source: signer, value: Self.hash(wire.valueHash),
            preparedRound: wire.preparedRound, preparedValue: Self.hash(wire.preparedValueHash),
            signature: Array(wire.signature))
        if WireQBFTMsg(try wire.duty.duty(), message) != wire { message.signature = try Self.verbatim(wire) }
        return message
    }

    static func kind(of wire: WireQBFTMsg) throws(MessageFault) -> QBFT.Message.Kind {
        guard let kind = QBFT.Message.Kind(rawValue: wire.type) else { throw .outOfRange("type", wire.type) }
        return kind
    }

    /// The position of the operator that is claimed to have signed.
    func signer(of wire: WireQBFTMsg) throws(MessageFault) -> Int {
        guard let signer = Int(exactly: wire.peerIdx), operators.indices.contains(signer) else {
            throw .unknownPeer(wire.peerIdx)
        }
        return signer
    }

    private func verify(_ wire: WireQBFTMsg, by signer: Int) throws(MessageFault) {
        guard let signature = Bytes65(wire.signature) else { throw .badSignature(PeerIndex(signer)) }
        let entry = VerifiedSignatures.Entry(digest: wire.digest, signature: signature, signer: signer)
        if verified.contains(entry) { return }
        guard operators[signer].verify(digest: entry.digest, signature65: signature) else {
            throw .badSignature(PeerIndex(signer))
        }
        verified.insert(entry)
    }

    /// "Not 32 bytes" means no value, as all zeros does.
    private static func hash(_ bytes: Data) -> Root { Root(bytes) ?? .zero }

    /// What `QBFT.Message.signature` holds when our encoder would write the message differently (unknown fields of a
    /// later version, hash fields that are not 32 bytes): the whole encoding, so that a justification made of it still
    /// verifies elsewhere. Its length tells it from a plain signature of 65 bytes.
    private static func verbatim(_ wire: WireQBFTMsg) throws(MessageFault) -> [UInt8] {
        let bytes = wire.canonicalBytes()
        guard bytes.count <= verbatimBytesMax else { throw .oversized(bytes: bytes.count, limit: verbatimBytesMax) }
        return bytes
    }

    // MARK: Sending

    /// The protobuf, without its length prefix. Equal messages give equal bytes.
    ///
    /// - Throws: `missingValue` when a hash of the message or its justification has no value: peers would drop it.
    package static func encode(_ message: ConsensusMessage) throws(MessageFault) -> [UInt8] {
        try wire(message).canonicalBytes()
    }

    static func wire(_ message: ConsensusMessage) throws(MessageFault) -> WireQBFTConsensusMsg {
        var wire = WireQBFTConsensusMsg()
        wire.msg = WireQBFTMsg(message.duty, message.message)
        wire.justification = message.message.justification.map { WireQBFTMsg(message.duty, $0) }
        for hash in message.message.valueHashes.sorted() {
            guard let value = message.values[hash] else { throw .missingValue(hash) }
            wire.values.append(WireValue.any(value))
        }
        return wire
    }

    /// What is signed of a message: everything but its signature, justification and values (consensus.md §3.4).
    package static func digest(_ duty: Duty, _ message: QBFT.Message) -> Root {
        WireQBFTMsg(duty, message).digest
    }

    /// Our own message with its signature, R ‖ S ‖ V of 65 bytes. Deterministic (RFC 6979).
    package static func seal(_ duty: Duty, _ message: QBFT.Message, with key: PrivateKey) -> QBFT.Message {
        var sealed = message
        sealed.signature = []
        sealed.signature = key.sign(digest: digest(duty, sealed)).bytes
        return sealed
    }
}

extension WireQBFTMsg {
    /// The flat part of a message of ours, or a peer's as it was signed.
    init(_ duty: Duty, _ message: QBFT.Message) {
        if message.signature.count > Bytes65.zero.bytes.count,
            let verbatim = try? Self(wire: message.signature, "QBFTMsg")
        {
            self = verbatim
            return
        }
        self.init()
        type = message.kind.rawValue
        // Set even when empty: receivers demand presence.
        self.duty = WireDuty(duty)
        peerIdx = Int64(message.source)
        round = message.round
        preparedRound = message.preparedRound
        signature = Data(message.signature)
        valueHash = Data(message.value.bytes)
        preparedValueHash = Data(message.preparedValue.bytes)
    }

    /// The signed digest.
    var digest: Root {
        var unsigned = self
        unsigned.signature = Data()
        return consensusHashRoot(unsigned.canonicalBytes())
    }
}

extension QBFT.Message {
    /// Every non-zero hash in the message and its justification: those whose values travel with it.
    var valueHashes: Set<Root> {
        var hashes: Set<Root> = [value, preparedValue]
        for message in justification { hashes.formUnion([message.value, message.preparedValue]) }
        hashes.remove(.zero)
        return hashes
    }
}

extension [PubKey: UnsignedData] {
    init(wire: WireUnsignedDataSet, type: DutyType, preset: Preset) throws(MessageFault) {
        guard !wire.set.isEmpty else { throw .emptySet }
        self.init()
        for (key, bytes) in wire.set {
            do {
                self[try pubKey(wire: key)] = try UnsignedData(wire: Array(bytes), type: type, preset: preset)
            } catch let error as WireError {
                throw .value(error)
            } catch let error as MessageFault {
                throw error
            } catch {
                throw .undecodable("UnsignedDataSet")
            }
        }
    }
}
