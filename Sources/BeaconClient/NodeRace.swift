import BeaconAPI

/// One call to several nodes: whom to ask, and what their failures amount to. Source: workflow.md §15.1.
///
/// All primary nodes at once; the fallback nodes once every primary is out of reach. Who asks ends it at the first success.
struct NodeRace {
    enum Step {
        case wait
        case ask([Int])
        case over(BeaconError)
    }

    private let primaries: [Int]
    private let fallbacks: [Int]
    private var missing = 0
    private var repeated: Set<Int> = []
    private var errors: [BeaconError] = []
    private(set) var usesFallback = false

    /// - Parameters: not both empty.
    init(primaries: [Int], fallbacks: [Int]) {
        self.primaries = primaries
        self.fallbacks = fallbacks
    }

    mutating func start() -> [Int] {
        usesFallback = primaries.isEmpty
        let nodes = usesFallback ? fallbacks : primaries
        missing = nodes.count
        return nodes
    }

    /// A node hung up before it answered: most likely it closed an idle connection at the instant we used it again, so
    /// it is asked once more.
    mutating func mayAskAgain(_ node: Int) -> Bool { repeated.insert(node).inserted }

    mutating func failed(_ error: BeaconError) -> Step {
        errors.append(error)
        missing -= 1
        guard missing == 0 else { return .wait }
        guard !usesFallback, !fallbacks.isEmpty, BeaconError.callForFallback(errors) else {
            return .over(BeaconError.mostTelling(of: errors))
        }
        usesFallback = true
        missing = fallbacks.count
        return .ask(fallbacks)
    }
}
