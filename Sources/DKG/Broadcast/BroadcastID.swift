/// What is broadcast reliably in a ceremony. Source: spec/dkg.md §1.
package enum BroadcastID: String, CaseIterable, Sendable {
    case frostCasts = "/charon/dkg/frost/2.0.0/round1/cast"
    case frostResults = "/charon/dkg/frost/2.0.0/round2/cast"
    case nodeSignature = "/charon/dkg/node_sig"
    case nodeKey = "/charon/dkg/pedersen/1.0.0/node_pubkeys"

    /// The type of its message.
    var messageName: String {
        switch self {
        case .frostCasts: FrostCastsMessage.name
        case .frostResults: FrostResultCastsMessage.name
        case .nodeSignature: NodeSignatureMessage.name
        case .nodeKey: NodeKeyMessage.name
        }
    }

    package func valueBytesMax(threshold: Int, validators: Int) -> Int {
        switch self {
        case .frostCasts: FrostCastsMessage.bytesMax(threshold: threshold, validators: validators)
        case .frostResults: FrostResultCastsMessage.bytesMax(validators: validators)
        case .nodeSignature: NodeSignatureMessage.bytesMax
        case .nodeKey: NodeKeyMessage.bytesMax(validators: validators)
        }
    }
}

extension BroadcastID: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
