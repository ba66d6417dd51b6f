/// The streams of a ceremony that carry one message each, and the one of sync. Source: spec/dkg.md §1.
package enum CeremonyProtocol: String, CaseIterable, Sendable {
    case sync = "/charon/dkg/sync/1.0.0/"
    case broadcastSign1 = "/charon/dkg/bcast/1.0.0/sig"
    case broadcastDeliver1 = "/charon/dkg/bcast/1.0.0/msg"
    case broadcastSign2 = "/charon/dkg/bcast/2.0.0/sig"
    case broadcastDeliver2 = "/charon/dkg/bcast/2.0.0/msg"
    case frostShares = "/charon/dkg/frost/2.0.0/round1/p2p"
    case dealBundle = "/charon/dkg/pedersen/1.0.0/deal_bundle"
    case responseBundle = "/charon/dkg/pedersen/1.0.0/resp_bundle"
    case justificationBundle = "/charon/dkg/pedersen/1.0.0/just_bundle"
    case keyShare = "/charon/dkg/pedersen/1.0.0/val_pubkey_share"
    case partialSignatures = "/charon/parsigex/2.0.0"

    /// What a server writes back: recorded in vectors/dkg/README.md, "Answers".
    package enum Answer: Sendable {
        /// A `BroadcastSignResponse`.
        case message
        /// One zero byte: an empty message.
        case empty
        case nothing
    }

    package var answer: Answer {
        switch self {
        case .sync, .broadcastSign1, .broadcastSign2: .message
        case .broadcastDeliver1, .broadcastDeliver2, .dealBundle, .responseBundle, .justificationBundle, .keyShare:
            .empty
        case .frostShares, .partialSignatures: .nothing
        }
    }
}
