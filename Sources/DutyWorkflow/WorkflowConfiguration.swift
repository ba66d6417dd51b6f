import Ethereum
import SSZ

/// What the workflow must know of its cluster and chain. Plain values: no keys, no sockets, no files.
package struct WorkflowConfiguration: Sendable {
    /// Operators in the cluster.
    package var nodes: Int
    /// Shares that recover a group signature.
    package var threshold: Int
    package var peer: PeerIndex
    /// The cluster's validators, by group key.
    package var validators: Set<PubKey>
    package var clock: SlotClock
    package var domains: SigningDomains
    /// Whether this node signs by itself (`Signer`) instead of waiting for a validator client.
    package var signs: Bool
    /// Slots before this one are not signed for by this node itself: it does not know what it signed before.
    package var signsFrom: Slot
    /// Seeds retry jitter. Nothing that peers see depends on it.
    package var seed: UInt64

    package init(
        nodes: Int, threshold: Int, peer: PeerIndex, validators: Set<PubKey>, clock: SlotClock, domains: SigningDomains,
        signs: Bool, signsFrom: Slot = .zero, seed: UInt64
    ) {
        self.nodes = nodes
        self.threshold = threshold
        self.peer = peer
        self.validators = validators
        self.clock = clock
        self.domains = domains
        self.signs = signs
        self.signsFrom = signsFrom
        self.seed = seed
    }

    package var shareIndex: ShareIndex { ShareIndex(peer) }
    package var forks: ForkSchedule { domains.forks }
    package var deadlines: Deadlines { Deadlines(clock: clock) }
}
