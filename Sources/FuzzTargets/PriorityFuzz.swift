import DutyWorkflow
import Ethereum
import PeerProtocols
import SSZ

import struct Libp2p.PeerID

/// What operators prefer, from themselves and inside consensus.
enum PriorityFuzz {
    private static let codec = PriorityCodec(operators: Known.keys.map(\.publicKey))
    private static let consensus = ConsensusCodec(operators: Known.keys.map(\.publicKey), validators: 64)
    private static let duty = Duty(slot: 31, type: .infoSync)

    /// Byte 0: the rest is a message of operator 1; or what one is built from; or a result that operator 1 votes for.
    static func priority(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        switch source.choice(3) {
        case 0: return message(source.rest())
        case 1: return message(built(&source))
        default: return vote(for: source.rest())
        }
    }

    /// A decoded message is of its sender and bounded, and encodes to what was signed.
    private static func message(_ wire: [UInt8]) -> String {
        outcome {
            let message = try codec.decode(wire, from: PeerIndex(1)) { _ in }
            precondition(message.duty.type == .infoSync && message.topics.count <= 16)
            precondition(message.topics.reduce(0) { $0 + $1.priorities.count } <= 256)
            let again = try? codec.decode(message.canonicalBytes(), from: PeerIndex(1)) { _ in }
            precondition(again == message, "an accepted message changes when sent on")
            let result = try PriorityResult(of: [message], threshold: 1)
            precondition(result.topics.count == message.topics.count)
            return "message \(message.topics.count) \(result.agreed("version").count)"
        }
    }

    /// A value under its own hash survives being sent on.
    private static func vote(for result: [UInt8]) -> String {
        outcome {
            let message = try consensus.decode(wire(voteFor: result)) { _ in true }
            for (hash, value) in message.values {
                precondition(value.valueHash() == hash && value.duties == nil, "value under a foreign hash")
            }
            let again = try? consensus.decode(ConsensusCodec.encode(message)) { _ in true }
            precondition(again == message, "an accepted message changes when sent on")
            return "vote \(message.values.count)"
        }
    }

    private static func wire(voteFor result: [UInt8]) -> [UInt8] {
        func flat(_ signature: [UInt8]) -> [UInt8] {
            ProtobufBytes.message {
                $0.int(1, 2)
                $0.field(2, named)
                $0.int(3, 1)
                $0.int(4, 1)
                if !signature.isEmpty { $0.field(8, signature) }
                $0.field(11, consensusHashRoot(result).bytes)
                $0.field(12, Root.zero.bytes)
            }
        }
        return ProtobufBytes.message { message in
            message.field(1, flat(Known.keys[1].sign(digest: consensusHashRoot(flat([]))).bytes))
            message.field(
                3,
                ProtobufBytes.message {
                    $0.field(1, Array("type.googleapis.com/core.corepb.v1.PriorityResult".utf8))
                    $0.field(2, result)
                })
        }
    }

    private static let named = ProtobufBytes.message {
        $0.varint(1, duty.slot.rawValue)
        $0.varint(2, UInt64(duty.type.rawValue))
    }

    /// Under operator 1's signature, fields a later version may know included.
    private static func built(_ source: inout ByteSource) -> [UInt8] {
        let topics = (0..<source.choice(20)).map { _ in
            ProtobufBytes.message { topic in
                if source.choice(8) != 7 { topic.field(1, any(&source)) }
                for _ in 0..<source.choice(6) { topic.field(2, any(&source)) }
            }
        }
        let unknown = source.choice(8) == 7 ? source.take(source.choice(40)) : []
        func message(_ signature: [UInt8]) -> [UInt8] {
            ProtobufBytes.message { message in
                message.field(1, named)
                for topic in topics { message.field(2, topic) }
                message.field(3, Array(known(1, ["v1.11"]).peerID.utf8))
                if !signature.isEmpty { message.field(4, signature) }
                if !unknown.isEmpty { message.field(20, unknown) }
            }
        }
        return message(Known.keys[1].sign(digest: consensusHashRoot(message([]))).bytes)
    }

    private static func any(_ source: inout ByteSource) -> [UInt8] {
        let texts = ["version", "protocol", "v1.11", "v1.10"]
        let choice = source.choice(6)
        return choice < texts.count ? PriorityAny(texts[choice]).canonicalBytes() : source.take(source.choice(30))
    }

    // MARK: Corpus

    static let seeds: [[UInt8]] = {
        let messages = (0..<Known.nodes).map { known($0, $0 == 0 ? ["v1.10"] : ["v1.11", "v1.10"]) }
        let result = try? PriorityResult(of: messages, threshold: 3)
        return [[0] + messages[1].canonicalBytes(), [2] + (result?.canonicalBytes() ?? [])]
    }()

    private static func known(_ node: Int, _ versions: [String]) -> PriorityMessage {
        let topics = [
            PriorityMessage.TopicProposal(topic: PriorityAny("version"), priorities: versions.map { PriorityAny($0) })
        ]
        let message = PriorityMessage(duty: duty, topics: topics, peerID: peerIDs[node])
        return PriorityCodec.seal(message, with: Known.keys[node])
    }

    private static let peerIDs = Known.keys.map { PeerID($0.publicKey).description }
}
