/// Measures short calls: warm-up, several calls for each clock reading, and the best of many windows.
///
/// The best window is what the work costs; all that other programs do on the machine only adds to it.
struct Stopwatch: Sendable {
    let windows: Int
    let windowNanoseconds: Int64

    /// A third of a second for each number.
    static let careful = Stopwatch(windows: 15, windowNanoseconds: 20_000_000)
    /// To see that everything runs; numbers are a few per cent high.
    static let quick = Stopwatch(windows: 3, windowNanoseconds: 2_000_000)

    /// Microseconds of thread CPU time for each call of `body`, which must not change threads.
    func microseconds(_ body: () throws -> Void) rethrows -> Double {
        let calls = try calls(body)
        var best = Int64.max
        for _ in 0..<windows { best = min(best, try nanoseconds(calls, body)) }
        return Double(best) / Double(calls) / 1000
    }

    /// As above for work that needs a fresh start each time: `prepare` is not counted.
    func microseconds<Input>(_ prepare: () throws -> Input, _ body: (Input) throws -> Void) rethrows -> Double {
        var best = Int64.max
        for _ in 0...windows {
            let input = try prepare()
            let start = Clock.thread.nanoseconds
            try body(input)
            best = min(best, Clock.thread.nanoseconds - start)
        }
        return Double(best) / 1000
    }

    /// How many times the thread CPU time of `short` `long` costs: the median over windows.
    ///
    /// Windows alternate and neighbours are compared: a machine that is slow for a while is slow for both.
    func ratio(of long: () throws -> Void, to short: () throws -> Void) rethrows -> Double {
        let calls = [try self.calls(long), try self.calls(short)]
        var ratios: [Double] = []
        for _ in 0..<windows {
            let nanoseconds = [try nanoseconds(calls[0], long), try nanoseconds(calls[1], short)]
            ratios.append(Double(nanoseconds[0]) / Double(calls[0]) / (Double(nanoseconds[1]) / Double(calls[1])))
        }
        return Percentiles(ratios)[50]
    }

    /// Warms up, and returns how many calls fill a window.
    private func calls(_ body: () throws -> Void) rethrows -> Int {
        try body()
        var calls = 1
        var spent = try nanoseconds(calls, body)
        while spent < windowNanoseconds {
            // Towards the full window, but carefully: the first calls are slow.
            let wanted = Double(calls) * Double(windowNanoseconds) / Double(max(spent, 1)) * 1.1
            calls = min(Int(wanted) + 1, calls * 10)
            spent = try nanoseconds(calls, body)
        }
        return calls
    }

    private func nanoseconds(_ calls: Int, _ body: () throws -> Void) rethrows -> Int64 {
        let start = Clock.thread.nanoseconds
        for _ in 0..<calls { try body() }
        return Clock.thread.nanoseconds - start
    }
}
