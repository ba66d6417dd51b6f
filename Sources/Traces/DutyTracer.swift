import DutyWorkflow
import Ethereum
import SSZ
import Timing

/// Makes spans of what the workflow reports and does. A listener: nothing depends on it.
///
/// Each duty is one trace, with a root span per node; what a node does for it lies below. The root is told when the
/// duty is done, or over. Source: operations.md §11.
///
/// Bounds: `dutiesMax` duties, each a `DutyTrace`. Steps under way are held by those who do them.
package struct DutyTracer: Sendable {
    /// Two epochs of every type of duty, three times: peers may name what never comes.
    static let dutiesMax = 4096

    private let lockHash: Root
    private let deadlines: Deadlines
    private var random: SplitMix64
    private var duties: [Duty: DutyTrace] = [:]

    /// - Parameter seed: another one for each process: spans are told apart by it.
    package init(lockHash: Root, clock: SlotClock, seed: UInt64) {
        self.lockHash = lockHash
        deadlines = Deadlines(clock: clock)
        random = SplitMix64(seed: seed)
    }

    // MARK: Reports

    package mutating func heard(_ report: Report, at now: Instant) -> [Span] {
        guard let duty = report.duty else { return [] }
        // After the duty's end, and no part of it.
        if case .analysed(let analysis) = report { return analysed(analysis) }
        guard touch(duty, at: now) else { return [] }
        switch report {
        case .started(_, let validators): return started(duty, validators, now)
        case .decided(_, let round, let leader, let after): return decided(duty, round, leader, after, now)
        case .succeeded: return tell(duty, at: now)
        case .failed(let failure):
            let why: [Span.Attribute] = [
                .init("step", failure.step.name), .init("reason_code", failure.reason.code),
            ]
            note(duty, "Duty failed", why, now)
            return tell(duty, error: "\(failure)", at: now)
        case .roundChanged(_, let from, let to, let why):
            note(duty, "round changed", [.init("from", from), .init("to", to), .init("rule", why)], now)
        case .retrying(_, let step, let detail):
            note(duty, "trying again", [.init("step", step.name), .init("error", DutyTrace.cut(detail))], now)
        case .fault(_, let fault):
            note(duty, "fault", [.init("kind", fault.kind.rawValue), .init("error", DutyTrace.cut("\(fault)"))], now)
        case .twinSeen(_, let what):
            note(duty, "another process signs with this node's key", [.init("seen", DutyTrace.cut(what))], now)
        case .roundChangesLacked:
            note(duty, "round changes of most others did not come", [], now)
        case .stillHalted, .analysed, .peerAbsent, .peerReturned, .dutiesUnavailable, .validatorsWithoutDuty,
            .dutiesMissed, .prioritiesAgreed, .slashed, .slashingLifted, .plannedSwitch:
            break
        }
        return []
    }

    private mutating func analysed(_ analysis: DutyAnalysis) -> [Span] {
        if case .failed(let reason) = analysis.outcome { return tell(analysis.duty, error: reason.code, at: nil) }
        return tell(analysis.duty, at: nil)
    }

    private mutating func started(_ duty: Duty, _ validators: Int, _ now: Instant) -> [Span] {
        duties[duty]?.started(validators: validators)
        if duty.type.rules.isDecided, duties[duty]?.isDecided == false, duties[duty]?.participation == nil {
            let participation = open(.participate, duty, at: now)
            duties[duty]?.participation = participation
        }
        guard duty.type.rules.span != .endless else { return [] }
        // What is signed ahead of its slot begins then.
        let due = min(deadlines.clock.begin(of: duty), now)
        return [open(.scheduleSlot, duty, at: due)?.ended(at: now)].compactMap { $0 }
    }

    private mutating func decided(
        _ duty: Duty, _ round: Int64, _ leader: PeerIndex, _ after: Duration, _ now: Instant
    ) -> [Span] {
        guard let trace = duties[duty] else { return [] }
        let attributes: [Span.Attribute] = [.init("round", round), .init("leader", leader.rawValue)]
        let run = open(.runInstance, duty, below: trace.participation?.id, at: now - after, attributes)
        duties[duty]?.isDecided = true
        duties[duty]?.participation = nil
        duties[duty]?.proposal = nil
        let spans = [run, trace.participation, trace.proposal].compactMap { $0?.ended(at: now) }
        // Nothing comes after it.
        return spans + (duty.type == .infoSync ? tell(duty, at: now) : [])
    }

    // MARK: Work

    /// An effect begins; nil for one that has no span.
    package mutating func begins(_ effect: Effect, at now: Instant) -> OpenSpan? {
        switch effect {
        case .fetch(let duty, _): return open(.fetch, duty, at: now)
        case .shareWithPeers(let duty, let set):
            let span = open(.parSigExBroadcast, duty, at: now, [.init("validators", set.count)])
            duties[duty]?.signed(set.keys)
            return span
        case .recover(let duty, let groups): return open(.aggregate, duty, at: now, [.init("validators", groups.count)])
        case .broadcast(let duty, let set): return open(.broadcast, duty, at: now, [.init("validators", set.count)])
        case .persist, .note, .resolveDuties, .sendConsensus, .sendConsensusTo, .exchangePriorities, .sign,
            .shareWithPeer, .verify, .decodeAhead, .checkInclusion, .enterNewSet, .answer, .report:
            return nil
        }
    }

    /// What came of it.
    package mutating func ends(_ span: OpenSpan, with event: Event, at now: Instant) -> [Span] {
        var error: String?
        var more: [Span] = []
        switch event {
        case .fetched(let duty, _): proposes(duty, now)
        case .fetchFailed(_, let failure), .broadcastFailed(_, _, let failure): error = failure.reason
        case .recovered(let duty, let results):
            let keys = results.filter { if case .signature = $0.value { true } else { false } }.keys
            if keys.count < results.count { error = "\(results.count - keys.count) with bad shares" }
            duties[duty]?.aggregated(keys)
            if duties[duty]?.isSigned == true { more = tell(duty, at: now) }
        default: break
        }
        return ends(span, error: error, at: now) + more
    }

    private mutating func proposes(_ duty: Duty, _ now: Instant) {
        guard duty.type.rules.isDecided, let trace = duties[duty], !trace.isDecided, trace.proposal == nil else {
            return
        }
        let proposal = open(.propose, duty, at: now)
        duties[duty]?.proposal = proposal
    }

    /// A commit of the journal begins.
    package mutating func begins(_ records: [Record], at now: Instant) -> (open: [OpenSpan], over: [Span]) {
        var spans: [OpenSpan] = []
        var over: [Span] = []
        for record in records {
            switch record {
            case .unsigned(let duty, let set): append(.dutyDBStore, duty, set.count)
            case .partials(let duty, let set, .internal): append(.storeInternal, duty, set.count)
            case .partials(let duty, let set, .broadcasted): append(.storeExternal, duty, set.count)
            case .aggregated(let duty, let set): append(.aggSigDBStore, duty, set.count)
            case .expired(let duty), .forgotten(let duty): over += forget(duty)
            case .vote, .attestationWatermark, .proposalWatermark, .partials, .partialStatus, .broadcast, .halted,
                .haltLifted, .slashed, .slashingLifted, .plannedSwitch, .switchDropped:
                break
            }
        }
        func append(_ name: SpanName, _ duty: Duty, _ count: Int) {
            if let span = open(name, duty, at: now, [.init("validators", count)]) { spans.append(span) }
        }
        return (spans, over)
    }

    /// Something else begins, that others watch.
    ///
    /// - Parameters:
    ///   - duty: nil for what is of none: a trace of its own.
    ///   - outer: what it is a part of.
    package mutating func begins(
        _ name: SpanName, _ duty: Duty?, in outer: OpenSpan? = nil, peer: PeerIndex? = nil, at now: Instant
    ) -> OpenSpan? {
        let attributes = peer.map { [Span.Attribute("peer", $0.rawValue)] } ?? []
        if let duty { return open(name, duty, below: outer?.id, at: now, attributes) }
        let trace = UInt128(random.next()) << 64 | UInt128(random.next())
        return OpenSpan(
            trace: TraceID(rawValue: trace), id: spanID(), parent: nil, name: name, start: now, duty: nil,
            attributes: attributes)
    }

    package mutating func ends(_ span: OpenSpan, error: String? = nil, at now: Instant) -> [Span] {
        if let duty = span.duty { duties[duty]?.touch(now) }
        return [span.ended(at: now, error: error)]
    }

    /// The process ends: what is known of duties that are not over.
    package mutating func finish() -> [Span] {
        defer { duties = [:] }
        return duties.keys.sorted().flatMap { duties[$0]?.told() ?? [] }
    }

    // MARK: Private parts

    /// - Returns: whether the duty may be traced: what comes after its end would never be cleared away.
    private mutating func touch(_ duty: Duty, at now: Instant) -> Bool {
        if duties[duty] != nil {
            duties[duty]?.touch(now)
            return true
        }
        guard !deadlines.isExpired(duty, at: now) else { return false }
        // Full of what peers named: what lies furthest back has had its time.
        if duties.count >= Self.dutiesMax, let oldest = duties.keys.min() { duties[oldest] = nil }
        duties[duty] = DutyTrace(duty, TraceID(duty, lockHash: lockHash), root: spanID(), at: now)
        return true
    }

    private mutating func open(
        _ name: SpanName, _ duty: Duty, below outer: SpanID? = nil, at now: Instant, _ attributes: [Span.Attribute] = []
    ) -> OpenSpan? {
        guard touch(duty, at: now), let trace = duties[duty] else { return nil }
        return OpenSpan(
            trace: trace.trace, id: spanID(), parent: outer ?? trace.root, name: name, start: now, duty: duty,
            attributes: attributes)
    }

    private mutating func spanID() -> SpanID { SpanID(rawValue: random.next()) }

    private mutating func note(_ duty: Duty, _ name: String, _ attributes: [Span.Attribute], _ now: Instant) {
        duties[duty]?.note(name, attributes, at: now)
    }

    /// - Parameter now: nil for what ended with what was seen last.
    private mutating func tell(_ duty: Duty, error: String? = nil, at now: Instant?) -> [Span] {
        duties[duty]?.told(error: error, at: now) ?? []
    }

    private mutating func forget(_ duty: Duty) -> [Span] {
        var trace = duties.removeValue(forKey: duty)
        return trace?.told() ?? []
    }
}
