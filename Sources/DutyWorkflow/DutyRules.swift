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
        /// For good: it leaves memory when too many came after it (`EndlessDuties`).
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
    /// Not decided, but the beacon node is asked before it is signed.
    package let isFetchedAlone: Bool
    /// The duty of the same slot for which the cluster's signatures of this one select validators.
    package let selects: DutyType?
    /// Takes part in consensus only with data of its own: few nodes have any, and that is no fault.
    package let needsOwnData: Bool
    /// Whether the first round of consensus lasts longer, for a proposal that takes long to make.
    package let proposalTimeout: QBFT.RoundTimer.ProposalTimeout
    /// Whether one validator may sign once for each of its sync subcommittees.
    package let isPerSubcommittee: Bool
    /// The duty of the same slot whose validators, as the beacon node names them, may sign this one. Nil where no beacon
    /// node can tell.
    package let definedBy: DutyType?
    /// Whether the beacon node gets the cluster's signature; the others are for the cluster's own use.
    package let isBroadcast: Bool
    /// Whether a share of our own key that this node did not make shows a second process that votes with it.
    ///
    /// Only what is made from the chain's state, by a process that follows the chain. Exits and registrations are signed by
    /// commands of this program too, and their shares can be fetched from Obol's API. Randao reveals and selection proofs
    /// have one content only and are made epochs ahead: such a share contradicts nothing, and is most likely one that this
    /// operator made before it lost its journal.
    package let provesTwin: Bool

    /// Whether it is signed epochs before its slot.
    var isAhead: Bool {
        guard case .epochs = ahead else { return false }
        return true
    }

    fileprivate init(
        _ begin: Begin, _ span: Span, ahead: Ahead = .slots(2), definedBy: DutyType? = nil, isDecided: Bool = false,
        isFetchedAlone: Bool = false, selects: DutyType? = nil, needsOwnData: Bool = false,
        proposalTimeout: QBFT.RoundTimer.ProposalTimeout = .none, isPerSubcommittee: Bool = false,
        isBroadcast: Bool = false, provesTwin: Bool = false
    ) {
        self.begin = begin
        self.span = span
        self.ahead = ahead
        self.definedBy = definedBy
        self.isDecided = isDecided
        self.isFetchedAlone = isFetchedAlone
        self.selects = selects
        self.needsOwnData = needsOwnData
        self.proposalTimeout = proposalTimeout
        self.isPerSubcommittee = isPerSubcommittee
        self.isBroadcast = isBroadcast
        self.provesTwin = provesTwin
    }
}

extension DutyType {
    package var rules: DutyRules {
        switch self {
        case .proposer:
            DutyRules(
                .slotStart, .thirdOfSlot, definedBy: .proposer, isDecided: true, proposalTimeout: .firstRound,
                isBroadcast: true, provesTwin: true)
        case .attester:
            DutyRules(
                .third, .epochs(1), definedBy: .attester, isDecided: true, isBroadcast: true, provesTwin: true)
        case .signature: DutyRules(.slotStart, .slots(1))
        case .exit: DutyRules(.slotStart, .endless, ahead: .epochs(2), isBroadcast: true)
        // The node tells its beacon nodes, with those of the lock.
        case .builderRegistration: DutyRules(.slotStart, .endless, ahead: .epochs(2), isBroadcast: true)
        case .builderProposer: DutyRules(.slotStart, .slots(1))
        case .randao: DutyRules(.slotStart, .thirdOfSlot, ahead: .epochs(2), definedBy: .proposer)
        case .prepareAggregator:
            DutyRules(.slotStart, .epochs(2), ahead: .epochs(2), definedBy: .attester, selects: .aggregator)
        case .aggregator:
            DutyRules(
                .twoThirds, .epochs(1), definedBy: .aggregator, isDecided: true, needsOwnData: true, isBroadcast: true,
                provesTwin: true)
        // Charon's v1.11 waits a whole slot for sync messages, v1.10 two thirds; the longer one loses nothing.
        case .syncMessage:
            DutyRules(
                .third, .slots(1), definedBy: .syncContribution, isFetchedAlone: true, selects: .syncContribution,
                isBroadcast: true, provesTwin: true)
        case .prepareSyncContribution:
            DutyRules(
                .slotStart, .epochs(2), ahead: .epochs(2), definedBy: .syncContribution, selects: .syncContribution,
                isPerSubcommittee: true)
        case .syncContribution:
            DutyRules(
                .twoThirds, .slots(1), definedBy: .syncContribution, isDecided: true, needsOwnData: true,
                isPerSubcommittee: true, isBroadcast: true, provesTwin: true)
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
