import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import Secp256k1
import SwiftProtobuf

import struct Libp2p.PeerID

/// `PriorityMsg` and `PriorityResult` ↔ values, each message under its operator's signature. Source: protocols.md §7.
package struct PriorityCodec: Sendable {
    /// Ours have 1.4 KiB. Charon sets no limit of its own.
    package static let messageBytesMax = 16 << 10
    /// Three are in use.
    static let topicsMax = 16
    /// In all topics together; 18 are in use. The protocol allows 999 in each.
    static let prioritiesMax = 256

    /// Identity keys in the lock's operator order.
    private let operators: [PublicKey]
    private let peerIDs: [String]
    private let verified: VerifiedSignatures

    package init(operators: [PublicKey]) {
        self.operators = operators
        peerIDs = operators.map { PeerID($0).description }
        // One message of each operator and epoch; two epochs meet.
        verified = VerifiedSignatures(capacity: 4 * operators.count)
    }

    // MARK: Messages

    /// - Parameters:
    ///   - bytes: the protobuf, without its length prefix.
    ///   - sender: whose message it must be.
    ///   - admits: the duty gate.
    package func decode(
        _ bytes: [UInt8], from sender: PeerIndex, admits: (Duty) throws(MessageFault) -> Void
    ) throws(MessageFault) -> PriorityMessage {
        try Self.precheckMessage(bytes.indices, of: bytes)
        try admits(FieldScan.duty(in: bytes, at: [1], of: "PriorityMsg"))
        let wire = try WirePriorityMsg(wire: bytes, "PriorityMsg")
        // The decoder merges what the scan takes the first of.
        guard wire.hasDuty else { throw .missingField("duty") }
        try admits(wire.duty.duty())
        guard wire.peerID == peerIDs[sender.rawValue] else { throw .foreignPriorities(from: sender) }
        let message = try message(wire)
        // Others get it as part of a result, whose hash is that of our encoding.
        guard message.canonicalBytes() == wire.canonicalBytes() else { throw .notCanonical }
        return message
    }

    /// Whoever's it is; the signature is of the operator it names.
    private func message(_ wire: WirePriorityMsg) throws(MessageFault) -> PriorityMessage {
        guard wire.hasDuty else { throw .missingField("duty") }
        let duty = try wire.duty.duty()
        guard duty.type == .infoSync else { throw .dutyType(.unsupportedDuty(duty.type)) }
        guard let signer = peerIDs.firstIndex(of: wire.peerID) else { throw .unknownSender }
        var topics: [PriorityMessage.TopicProposal] = []
        for topic in wire.topics {
            guard topic.hasTopic else { throw .missingField("topic") }
            topics.append(
                .init(topic: PriorityAny(topic.topic), priorities: topic.priorities.map { PriorityAny($0) }))
        }
        let message = PriorityMessage(
            duty: duty, topics: topics, peerID: wire.peerID, signature: Array(wire.signature))
        guard let signature = Bytes65(wire.signature) else { throw .badSignature(PeerIndex(signer)) }
        let entry = VerifiedSignatures.Entry(digest: wire.digest, signature: signature, signer: signer)
        if verified.contains(entry) { return message }
        guard operators[signer].verify(digest: entry.digest, signature65: signature) else {
            throw .badSignature(PeerIndex(signer))
        }
        verified.insert(entry)
        return message
    }

    /// Our own message with its signature, R ‖ S ‖ V of 65 bytes. Deterministic (RFC 6979).
    package static func seal(_ message: PriorityMessage, with key: PrivateKey) -> PriorityMessage {
        var sealed = message
        sealed.signature = key.sign(digest: message.digest).bytes
        return sealed
    }

    // MARK: Results

    /// Each message in it is its operator's; whether the result is theirs is the workflow's to judge.
    func result(_ wire: WirePriorityResult) throws(MessageFault) -> PriorityResult {
        guard !wire.msgs.isEmpty else { throw .emptySet }
        var result = PriorityResult(messages: [], topics: [])
        for message in wire.msgs { result.messages.append(try self.message(message)) }
        for topic in wire.topics {
            guard topic.hasTopic else { throw .missingField("topic") }
            var priorities: [PriorityResult.ScoredResult] = []
            for scored in topic.priorities {
                guard scored.hasPriority else { throw .missingField("priority") }
                priorities.append(.init(priority: PriorityAny(scored.priority), score: scored.score))
            }
            result.topics.append(.init(topic: PriorityAny(topic.topic), priorities: priorities))
        }
        return result
    }
}

extension WirePriorityMsg {
    /// The signed digest, of fields of later versions too.
    fileprivate var digest: Root {
        var unsigned = self
        unsigned.signature = Data()
        return consensusHashRoot(unsigned.canonicalBytes())
    }
}

extension PriorityAny {
    fileprivate init(_ any: Google_Protobuf_Any) {
        self.init(typeURL: Array(any.typeURL.utf8), value: Array(any.value))
    }
}
