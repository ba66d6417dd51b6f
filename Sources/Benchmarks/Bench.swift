import SSZ

/// What the groups get: which numbers are wanted, how to measure, and where to put the results.
struct Bench: Sendable {
    let stopwatch: Stopwatch
    let isQuick: Bool
    /// Only numbers whose name contains all of these words.
    private let words: [String]
    private(set) var report = Report()

    init(filter: String, isQuick: Bool) {
        words = filter.lowercased().split(separator: " ").map(String.init)
        stopwatch = isQuick ? .quick : .careful
        self.isQuick = isQuick
    }

    /// A number stands for itself: 100 is not part of 1000.
    func wants(_ name: String) -> Bool {
        let name = name.lowercased()
        let parts = Set(name.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        return words.allSatisfy { $0.allSatisfy(\.isNumber) ? parts.contains($0) : name.contains($0) }
    }

    /// Whether any of them is wanted, so that their common preparation is worth its time.
    func wantsAny(of names: [String]) -> Bool { names.contains { wants($0) } }

    /// Prints each number when it is there: a run takes a minute.
    mutating func record(
        _ name: String, n: Int, _ value: Double, _ unit: String, _ clock: Clock?, budget: Measurement.Budget? = nil
    ) {
        guard wants(name) else { return }
        let measurement = Measurement(name: name, n: n, unit: unit, value: value, clock: clock, budget: budget)
        report.append(measurement)
        say(Report.line(measurement))
    }

    /// Times `body` and records microseconds for each of the `items` that one call treats.
    mutating func time(
        _ name: String, n: Int, per items: Int = 1, _ body: () throws -> Void
    ) rethrows {
        guard wants(name) else { return }
        record(name, n: n, try stopwatch.microseconds(body) / Double(items), "µs", .thread)
    }
}

/// A benchmark did not do the work it was to be timed for.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Work that is measured must be right as well.
func require(_ condition: Bool, _ what: String) throws {
    guard condition else { throw BenchmarkError(what) }
}
