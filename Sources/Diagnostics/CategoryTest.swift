import Synchronization

/// A category's cases, ready to be run.
package struct CategoryTest: Sendable {
    struct Target: Sendable {
        /// Without secrets.
        var name: String
        var cases: [TestCase]
    }

    private final class Flag: Sendable {
        let raised = Atomic(false)
    }

    package let category: Category
    private let targets: [Target]

    /// - Parameters:
    ///   - targets: those of one name get numbers.
    ///   - selection: `--test-cases`; all if empty.
    /// - Throws: for a name that no case has: who misspells one shall not take the rest's score for the whole.
    init(_ category: Category, _ targets: [Target], selection: [String]) throws(DiagnosticsError) {
        self.category = category
        var names: [String] = []
        for test in targets.flatMap(\.cases) where !names.contains(test.name) { names.append(test.name) }
        let unknown = selection.filter { !names.contains($0) }
        guard unknown.isEmpty else { throw .unknownCases(unknown, category, names) }
        var seen: [String: Int] = [:]
        self.targets = targets.map { target in
            var target = target
            seen[target.name, default: 0] += 1
            if let count = seen[target.name], count > 1 { target.name += " (\(count))" }
            if !selection.isEmpty { target.cases.removeAll { !selection.contains($0.name) } }
            return target
        }.filter { !$0.cases.isEmpty }
    }

    /// Targets side by side, the cases of one in turn. Ends early when `timeout` is over or the task is cancelled; what
    /// has not ended by then has failed.
    ///
    /// - Parameter end: when `timeout` is over, which may have begun with other tests; from now if nil.
    package func run(until end: Duration? = nil, timeout: Duration, clock: ProbeClock) async -> CategoryResult {
        let start = clock.now()
        let rest = end.map { $0 - start } ?? timeout
        let isOver = Flag()
        let results = await withTaskGroup(of: (index: Int, results: [CaseResult])?.self) { group in
            group.addTask {
                guard (try? await clock.sleep(rest)) != nil else { return nil }
                isOver.raised.store(true, ordering: .relaxed)
                return nil
            }
            for (index, target) in targets.enumerated() {
                group.addTask {
                    let results = await Self.run(target.cases) {
                        isOver.raised.load(ordering: .relaxed) ? .timeout(timeout) : .interrupted
                    }
                    return (index, results)
                }
            }
            var results: [Int: [CaseResult]] = [:]
            while results.count < targets.count, let next = await group.next() {
                if let next { results[next.index] = next.results } else { group.cancelAll() }
            }
            group.cancelAll()
            return results
        }
        let named = targets.enumerated().map { (name: $1.name, results: results[$0] ?? []) }
        return CategoryResult(
            category: category, targets: named.sorted { $0.name < $1.name }, executionTime: clock.now() - start)
    }

    private static func run(_ cases: [TestCase], whyCancelled: () -> CaseFailure) async -> [CaseResult] {
        var results: [CaseResult] = []
        for test in cases {
            var finding = Finding.failed("")
            if !Task.isCancelled {
                do { finding = try await test.run() } catch { finding = .failed("\(error)") }
            }
            // What a cancelled probe complains of is no fault of its target.
            if Task.isCancelled, finding.verdict == .fail { finding = .failed("\(whyCancelled())") }
            results.append(CaseResult(name: test.name, finding: finding))
        }
        return results
    }
}
