import QBFT

/// How consensus is held, where operators may choose. Timers must be the same on all nodes of a cluster: they are not
/// negotiated. Source: consensus.md §7 and §8, operations.md §2.2.
package struct ConsensusPreferences: Equatable, Sendable {
    /// Deadlines of rounds count from the begin of the duty (`eager_double_linear`); else rounds grow longer.
    package var isEager = true
    /// For proposals: a long first round, short ones after (`linear`), whatever `isEager` says.
    package var isLinearForProposals = false
    /// The first round of a proposal is longer (`proposal_timeout`).
    package var hasProposalTimeout = true
    /// An instance is joined before our own data are there (`consensus_participate`).
    package var joinsEarly = true
    /// A leader's attestations get our vote only if our own beacon node names the same source and target
    /// (`chain_split_halt`).
    package var haltsOnChainSplit = false

    package init() {}

    package func timerStyle(_ type: DutyType) -> QBFT.RoundTimer.Style {
        if isLinearForProposals, type == .proposer { return .linear }
        return isEager ? .eagerDoubleLinear : .increasing
    }

    func timer(_ type: DutyType) -> QBFT.RoundTimer {
        QBFT.RoundTimer(
            timerStyle(type), proposalTimeout: hasProposalTimeout ? type.rules.proposalTimeout : .none)
    }
}
