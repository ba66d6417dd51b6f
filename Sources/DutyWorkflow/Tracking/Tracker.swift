import Ethereum
import SSZ

/// Watches every duty and says after its end whether it worked, or where it stopped and why, and who took part.
///
/// A duty is judged at its deadline: what it needed of other duties in its slot is known then. Where signatures are
/// looked for in the chain it is judged when all are found or given up, at the latest 38 slots after its deadline.
/// Source: workflow.md §16.
///
/// Bounds: `dutiesMax` duties, each at most one path per validator of the cluster and one root per path and share.
/// Roots are forgotten two slots after the deadline, and with them all that grows with the number of operators.
struct Tracker: Sendable {
    private struct Closed: Sendable {
        let at: Instant
        let duty: Duty
    }

    /// What waits for the chain.
    private struct Open: Sendable {
        let failure: DutyFailure?
        let participation: Participation
        let isInconsistent: Bool
    }

    /// Some three epochs of every type of duty, as far as peers may name them; what peers alone know is left out then.
    static let dutiesMax = 2048
    /// Other duties of the slot look at it that long.
    private static let slotsKept = 2
    /// 32 slots in which a vote can be included, and 6 until their blocks are looked at.
    private static let inclusionSlots = 38

    private let own: ShareIndex
    private let shares: [ShareIndex]
    private let clock: SlotClock
    private var records: [Duty: DutyRecord] = [:]
    /// In the order of their deadlines.
    private var closed: [Closed] = []
    private var open: [Duty: Open] = [:]
    /// What came before was seen by halves.
    private var firstSlot: Slot?
    private var told: Set<FailureReason> = []
    private var attendance: AttendanceWatch

    init(configuration: WorkflowConfiguration) {
        own = configuration.shareIndex
        shares = (0..<configuration.nodes).map { ShareIndex(PeerIndex($0)) }
        clock = configuration.clock
        attendance = AttendanceWatch(own: own)
    }

    /// About what it holds, in bytes.
    var heldBytes: Int { records.values.reduce(0) { $0 + $1.heldBytes } }

    mutating func record(_ duty: Duty, _ step: TrackedStep, at now: Instant) -> [Report] {
        begin(at: now)
        let fault = DutyFault(step)
        let isStarted = if case .started = step { true } else { false }
        let isWhole = duty.slot >= firstSlot ?? .zero
        if records[duty] != nil || isStarted || isWhole && fault == nil && records.count < Self.dutiesMax {
            // Out of the dictionary while it changes: a second reference would copy it at each event.
            var record = records.removeValue(forKey: duty) ?? DutyRecord(duty, own: own)
            record.note(step, at: now)
            records[duty] = record
        }
        // Our validator client makes selections after all: when they are missing next, it is news.
        if case .signedLocally = step { told = told.filter { $0.prerequisite != duty.type } }
        return fault.map { [.fault(duty, $0)] } ?? reports(of: duty, step, at: now)
    }

    /// The duty is over.
    ///
    /// - Parameter due: who has the duty that says who has this one (`DutyType.rules.definedBy`); nil if nobody knows.
    mutating func expire(_ duty: Duty, due: Set<PubKey>?, at now: Instant) -> [Report] {
        guard let record = records[duty] else { return [] }
        closed.append(Closed(at: now, duty: duty))
        guard record.isOurs, duty.slot >= firstSlot ?? .zero else { return [] }
        let waiting = Open(
            failure: failure(record), participation: Participation(record, shares: shares, due: due),
            isInconsistent: record.paths.values.contains(where: \.isInconsistent))
        guard record.awaited.isEmpty else {
            open[duty] = waiting
            return []
        }
        return judge(record, waiting)
    }

    /// Of a duty without a deadline, which made room for others.
    mutating func forget(_ duty: Duty) { records[duty] = nil }

    /// Forgets what is long over; gives up looking for what is in no block.
    mutating func wake(at now: Instant) -> [Report] {
        begin(at: now)
        var reports: [Report] = []
        var kept: [Closed] = []
        while let first = closed.first, first.at + clock.slotDuration * Self.slotsKept <= now {
            closed.removeFirst()
            if open[first.duty] == nil {
                records[first.duty] = nil
            } else if first.at + clock.slotDuration * Self.inclusionSlots > now {
                records[first.duty]?.forgetSigners()
                kept.append(first)
            } else {
                reports += finish(first.duty)
            }
        }
        closed = kept + closed
        return reports
    }

