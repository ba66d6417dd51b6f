import Ethereum

/// What people hear of a planned switch.
package enum SwitchNews: Hashable, Sendable {
    case noted
    /// Taken back by the operator before anybody went by it.
    case dropped
    /// Who has announced it so far, as an info-sync before the deciding one showed; whether they are enough.
    case announced(by: [PeerIndex], isEnough: Bool)
    /// The deciding duty is over, and this node does not know what was decided: it asks its peers.
    case undecided
    case calledOff
    case confirmed
    /// The epoch comes: this node goes on with its new key shares now.
    case entering
    /// The epoch comes, and this operator is in the new cluster no more.
    case left
}
