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
    /// Its forks may move while the node runs: `Event.forksChanged`.
    package var spec: ChainSpec
    package var proposals: ProposalPreferences
    /// Whether this node signs by itself (`Signer`) instead of waiting for a validator client.
    package var signs: Bool
    /// Slots before this one are not signed for by this node itself: it does not know what it signed before.
    package var signsFrom: Slot
    /// Slots from which on the journal knows all that this operator's key signed: what was signed before it was made
    /// may be of an earlier life, and proves no twin.
    package var knowsFrom: Slot
    /// Types of duties that are looked for in the chain after they were broadcast: blocks, and votes where that is
    /// asked for (`attestation_inclusion`).
    package var included: Set<DutyType>
    /// Seeds retry jitter. Nothing that peers see depends on it.
    package var seed: UInt64
    /// Nil: this node takes no part in info-sync.
    package var infoSync: InfoSyncConfiguration?
    package var consensus: ConsensusPreferences

    package init(
        nodes: Int, threshold: Int, peer: PeerIndex, validators: Set<PubKey>, clock: SlotClock, spec: ChainSpec,
        proposals: ProposalPreferences = ProposalPreferences(), signs: Bool,
        signsFrom: Slot = .zero, knowsFrom: Slot = .zero, included: Set<DutyType> = [], seed: UInt64,
        infoSync: InfoSyncConfiguration? = nil, consensus: ConsensusPreferences = ConsensusPreferences()
    ) {
        self.nodes = nodes
        self.threshold = threshold
        self.peer = peer
        self.validators = validators
        self.clock = clock
        self.spec = spec
        self.proposals = proposals
        self.signs = signs
        self.signsFrom = signsFrom
        self.knowsFrom = knowsFrom
        self.included = included
        self.seed = seed
        self.infoSync = infoSync
        self.consensus = consensus
    }

    /// Whether the other operators cannot sign without us, so that a validator's vote shows that our share was used.
    package var provesTwinByChain: Bool { threshold >= nodes }
    package var shareIndex: ShareIndex { ShareIndex(peer) }
    package var forks: ForkSchedule {
        get { spec.forks }
        set { spec.forks = newValue }
    }
    package var deadlines: Deadlines { Deadlines(clock: clock) }
}
