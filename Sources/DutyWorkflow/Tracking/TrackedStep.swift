import Ethereum
import SSZ

/// What the tracker is told about a duty, in the order of the pipeline.
package enum TrackedStep: Hashable, Sendable {
    case started(Set<PubKey>)
    /// The beacon node gave all there is to propose: for duties that few validators are selected for, perhaps nothing.
    case fetched
    case fetchFailed(String)
    case decided(round: Int64, leader: PeerIndex, after: Duration)
    case roundChanged(from: Int64, to: Int64, String)
    case consensusTimedOut
    /// At the end of consensus: the node had waited in vain for ROUND_CHANGEs.
    case roundChangesLacked(isDecided: Bool)
    case stored(Set<PubKey>)
    /// With the root of what was signed for each entry.
    case signedLocally([EntryKey: Root])
    case signFailed(String)
    case signedByPeer(ShareIndex, [EntryKey: Root])
    case thresholdReached(Set<PubKey>)
    case aggregated(Set<PubKey>)
    /// Handed to the broadcaster, and to be looked for in the chain.
    case submitted(Set<PubKey>)
    case broadcasted(Set<PubKey>)
    case broadcastFailed(String)

    // Faults: somebody's, and ours.
    case conflicted(PubKey, String)
    case equivocatedVote(PeerIndex, String)
    case equivocatedShare(PubKey, ShareIndex)
    case badShare(PubKey, ShareIndex)
    /// Not what this duty's signature may look like.
    case malformedShare(PubKey, ShareIndex, String)
    /// For validators that do not have this duty.
    case undueShare(ShareIndex, Set<PubKey>)
    /// A suspect's set with at least one signature that does not verify.
    case badSet(ShareIndex)
    /// A suspect's set that was not even looked at.
    case suspectIgnored(ShareIndex, String)
    case peerRefused(PeerIndex, String)
    /// Our own beacon node made a block that pays somebody else.
    case otherPayee(PubKey, paid: Bytes20, due: Bytes20)
    /// Our own beacon node made a builder's block, which nobody asked for.
    case unwantedBuilder(PubKey)
    case consensusFault(String)
}
