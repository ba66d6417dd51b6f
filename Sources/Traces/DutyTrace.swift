import DutyWorkflow
import Ethereum

/// What this node has seen of one duty: its root span, until that is told.
///
/// Bounds: `eventsMax` events of `textMax` characters, and one key for each entry that is signed and not broadcast.
struct DutyTrace: Sendable {
    static let eventsMax = 32
    /// Of an error's or event's text, in characters.
    static let textMax = 240

    let duty: Duty
    let trace: TraceID
    let root: SpanID
    private(set) var start: Instant
    /// Of what was seen last.
    private(set) var end: Instant
    private(set) var validators: Int?
    /// Waiting for the decision.
    var participation: OpenSpan?
    var proposal: OpenSpan?
    var isDecided = false
    private var events: [Span.Event] = []
    private var signed: Set<EntryKey> = []
    private var aggregated: Set<EntryKey> = []
    /// Its root span is out. What comes now still belongs to it.
    private(set) var isTold = false

    init(_ duty: Duty, _ trace: TraceID, root: SpanID, at now: Instant) {
        self.duty = duty
        self.trace = trace
        self.root = root
        start = now
        end = now
    }

    mutating func touch(_ at: Instant) {
        start = min(start, at)
        end = max(end, at)
    }

    mutating func started(validators count: Int) { validators = count }

    mutating func note(_ name: String, _ attributes: [Span.Attribute], at now: Instant) {
        guard !isTold, events.count < Self.eventsMax else { return }
        events.append(Span.Event(at: now, name: name, attributes: attributes))
    }

    // MARK: Signatures for the cluster's own use

    mutating func signed(_ keys: some Sequence<EntryKey>) {
        if isAwaitingSignatures { signed.formUnion(keys) }
    }

    mutating func aggregated(_ keys: some Sequence<EntryKey>) {
        if isAwaitingSignatures { aggregated.formUnion(keys) }
    }

    /// Whether the cluster has signed all that was signed here, of a duty that goes no further.
    var isSigned: Bool { isAwaitingSignatures && !signed.isEmpty && signed.isSubset(of: aggregated) }

    private var isAwaitingSignatures: Bool { !duty.type.rules.isBroadcast && !isTold }

    // MARK: The end

    /// The root span, once; with it what waited for a decision.
    mutating func told(error: String? = nil, at now: Instant? = nil) -> [Span] {
        guard !isTold else { return [] }
        if let now { touch(now) }
        isTold = true
        var attributes: [Span.Attribute] = [.init("service.instance.id", "\(duty)")]
        if let validators { attributes.append(.init("validators", validators)) }
        let span = Span(
            trace: trace, id: root, parent: nil, name: "core/duty.\(duty.type.name)", start: start, end: end,
            attributes: attributes, events: events, error: error.map(Self.cut))
        (events, signed, aggregated) = ([], [], [])
        return undecided(at: end) + [span]
    }

    /// A deadline is no error.
    private mutating func undecided(at now: Instant) -> [Span] {
        defer { (participation, proposal) = (nil, nil) }
        return [participation, proposal].compactMap { $0?.ended(at: now) }
    }

    static func cut(_ text: String) -> String { text.count > textMax ? text.prefix(textMax) + "…" : text }
}
