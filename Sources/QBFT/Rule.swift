/// What a message may set off. Source: consensus.md §6.2; the raw values are for logs.
package enum Rule: String, Hashable, Sendable {
    case justifiedPrePrepare = "justified_pre_prepare"
    case quorumPrepares = "quorum_prepares"
    case quorumCommits = "quorum_commits"
    case justifiedDecided = "justified_decided"
    case fPlus1RoundChanges = "f_plus_1_round_changes"
    case quorumRoundChanges = "quorum_round_changes"
    /// A quorum of round changes from which no justified proposal can be made yet. Nothing follows.
    case unjustQuorumRoundChanges = "unjust_quorum_round_changes"
    /// Not set off by a message but by the round timer.
    case roundTimeout = "round_timeout"
}

/// Why a message was dropped.
package enum Refusal: String, Error, Hashable, Sendable {
    /// A source, of the message or of a justification, that is no node.
    case unknownSource = "unknown_source"
    /// A round below 1 or above `Instance.roundMax`, or a negative prepared round.
    case roundOutOfRange = "round_out_of_range"
    /// A vote for nothing: only a ROUND_CHANGE has no value.
    case noValue = "no_value"
    /// A second value in a field that the kind leaves zero.
    case strayFields = "stray_fields"
    /// More than 2n justifications.
    case tooManyJustifications = "too_many_justifications"
    /// A justification that has justifications.
    case nestedJustification = "nested_justification"
    /// A PRE_PREPARE of a node that does not lead the round.
    case notLeader = "not_leader"
    /// The justification does not prove what the message claims.
    case notJustified = "not_justified"
    /// The instance has not started, and the waiting room for this source is full.
    case tooEarly = "too_early"
}
