import Ethereum
import QBFT
import SSZ

@testable import DutyWorkflow
@testable import Traces

/// What a node's shell tells a tracer while one duty goes through the pipeline: a step each millisecond.
struct ScriptedDuty {
    static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1_700_000_000), slotDuration: .seconds(12), slotsPerEpoch: 32)
    static let slot = Slot(100)
    static let keys = (1...2).map { EntryKey(PubKey([UInt8](repeating: UInt8($0), count: 48)) ?? .zero) }

    let duty: Duty
    let start: Instant
    var tracer: DutyTracer
    var spans: [Span] = []
    private(set) var now: Instant

    init(_ type: DutyType, seed: UInt64 = 1, delay: Duration = .milliseconds(5)) {
        duty = Duty(slot: Self.slot, type: type)
        start = Self.clock.begin(of: duty)
        now = start + delay
        tracer = DutyTracer(lockHash: Root(padding: [1]), clock: Self.clock, seed: seed)
    }

    mutating func pass(_ time: Duration = .milliseconds(1)) { now = now + time }

    // MARK: What the shell tells

    mutating func report(_ report: Report) {
        spans += tracer.heard(report, at: now)
        pass()
    }

    mutating func perform(_ effect: Effect, _ event: Event, lasting: Duration = .milliseconds(3)) {
        let span = tracer.begins(effect, at: now)
        pass(lasting)
        if let span { spans += tracer.ends(span, with: event, at: now) }
    }

    mutating func commit(_ records: [Record], lasting: Duration = .milliseconds(2)) {
        let (open, over) = tracer.begins(records, at: now)
        spans += over
        pass(lasting)
        for span in open { spans += tracer.ends(span, at: now) }
    }

    mutating func follow(_ name: SpanName, in outer: SpanName? = nil, peer: PeerIndex? = nil, error: String? = nil) {
        let whole = outer.flatMap { tracer.begins($0, duty, at: now) }
        let part = tracer.begins(name, duty, in: whole, peer: peer, at: now)
        pass()
        for span in [part, whole].compactMap({ $0 }) { spans += tracer.ends(span, error: error, at: now) }
    }

    // MARK: Steps

    mutating func begin() { report(.started(duty, validators: 2)) }

    mutating func fetch() { perform(.fetch(duty, .headRoot), .fetched(duty, .headRoot(.zero))) }

    mutating func decide() {
        report(.decided(duty, round: 1, leader: PeerIndex(2), after: .milliseconds(4)))
        commit([.vote(duty, QBFT.Message(.commit, round: 1, source: 0), values: [:]), .unsigned(duty, [:])])
    }

    mutating func sign() {
        commit([.partials(duty, set, .internal)])
        perform(.shareWithPeers(duty, set), .shared(duty, Self.keys))
        follow(.parSigExHandle, peer: PeerIndex(3))
        commit([.partials(duty, set, .broadcasted)])
    }

    mutating func aggregate() {
        perform(
            .recover(duty, groups),
            .recovered(duty, Dictionary(uniqueKeysWithValues: Self.keys.map { ($0, Recovery.signature(.zero)) })))
    }

    mutating func broadcast() {
        perform(.broadcast(duty, signed), .broadcastSucceeded(duty, Self.keys))
        report(.succeeded(duty, validators: 2, sinceDecided: .milliseconds(20)))
        commit([.aggregated(duty, signed)])
    }

    var set: ParSignedDataSet {
        signed.mapValues { ParSignedData(data: $0, shareIndex: ShareIndex(PeerIndex(0))) }
    }
    var signed: SignedDataSet {
        Dictionary(uniqueKeysWithValues: Self.keys.map { ($0, SignedData.randao(SignedEpoch())) })
    }
    private var groups: [EntryKey: PartialGroup] {
        signed.mapValues { PartialGroup(data: $0, signatures: [:]) }
    }

    /// What the tracker says after the deadline.
    func analysis(_ outcome: DutyAnalysis.Outcome) -> Report {
        let record = DutyRecord(duty, own: ShareIndex(PeerIndex(0)))
        return .analysed(
            DutyAnalysis(
                duty: duty, outcome: outcome, validators: 2,
                participation: Participation(record, shares: [], due: nil), isInconsistent: false,
                inclusionDelays: [], inclusionMissed: 0))
    }

    // MARK: What came of it

    /// The spans as a tree: a line each, by start, with milliseconds from the duty's begin.
    var tree: [String] { Self.lines(spans, below: nil, depth: 0, from: start) }

    private static func lines(_ spans: [Span], below parent: SpanID?, depth: Int, from start: Instant) -> [String] {
        spans.enumerated().filter { $0.element.parent == parent }
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            .flatMap { _, span -> [String] in
                let (begin, end) = (milliseconds(span.start - start), milliseconds(span.end - start))
                let indent = String(repeating: "  ", count: depth)
                return ["\(indent)\(span.name) \(begin)-\(end)"]
                    + lines(spans, below: span.id, depth: depth + 1, from: start)
            }
    }

    private static func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
}
