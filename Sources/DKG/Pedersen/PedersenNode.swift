import BLS

/// One participant of Pedersen runs.
package struct PedersenNode: Equatable, Sendable {
    package let participant: ParticipantIndex
    /// Place in the cluster, from 0: that of the old lock for operators that are removed or stay beside them, else the
    /// place in the participant list. Dealers go by it; its old share is at x = index + 1.
    package let index: Int
    /// Drawn for this ceremony: shares for this node are encrypted to it, its bundles are signed by it.
    package let key: PublicKey
    /// All nodes deal, but operators that join.
    package let deals: Bool
    /// All nodes receive, but operators that leave.
    package let receives: Bool

    package init(participant: ParticipantIndex, index: Int, key: PublicKey, deals: Bool = true, receives: Bool = true) {
        self.participant = participant
        self.index = index
        self.key = key
        self.deals = deals
        self.receives = receives
    }
}

extension CeremonySeed {
    /// Our node key, the same for the same seed.
    package var nodeKey: SecretKey {
        var generator = generator("pedersen/node")
        return .random(using: &generator)
    }
}
