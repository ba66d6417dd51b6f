import DutyWorkflow
import Ethereum
import SSZ

/// Why a peer's message was dropped: an ordinary result, counted per `label`, never a reason to stop.
package enum MessageFault: Error, Equatable, CustomStringConvertible {
    /// Longer than the protocol allows. Bytes announced, bytes allowed.
    case oversized(bytes: Int, limit: Int)
    /// Not a protobuf of the expected message.
    case undecodable(String)
    /// More repeated entries than the cluster's size permits; found before anything is decoded.
    case tooMany(String, limit: Int)
    /// A singular message-typed field is absent (the nil check of p2p.md §10).
    case missingField(String)
    /// A field outside its range: name and value.
    case outOfRange(String, Int64)
    /// Neither 1 to 13 nor carried by this node.
    case dutyType(WireError)
    /// `peer_idx` is not an operator.
    case unknownPeer(Int64)
    /// The signature is not of the claimed operator.
    case badSignature(PeerIndex)
    /// Too far in the future (protocols.md §2.2).
    case dutyNotAdmitted(Duty)
    /// A justification belongs to another duty than its message.
    case foreignJustification(Duty)
    /// A value or signed object does not decode.
    case value(WireError)
    /// A value that this node would encode differently, so its hash would not survive forwarding.
    case notCanonical
    /// A hash in the message or its justification without a value.
    case missingValue(Root)
    case emptySet
    /// Not `0x` and 96 lower-case hex digits.
    case malformedPublicKey
    case unknownValidator(PubKey)
    /// Not a share of the cluster.
    case shareIndex(Int)
    /// A share other than the sender's own.
    case foreignShare(ShareIndex, from: PeerIndex)
    /// Another operator's priorities, or nobody's.
    case foreignPriorities(from: PeerIndex)
    /// All zeros.
    case noSignature(PubKey)
    /// The sender is not an operator of the cluster.
    case unknownSender
    /// Ours, not the peer's: nothing is known of the chain yet.
    case notReady
    /// The same bytes as several messages just before.
    case repeated
    /// The operator causes more work than any honest one.
    case flooding

    /// The peer did nothing wrong: it sent a duty that this node does not carry yet, or before this node could take
    /// one, or a message twice. Worth no warning.
    package var isHarmless: Bool {
        switch self {
        case .dutyType(.unsupportedDuty), .value(.unsupportedDuty), .notReady, .repeated: true
        case .oversized, .undecodable, .tooMany, .missingField, .outOfRange, .dutyType, .unknownPeer, .badSignature,
            .dutyNotAdmitted, .foreignJustification, .value, .notCanonical, .missingValue, .emptySet,
            .malformedPublicKey, .unknownValidator, .shareIndex, .foreignShare, .foreignPriorities, .noSignature,
            .unknownSender, .flooding:
            false
        }
    }

    /// A stable word for metrics and logs.
    package var label: String {
        switch self {
        case .oversized: "oversized"
        case .undecodable: "undecodable"
        case .tooMany: "too_many"
        case .missingField: "missing_field"
        case .outOfRange: "out_of_range"
        case .dutyType: "duty_type"
        case .unknownPeer: "unknown_peer"
        case .badSignature: "bad_signature"
        case .dutyNotAdmitted: "duty_not_admitted"
        case .foreignJustification: "foreign_justification"
        case .value: "value"
        case .notCanonical: "not_canonical"
        case .missingValue: "missing_value"
        case .emptySet: "empty_set"
        case .malformedPublicKey: "malformed_public_key"
        case .unknownValidator: "unknown_validator"
        case .shareIndex: "share_index"
        case .foreignShare: "foreign_share"
        case .foreignPriorities: "foreign_priorities"
        case .noSignature: "no_signature"
        case .unknownSender: "unknown_sender"
        case .notReady: "not_ready"
        case .repeated: "repeated"
        case .flooding: "flooding"
        }
    }

    package var description: String {
        switch self {
        case .oversized(let bytes, let limit): "message of \(bytes) bytes, limit \(limit)"
        case .undecodable(let what): "not a \(what)"
        case .tooMany(let what, let limit): "more than \(limit) \(what)"
        case .missingField(let name): "field \(name) missing"
        case .outOfRange(let name, let value): "field \(name) is \(value)"
        case .dutyType(let error): "\(error)"
        case .unknownPeer(let index): "no operator \(index)"
        case .badSignature(let peer): "signature not of operator \(peer)"
        case .dutyNotAdmitted(let duty): "duty \(duty) too far ahead"
        case .foreignJustification(let duty): "justification of duty \(duty)"
        case .value(let error): "\(error)"
        case .notCanonical: "value not in canonical form"
        case .missingValue(let root): "no value for hash \(root)"
        case .emptySet: "empty set"
        case .malformedPublicKey: "malformed public key"
        case .unknownValidator(let pubKey): "validator \(pubKey) not in the cluster"
        case .shareIndex(let index): "no share \(index)"
        case .foreignShare(let share, let peer): "share \(share) sent by operator \(peer)"
        case .foreignPriorities(let peer): "priorities that are not operator \(peer)'s own"
        case .noSignature(let pubKey): "zero signature for \(pubKey)"
        case .unknownSender: "sender is not an operator"
        case .notReady: "this node does not know its chain yet"
        case .repeated: "the same message over and over"
        case .flooding: "more messages than an operator may send"
        }
    }
}
