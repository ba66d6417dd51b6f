import Ethereum
import QBFT

/// What sets one type of duty apart from the others: the only place that says so.
///
/// Sources: workflow.md §1.1, §2 (who takes part), §3 (deadlines), §4 (gate), §5.4 (offsets); consensus.md §7 (timers).
package struct DutyRules: Sendable {
    /// When within its slot a duty begins (classic forks), in thirds of the slot.
    package enum Begin: Int, Sendable { case slotStart, third, twoThirds }

    /// How long after the start of its slot a duty is of use.
    package enum Span: Sendable, Hashable {
        case thirdOfSlot
        case slots(Int)
        case epochs(Int)
        /// For good: it leaves memory once broadcast, or when too many came after it (`DeadlineQueue`).
        case endless
    }

    /// How far ahead peers may name the duty.
    package enum Ahead: Sendable, Hashable {
        case slots(UInt64)
        case epochs(UInt64)
    }

    package let begin: Begin
    package let span: Span
    package let ahead: Ahead
    /// By consensus; the others are signed as they come.
    package let isDecided: Bool
    /// Takes part in consensus only with data of its own: few nodes have any, and that is no fault.
    package let needsOwnData: Bool
    /// Whether the first round of consensus lasts longer, for a proposal that takes long to make.
    package let proposalTimeout: QBFT.RoundTimer.ProposalTimeout
    /// Whether one validator may sign once for each of its sync subcommittees.
    package let isPerSubcommittee: Bool
    /// Whether this version carries it from end to end.
    package let isCarried: Bool

    fileprivate init(
        _ begin: Begin, _ span: Span, ahead: Ahead = .slots(2), isDecided: Bool = false, needsOwnData: Bool = false,
        proposalTimeout: QBFT.RoundTimer.ProposalTimeout = .none, isPerSubcommittee: Bool = false,
        isCarried: Bool = false
    ) {
        self.begin = begin
        self.span = span
        self.ahead = ahead
        self.isDecided = isDecided
        self.needsOwnData = needsOwnData
        self.proposalTimeout = proposalTimeout
        self.isPerSubcommittee = isPerSubcommittee
        self.isCarried = isCarried
    }
}

extension DutyType {
    package var rules: DutyRules {
        switch self {
        case .proposer: DutyRules(.slotStart, .thirdOfSlot, isDecided: true, proposalTimeout: .firstRound)
        case .attester: DutyRules(.third, .epochs(1), isDecided: true, isCarried: true)
        case .signature: DutyRules(.slotStart, .slots(1))
        case .exit, .builderRegistration: DutyRules(.slotStart, .endless, ahead: .epochs(2))
        case .builderProposer: DutyRules(.slotStart, .slots(1))
        case .randao: DutyRules(.slotStart, .thirdOfSlot, ahead: .epochs(2))
        case .prepareAggregator: DutyRules(.slotStart, .epochs(2), ahead: .epochs(2))
        case .aggregator: DutyRules(.twoThirds, .epochs(1), isDecided: true, needsOwnData: true)
        // Charon's v1.11 waits a whole slot for sync messages, v1.10 two thirds; the longer one loses nothing.
        case .syncMessage: DutyRules(.third, .slots(1))
        case .prepareSyncContribution:
            DutyRules(.slotStart, .epochs(2), ahead: .epochs(2), isPerSubcommittee: true)
        case .syncContribution:
            DutyRules(.twoThirds, .slots(1), isDecided: true, needsOwnData: true, isPerSubcommittee: true)
        case .infoSync: DutyRules(.slotStart, .slots(1), isDecided: true)
        }
    }
}

extension SlotClock {
    /// When a duty begins.
    package func begin(of duty: Duty) -> Instant {
        start(of: duty.slot) + slotDuration * duty.type.rules.begin.rawValue / 3
    }
}