    /// What became of signatures in the chain. They may be found before the duty is over, or after.
    mutating func found(_ duty: Duty, _ outcomes: [PubKey: InclusionOutcome]) -> [Report] {
        for (pubKey, outcome) in outcomes { records[duty]?.found(pubKey, outcome) }
        guard open[duty] != nil, records[duty]?.awaited.isEmpty == true else { return [] }
        return finish(duty)
    }

    // MARK: Private parts, in call order

    /// From the start slot of §16.2 on. A node that is there before genesis sees everything.
    private mutating func begin(at now: Instant) {
        guard firstSlot == nil else { return }
        guard let current = clock.slot(at: now) else {
            firstSlot = .zero
            return
        }
        let tenSeconds = UInt64(clamping: Int((Duration.seconds(10) / clock.slotDuration).rounded(.up)))
        firstSlot = Slot(current.rawValue + max(2, tenSeconds + 1))
    }

    private mutating func reports(of duty: Duty, _ step: TrackedStep, at now: Instant) -> [Report] {
        switch step {
        case .started(let pubKeys): [.started(duty, validators: pubKeys.count)]
        case .fetchFailed(let why): [.retrying(duty, step: .fetcher, detail: why)]
        case .decided(let round, let leader, let after): [.decided(duty, round: round, leader: leader, after: after)]
        case .roundChanged(let from, let to, let why): [.roundChanged(duty, from: from, to: to, why: why)]
        case .roundChangesLacked(let isDecided): [.roundChangesLacked(duty, isDecided: isDecided)]
        case .signFailed(let why): [.retrying(duty, step: .validatorAPI, detail: why)]
        case .broadcastFailed(let why): [.retrying(duty, step: .broadcast, detail: why)]
        case .broadcasted: success(duty, at: now)
        case .fetched, .consensusTimedOut, .stored, .signedLocally, .signedByPeer, .thresholdReached, .aggregated,
            .submitted,
            .conflicted, .equivocatedVote, .equivocatedShare, .badShare, .malformedShare, .undueShare, .badSet,
            .suspectIgnored, .peerRefused, .otherPayee, .unwantedBuilder, .consensusFault:
            []
        }
    }

    private mutating func success(_ duty: Duty, at now: Instant) -> [Report] {
        guard let record = records[duty], record.scheduled != nil, !record.isToldDone, record.missing.isEmpty,
            !record.expected.isEmpty
        else { return [] }
        records[duty]?.isToldDone = true
        let since = record.decidedAt.map { now - $0 } ?? .zero
        return [.succeeded(duty, validators: record.expected.count, sinceDecided: since)]
    }

    private func failure(_ record: DutyRecord) -> DutyFailure? {
        DutyFailure(record, own: own, shares: shares) { [records] type in
            records[Duty(slot: record.duty.slot, type: type)]
        }
    }

    private mutating func finish(_ duty: Duty) -> [Report] {
        guard let waiting = open.removeValue(forKey: duty), let record = records.removeValue(forKey: duty) else {
            return []
        }
        closed.removeAll { $0.duty == duty }
        return judge(record, waiting)
    }

    private mutating func judge(_ record: DutyRecord, _ waiting: Open) -> [Report] {
        let failure = waiting.failure ?? failure(record)
        let isRepeated = failure.map { $0.reason.isToldOnce && !told.insert($0.reason).inserted } ?? false
        let outcome: DutyAnalysis.Outcome =
            if let failure, !isRepeated {
                .failed(failure.reason)
            } else {
                record.missing.isEmpty ? .succeeded : .nothingToDo
            }
        let analysis = DutyAnalysis(
            duty: record.duty, outcome: outcome, validators: record.expected.count,
            participation: waiting.participation, isInconsistent: waiting.isInconsistent,
            inclusionDelays: record.delays.values.sorted(), inclusionMissed: record.notIncluded)
        return (isRepeated ? [] : failure.map { [.failed($0)] } ?? []) + [.analysed(analysis)]
            + attendance.note(record.duty.type, waiting.participation)
    }
}
