import BeaconAPI

/// One call to several nodes: whom to ask when, and what their failures amount to. Source: workflow.md §15.1.
///
/// The best primary node is asked first. When it is late the next one is asked, too, and when it fails the next one at
/// once; what everybody must hear goes to all primaries at the start. The fallback nodes follow once every primary has
/// failed in a way that is its own, and nodes that do not follow the chain come last. Who asks ends it at the first success.
struct NodeRace {
    struct Runner: Equatable {
        let node: Int
        /// When it takes longer it is late.
        let patience: Duration
    }

    /// Nodes of one rank.
    struct Heat: Equatable {
        /// The best first.
        var runners: [Runner]
        var hasFallback = false
        /// They start together.
        var isTogether: Bool
        /// Of nodes that do not follow the chain.
        var isIdle = false
    }

    enum Step: Equatable {
        case wait
        case ask([Int])
        case over(BeaconError)
    }

    /// The heats to come.
    private var heats: [Heat]
    /// Who may still start in this one.
    private var waiting: [Runner] = []
    private var askedAt: [Int: ContinuousClock.Instant] = [:]
    private var errors: [BeaconError] = []
    private(set) var usesFallback = false
    /// Those just asked have the whole time before them again.
    private(set) var isNewHeat = false
    /// When to call `late`; nil if nobody is left to ask.
    private(set) var lateAt: ContinuousClock.Instant?
    /// How long others may still succeed once a node has refused; nil: as long as they like.
    private let refusalPatience: Duration?
    /// When nobody is waited for any more; nil while no node has refused.
    private(set) var overdueAt: ContinuousClock.Instant?

    /// - Parameter heats: in their order; empty ones are passed over, but not all are empty.
    init(_ heats: [Heat], refusalPatience: Duration? = nil) {
        self.heats = heats.filter { !$0.runners.isEmpty }
        self.refusalPatience = refusalPatience
    }

    /// One node only.
    init(node: Int) {
        self.init([Heat(runners: [Runner(node: node, patience: .zero)], isTogether: true)])
    }

    mutating func start(at now: ContinuousClock.Instant) -> [Int] {
        guard !heats.isEmpty else { return [] }
        let heat = heats.removeFirst()
        usesFallback = heat.hasFallback
        waiting = heat.runners
        return begin(heat.isTogether ? waiting.count : 1, now)
    }

    /// Time has passed.
    mutating func late(at now: ContinuousClock.Instant) -> [Int] {
        guard let lateAt, now >= lateAt else { return [] }
        return begin(1, now)
    }

    private mutating func begin(_ count: Int, _ now: ContinuousClock.Instant) -> [Int] {
        let starting = waiting.prefix(count)
        waiting.removeFirst(starting.count)
        for runner in starting { askedAt[runner.node] = now }
        lateAt = waiting.isEmpty ? nil : starting.last.map { now + $0.patience }
        return starting.map(\.node)
    }

    /// - Parameter error: of a node that was asked.
    mutating func failed(_ node: Int, _ error: BeaconError, at now: ContinuousClock.Instant) -> Step {
        askedAt[node] = nil
        errors.append(error)
        isNewHeat = false
        if overdueAt == nil, error.cause.isRefusal { overdueAt = refusalPatience.map { now + $0 } }
        if !waiting.isEmpty { return .ask(begin(1, now)) }
        guard askedAt.isEmpty else { return .wait }
        guard !heats.isEmpty, BeaconError.callForFallback(errors) else {
            return .over(BeaconError.mostTelling(of: errors))
        }
        isNewHeat = true
        return .ask(start(at: now))
    }

    /// What the race amounts to if nobody is waited for any more.
    ///
    /// - Precondition: a node has failed.
    func overdue() -> BeaconError { BeaconError.mostTelling(of: errors) }

    /// There is an answer that will do: nodes that do not follow the chain have no better one.
    mutating func settle() { heats.removeAll { $0.isIdle } }

    /// How long a node has been asked; nil if it is not, or has answered.
    func elapsed(_ node: Int, at now: ContinuousClock.Instant) -> Duration? {
        askedAt[node].map { $0.duration(to: now) }
    }

    /// Nodes that have not answered.
    var running: [Int] { askedAt.keys.sorted() }
}
