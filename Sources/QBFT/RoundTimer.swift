/// When the rounds of one instance end. Source: consensus.md §7. All nodes of a cluster must use the same style.
package struct RoundTimer: Sendable {
    /// The raw values are the metrics' `timer` label.
    package enum Style: String, Hashable, Sendable {
        /// Deadlines relative to the start of the duty, not of the round. The default.
        case eagerDoubleLinear = "eager_dlinear"
        /// Each round a little longer than the one before.
        case increasing = "inc"
        /// A long first round, short ones after. Block proposals only.
        case linear
    }

    /// Extra time for block proposals (feature `proposal_timeout`).
    package enum ProposalTimeout: Hashable, Sendable {
        /// Any other duty, or the feature is off.
        case none
        /// Charon up to v1.10: the first round lasts 1.5 s.
        case firstRound
        /// Charon from v1.11 on: half a second more in every round (eager double linear; else as `firstRound`).
        case everyRound
    }

    package let style: Style
    package let proposalTimeout: ProposalTimeout
    /// The round started last, and its first deadline.
    private var started: (round: Int64, deadline: Duration)?

    package init(_ style: Style = .eagerDoubleLinear, proposalTimeout: ProposalTimeout = .none) {
        self.style = style
        self.proposalTimeout = proposalTimeout
    }

    /// Starts the timer of a round, or starts it again.
    ///
    /// - Parameters:
    ///   - round: 1 or more.
    ///   - elapsed: now, counted from the start of the duty; negative before.
    /// - Returns: when the round ends, counted from the start of the duty. It may lie in the past: the round is over.
    package mutating func deadline(round: Int64, elapsed: Duration) -> Duration {
        precondition(round >= 1, "rounds start at 1")
        guard style == .eagerDoubleLinear else { return elapsed + length(of: round) }
        // However often a round is started again, it is doubled once.
        if let started, started.round == round { return started.deadline + length(of: round) }
        started = (round, length(of: round))
        return length(of: round)
    }

    /// The first round after `round` that is not over yet. Where deadlines count from the start of the duty, a node
    /// that comes late need not walk through all the rounds it missed.
    ///
    /// - Parameter elapsed: as above.
    package func next(after round: Int64, elapsed: Duration) -> Int64 {
        guard style == .eagerDoubleLinear else { return round + 1 }
        let extra = length(of: 2) - .seconds(2)
        return max(round + 1, (elapsed - extra).components.seconds + 1)
    }

    private func length(of round: Int64) -> Duration {
        let isLongFirst = round == 1 && proposalTimeout != .none
        switch style {
        case .eagerDoubleLinear:
            let extra = isLongFirst || proposalTimeout == .everyRound
            return .seconds(1) * round + (extra ? .milliseconds(500) : .zero)
        case .increasing:
            return isLongFirst ? .milliseconds(1500) : .milliseconds(750) + .milliseconds(250) * round
        case .linear:
            // Charon up to v1.10 counts later rounds in nanoseconds by mistake; those storms are not reproduced.
            if round == 1 { return isLongFirst ? .milliseconds(1500) : .seconds(1) }
            return .milliseconds(200) * round
        }
    }
}
