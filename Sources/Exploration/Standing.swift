import QBFT
import SSZ

/// All that a node will act by, apart from the messages it has kept: what it said, where it stands, what has fired.
///
/// What it has kept was said by somebody and can be said again, so two nodes of one standing can be brought to do the
/// same (`LocalGraph` checks it by random lives). The fields are read from the shipped value by reflection: one that is
/// added to it shows up in `others`, and so counts from the first day.
struct Standing: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
        case waiting
        case running
        case decided(Choice)
    }

    var phase = Phase.waiting
    var round: Int64 = 1
    var input = Choice.none
    var preparedRound: Int64 = 0
    var preparedValue = Choice.none
    /// Sorted.
    var fired: [String] = []
    var awaitsInput = false
    /// As `VoteSet.ofNode`.
    var sentThisRound: UInt16 = 0
    var others: [String] = []
    /// On disk, as `VoteSet.ofNode`.
    var journal: UInt16 = 0
    /// Values ever decided, in any life: a bit each.
    var decisions: UInt8 = 0
    /// Whether it did what must never be.
    var isFaulty = false

    /// Whether it has fired decides nothing: this rule does nothing, now or later.
    private static let inert = "\(Rule.unjustQuorumRoundChanges)"

    init(_ state: LocalState) {
        for (label, value) in Mirror(reflecting: state.instance).children {
            switch (label, value) {
            // Messages that can come again; answers only repeat what is known.
            case ("configuration", _), ("buffer", _), ("answers", _): break
            case ("round", let round as Int64): self.round = round
            case ("input", let input as Root?): self.input = input.flatMap { Choice($0) } ?? .none
            case ("cachedJustification", let votes as [Message]?): awaitsInput = votes != nil
            case ("sent", let sent as [Message]): sentThisRound = Self.set(sent)
            case ("prepared", let prepared): take(prepared: prepared)
            case ("phase", let phase): take(phase: phase)
            case ("fired", let set):
                fired = Mirror(reflecting: set).children.map { Self.name(firing: $0.value) }
                    .filter { !$0.hasPrefix(Self.inert) }.sorted()
            default: others.append("\(label ?? "?") \(value)")
            }
        }
        journal = Self.set(state.journal)
        decisions = state.decisions
        isFaulty = state.fault != nil
        if case .decided = phase { forgetWhatIsOver() }
    }

    /// A node that decided only answers: of the rest it uses nothing any more.
    private mutating func forgetWhatIsOver() {
        round = 0
        input = .none
        preparedRound = 0
        preparedValue = .none
        fired = []
        awaitsInput = false
        sentThisRound = 0
    }

    private mutating func take(prepared: Any) {
        for (label, value) in Mirror(reflecting: prepared).children {
            switch (label, value) {
            case ("round", let round as Int64): preparedRound = round
            case ("value", let value as Root): preparedValue = Choice(value) ?? .none
            // Which quorum it was makes no difference: every one proves the same.
            case ("prepares", _): break
            default: others.append("prepared \(label ?? "?") \(value)")
            }
        }
    }

    private mutating func take(phase: Any) {
        guard let (label, value) = Mirror(reflecting: phase).children.first else { return self.phase = .running }
        guard label == "decided", let certificate = value as? Message else { return self.phase = .waiting }
        self.phase = .decided(Choice(certificate.value) ?? .none)
    }

    private static func name(firing: Any) -> String {
        Mirror(reflecting: firing).children.map { "\($0.value)" }.joined(separator: " ")
    }

    private static func set(_ own: [Message]) -> UInt16 {
        own.reduce(0) { set, message in
            guard let vote = Vote(message) else { return set }
            return set | 1 << UInt16(vote.number)
        }
    }

    /// The same with the names of the values exchanged.
    var swapped: Standing {
        var other = self
        if case .decided(let value) = phase { other.phase = .decided(value.swapped) }
        other.input = input.swapped
        other.preparedValue = preparedValue.swapped
        other.sentThisRound = VoteSet.swappingValues(sentThisRound)
        other.journal = VoteSet.swappingValues(journal)
        other.decisions = (decisions & 1) << 1 | decisions >> 1
        return other
    }
}
