/// Durations as operators write them: Go notation such as `300ms`, `2s`, `1h30m`, `1.5s`.
package enum GoDuration {
    /// - Returns: nil unless the text is a non-negative duration below about 290 years.
    package static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        if rest == "0" { return .zero }
        guard !rest.isEmpty, text.utf8.count <= 64 else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard !digits.isEmpty, let value = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let nanoseconds = units[String(unit)] else { return nil }
            total += value * nanoseconds
            rest = rest.dropFirst(unit.count)
        }
        guard total.isFinite, total < 9.2e18 else { return nil }
        return .nanoseconds(Int64(total))
    }

    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    /// `1h30m0s`, `2s`, `1.5s`, `300ms`, `3µs`, as Go prints them: in whole nanoseconds, the nearest.
    package static func format(_ duration: Duration) -> String {
        if duration < .zero { return "-" + format(.zero - duration) }
        let nanoseconds = Int64(min((duration / .nanoseconds(1)).rounded(), 9.2e18))
        if nanoseconds == 0 { return "0s" }
        if nanoseconds < 1000 { return "\(nanoseconds)ns" }
        if nanoseconds < 1_000_000 { return number(nanoseconds, of: 1000) + "µs" }
        if nanoseconds < 1_000_000_000 { return number(nanoseconds, of: 1_000_000) + "ms" }
        let whole = nanoseconds / 1_000_000_000
        if whole >= 3600 { return "\(whole / 3600)h\(whole % 3600 / 60)m\(whole % 60)s" }
        if whole >= 60 { return "\(whole / 60)m\(whole % 60)s" }
        return number(nanoseconds, of: 1_000_000_000) + "s"
    }

    /// - Parameter unit: a power of ten.
    private static func number(_ nanoseconds: Int64, of unit: Int64) -> String {
        // Behind a one, so that zeros in front stay.
        let decimals = "\(unit + nanoseconds % unit)".dropFirst()
        guard let last = decimals.lastIndex(where: { $0 != "0" }) else { return "\(nanoseconds / unit)" }
        return "\(nanoseconds / unit).\(decimals[...last])"
    }
}
