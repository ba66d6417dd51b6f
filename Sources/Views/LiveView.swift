import DutyWorkflow
import Ethereum
import SSZ

/// What happens at a node, for people who watch: the duties of the last epochs and who signed them, how long they took,
/// what was missed and why. Fed from reports and from signatures as they come.
///
/// Bounds: `rowsMax` duties (fewer where a row is long), `missedMax` misses, one record per operator. Nothing that a
/// peer names makes a row outside the slots that are kept, and rows of others' making go first.
package struct LiveView: Sendable {
    static let rowsMax = 512
    static let missedMax = 50
    /// Of all rows together.
    static let rowBytesMax = 4 << 20
    /// Epochs before the current one.
    private static let epochsKept: UInt64 = 2
    /// Longer epochs are not kept whole.
    private static let slotsPerEpochMax: UInt64 = 64
    /// Slots after a duty's until its signatures are no longer told apart.
    private static let settledAfter: UInt64 = 3
    private static let textMax = 200

    /// What is known of an operator from its signatures.
    struct Operator: Sendable {
        var lastSigned: (duty: Duty, at: Instant)?
        /// Duties in a row that it signed nothing in; 0 unless it was told.
        var absentDuties = 0
        /// By kind.
        var faults: [DutyFault.Kind: UInt64] = [:]
    }

    package let own: PeerIndex
    package let nodes: Int
    /// Positions in the lock.
    private let places: [PubKey: Int]
    private let rowsLimit: Int
    private(set) var clock: SlotClock?
    private(set) var rows: [Duty: LiveDuty] = [:]
    /// The newest last.
    private(set) var missed: [MissedDuty] = []
    private(set) var operators: [Operator]
    /// Why the beacon node does not tell the duties of an epoch.
    private(set) var dutiesUnavailable: (epoch: Epoch, why: String)?
    private(set) var twin: String?
    private(set) var succeeded: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private(set) var lastValidatorClientRequest: Instant?

    /// - Parameters:
    ///   - nodes: operators of the cluster, `own` included.
    ///   - validators: of the cluster, in any order.
    package init(own: PeerIndex, nodes: Int, validators: [PubKey]) {
        self.own = own
        self.nodes = nodes
        places = Dictionary(validators.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        operators = Array(repeating: Operator(), count: nodes)
        let rowBytes = 256 + 4 * Self.textMax + nodes * (32 + 8 * ((places.count + 63) / 64))
        rowsLimit = max(16, min(Self.rowsMax, Self.rowBytesMax / rowBytes))
    }

    /// The chain is known: before that nothing is kept.
    package mutating func follow(_ clock: SlotClock) { self.clock = clock }

    /// A request on the validator API.
    package mutating func heardValidatorClient(at now: Instant) { lastValidatorClientRequest = now }

    /// Partial signatures came, or were made here. They may turn out to be bad.
    package mutating func signed(_ duty: Duty, _ pubKeys: some Sequence<PubKey>, by peer: PeerIndex, at now: Instant) {
        guard operators.indices.contains(peer.rawValue) else { return }
        let signed = pubKeys.compactMap { places[$0] }
        guard !signed.isEmpty, isKept(duty, at: now) else { return }
        let isNews = operators[peer.rawValue].lastSigned.map { $0.duty.slot <= duty.slot } ?? true
        if isNews { operators[peer.rawValue].lastSigned = (duty, now) }
        guard let kept = keptSlots(at: now), !Self.isSettling(duty, kept) else { return }
        let (validators, isOwn) = (places.count, peer == own)
        update(duty, at: now) { row in
            guard !row.isSettled else { return }
            row.marks[peer.rawValue].sign(signed, of: validators)
            if isOwn { row.isOurs = true }
        }
    }

    /// - Parameter cluster: as it is now; of use when something failed.
    package mutating func receive(_ report: Report, in cluster: ClusterView?, at now: Instant) {
        switch report {
        case .started(let duty, let validators):
            dutiesUnavailable = nil
            note(duty, at: now) { $0.validators = max($0.validators ?? 0, validators) }
        case .decided(let duty, let round, let leader, let after):
            note(duty, at: now) { row in
                (row.round, row.leader, row.startToDecided) = (round, leader, after)
            }
        case .roundChanged(let duty, _, _, let why):
            note(duty, at: now) { row in
                row.roundChanges = min(row.roundChanges + 1, 1_000_000)
                row.roundChangeReason = PlainText.cleaned(why, charactersMax: Self.textMax)
            }
        case .succeeded(let duty, let validators, let since):
            succeeded += 1
            let begin = clock?.begin(of: duty)
            note(duty, at: now) { row in
                row.validators = max(row.validators ?? 0, validators)
                row.outcome = .done
                if duty.type.rules.isDecided { row.decidedToBroadcast = since }
                if duty.type.rules.isBroadcast, duty.type.rules.span != .endless, let begin {
                    row.beginToBroadcast = now - begin
                }
            }
        case .failed(let failure):
            failed += 1
            note(failure.duty, at: now) { row in
                row.validators = max(row.validators ?? 0, failure.expected)
                row.outcome = .failed(failure.reason)
            }
            if let cluster { add(MissedDuty(failure, in: cluster, at: now)) }
        case .analysed(let analysis):
            note(analysis.duty, at: now) { row in
                row.settle(analysis.participation)
                if case .nothingToDo = analysis.outcome, row.outcome == .pending { row.outcome = .nothingToDo }
            }
        case .peerAbsent(let peer, let duties): change(peer) { $0.absentDuties = duties }
        case .peerReturned(let peer, _): change(peer) { $0.absentDuties = 0 }
        case .fault(let duty, let fault):
            guard let peer = fault.peer else { return }
            change(peer) { $0.faults[fault.kind, default: 0] += 1 }
            // A duty that only the liar names gets no row.
            if fault.kind == .badShare, rows[duty] != nil { rows[duty]?.marks[peer.rawValue].isBad = true }
        case .dutiesUnavailable(let epoch, let why):
            dutiesUnavailable = (epoch, PlainText.cleaned(why, charactersMax: Self.textMax))
        case .dutiesMissed(let from, let to, let count, let why):
            failed += UInt64(clamping: count ?? 1)
            add(MissedDuty(slots: from...max(from, to), duties: count, why: why, at: now))
        case .twinSeen(_, let what): twin = PlainText.cleaned(what, charactersMax: Self.textMax)
        case .stillHalted(let halt): twin = PlainText.cleaned(halt.seen, charactersMax: Self.textMax)
        case .retrying, .roundChangesLacked, .validatorsWithoutDuty, .prioritiesAgreed, .slashed, .slashingLifted,
            .plannedSwitch:
            break
        }
    }

    // MARK: What it shows

    /// Duties this node has a part in, the newest first.
    var duties: [LiveDuty] {
        rows.values.filter(\.isOurs).sorted { ($1.duty.slot, $0.duty.type) < ($0.duty.slot, $1.duty.type) }
    }

    /// For how many validators an operator signed, of how many, in the duties of earlier slots.
    func attendance(of peer: PeerIndex, at now: Instant) -> (signed: Int, expected: Int) {
        guard let current = clock?.slot(at: now) else { return (0, 0) }
        return rows.values.reduce(into: (signed: 0, expected: 0)) { sum, row in
            // What nobody signed says nothing of anybody.
            guard row.isOurs, row.duty.slot + 1 < current, row.marks.contains(where: { $0.count > 0 }) else { return }
            // Of those who are selected, or have a validator client that takes part, only who signed is known.
            let isEverybodys = row.duty.type.rules.definedBy == row.duty.type && !row.duty.type.rules.needsOwnData
            guard isEverybodys, let validators = row.validators else { return }
            sum.signed += min(row.marks[peer.rawValue].count, validators)
            sum.expected += validators
        }
    }

    /// About what it holds that grows, in bytes.
    var heldBytes: Int {
        rows.values.reduce(0) { $0 + $1.heldBytes } + missed.reduce(0) { $0 + $1.heldBytes }
            + operators.reduce(0) { $0 + 128 + 24 * $1.faults.count }
    }

    // MARK: Private parts, in call order

    /// Slots that have rows; nil while the chain is unknown.
    private func keptSlots(at now: Instant) -> ClosedRange<UInt64>? {
        guard let clock else { return nil }
        let current = clock.slot(at: now)?.rawValue ?? 0
        let kept = Self.epochsKept * min(clock.slotsPerEpoch, Self.slotsPerEpochMax)
        return (current - min(current, kept))...(current + 1)
    }

    private func isKept(_ duty: Duty, at now: Instant) -> Bool {
        duty.type.hasRow && keptSlots(at: now)?.contains(duty.slot.rawValue) == true
    }

    /// This node has a part in the duty.
    private mutating func note(_ duty: Duty, at now: Instant, _ change: (inout LiveDuty) -> Void) {
        update(duty, at: now) { row in
            row.isOurs = true
            change(&row)
        }
    }

    private mutating func update(_ duty: Duty, at now: Instant, _ change: (inout LiveDuty) -> Void) {
        guard isKept(duty, at: now) else { return }
        if rows[duty] == nil {
            trim(at: now)
            rows[duty] = LiveDuty(duty, nodes: nodes)
        }
        // In place: the subscript with a default does not copy the row.
        change(&rows[duty, default: LiveDuty(duty, nodes: nodes)])
    }

    /// Whether what comes of it now is too late to be told apart.
    private static func isSettling(_ duty: Duty, _ kept: ClosedRange<UInt64>) -> Bool {
        duty.slot.rawValue + settledAfter + 1 < kept.upperBound
    }

    /// Makes room for one row.
    private mutating func trim(at now: Instant) {
        guard let kept = keptSlots(at: now) else { return }
        for duty in Array(rows.keys) {
            if !kept.contains(duty.slot.rawValue) {
                rows[duty] = nil
            } else if Self.isSettling(duty, kept) {
                rows[duty]?.settle()
            }
        }
        guard rows.count >= rowsLimit else { return }
        let worst = rows.values.min { ($0.isOurs ? 1 : 0, $0.duty) < ($1.isOurs ? 1 : 0, $1.duty) }
        if let worst { rows[worst.duty] = nil }
    }

    private mutating func change(_ peer: PeerIndex, _ change: (inout Operator) -> Void) {
        guard operators.indices.contains(peer.rawValue) else { return }
        change(&operators[peer.rawValue])
    }

    private mutating func add(_ miss: MissedDuty) {
        missed.append(miss)
        missed = missed.suffix(Self.missedMax)
    }
}
