import Program

/// What a case found out.
struct Finding: Hashable, Sendable {
    var verdict: Verdict
    /// For people, with its unit: `12ms`, `57`.
    var measurement: String?
    /// What the operator may do about it.
    var suggestion: String?
    /// Why it failed, or was not run.
    var error = ""
    /// A failure that does not count.
    var isAcceptable = false

    static let ok = Finding(verdict: .ok)

    static func skipped(_ reason: String) -> Finding { Finding(verdict: .skip, error: reason) }
    static func failed(_ reason: String) -> Finding { Finding(verdict: .fail, error: reason) }

    static func measured(_ time: Duration, _ limits: Limits) -> Finding {
        Finding(verdict: limits.verdict(time), measurement: shown(time))
    }

    static func measured(_ value: Double, unit: String, _ limits: Limits) -> Finding {
        Finding(verdict: limits.verdict(value), measurement: "\(Int(value.rounded()))\(unit)")
    }

    /// Nobody reads nanoseconds. The verdict is of the exact time.
    private static func shown(_ time: Duration) -> String {
        let step: Duration = time < .milliseconds(10) ? .microseconds(1) : .microseconds(100)
        return GoDuration.format(step * Int((time / step).rounded()))
    }
}
