import Ethereum

/// Something that somebody did wrong within a duty, this node included.
package struct DutyFault: Hashable, Sendable, CustomStringConvertible {
    /// A stable word for filters and metrics.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case conflict
        case equivocatedVote = "equivocated_vote"
        case equivocatedShare = "equivocated_share"
        case badShare = "bad_share"
        case malformedShare = "malformed_share"
        case undueShare = "undue_share"
        case badSet = "bad_set"
        case suspectIgnored = "suspect_ignored"
        case refusedMessage = "refused_message"
        case consensus
        case feeRecipient = "fee_recipient"
        case unwantedBuilder = "unwanted_builder"
    }

    package let kind: Kind
    /// Nil when it was no other operator.
    package let peer: PeerIndex?
    /// For people.
    package let description: String

    private init(_ kind: Kind, _ peer: PeerIndex?, _ description: String) {
        self.kind = kind
        self.peer = peer
        self.description = description
    }

    /// Nil for a step that is no fault.
    init?(_ step: TrackedStep) {
        switch step {
        case .conflicted(let pubKey, let why): self.init(.conflict, nil, "validator \(pubKey): \(why)")
        case .equivocatedVote(let peer, let what):
            self.init(
                .equivocatedVote, peer,
                "operator \(peer) sent two different consensus messages (it lies, or its key runs in two processes):"
                    + " \(what)")
        case .equivocatedShare(let pubKey, let share):
            self.init(
                .equivocatedShare, share.peer,
                "share \(share) signed two different messages for validator \(pubKey): operator \(share.peer) lies, or"
                    + " its keys run in two processes")
        case .badShare(let pubKey, let share):
            self.init(.badShare, share.peer, "the signature of share \(share) for validator \(pubKey) does not verify")
        case .malformedShare(let pubKey, let share, let what):
            self.init(.malformedShare, share.peer, "share \(share) sent a signature \(what) for validator \(pubKey)")
        case .undueShare(let share, let pubKeys):
            let first = pubKeys.min().map { "\($0)" } ?? ""
            self.init(
                .undueShare, share.peer,
                "share \(share) sent signatures for \(pubKeys.count) validators without this duty, first \(first)")
        case .badSet(let share):
            self.init(
                .badSet, share.peer,
                "share \(share), which sent a bad signature before, sent a set with one that does not verify")
        case .suspectIgnored(let share, let why):
            self.init(.suspectIgnored, share.peer, "the signatures of share \(share) are not looked at: \(why)")
        case .peerRefused(let peer, let why):
            self.init(.refusedMessage, peer, "refused a message of operator \(peer): \(why)")
        case .consensusFault(let what): self.init(.consensus, nil, "consensus: \(what)")
        case .otherPayee(let pubKey, let paid, let due):
            self.init(
                .feeRecipient, nil,
                "this node's beacon node made a block of validator \(pubKey) that pays \(paid) instead of \(due); the"
                    + " block is proposed: see that the beacon node takes prepare_beacon_proposer")
        case .unwantedBuilder(let pubKey):
            self.init(
                .unwantedBuilder, nil,
                "this node's beacon node made a builder's block of validator \(pubKey), of which nobody can see whom it"
                    + " pays, though --builder-api is off; the block is proposed: see that the beacon node heeds"
                    + " builder_boost_factor 0, or switch its builder off")
        case .started, .fetched, .fetchFailed, .decided, .roundChanged, .consensusTimedOut, .roundChangesLacked,
            .stored, .signedLocally, .signFailed, .signedByPeer, .thresholdReached, .aggregated, .submitted,
            .broadcasted, .broadcastFailed:
            return nil
        }
    }
}
