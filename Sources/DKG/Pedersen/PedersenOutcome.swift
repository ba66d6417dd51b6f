import BLS

/// One validator's key as one node has it after its Pedersen run.
package struct PedersenOutcome: Sendable {
    /// The validator's key; after a reshare the old one.
    package let key: PublicKey
    /// Our share.
    package let secret: SecretKey
    /// Of all receivers, by share index from 1.
    package let publicShares: [Int: PublicKey]
}

/// What there is to do after an event in a Pedersen run.
package enum PedersenEffect: Sendable {
    /// To all participants. Ours are taken into account already.
    case send(PedersenBundle)
    /// Somebody did wrong, and the run goes on: to be told to the operator.
    case blamed(CeremonyFault)
    case finished(PedersenOutcome)
    /// Our part as an operator that leaves is done; we hold no new share.
    case left
    case aborted(CeremonyFault)
}
