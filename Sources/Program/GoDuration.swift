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

    /// `1h30m0s`, `2s`, `1.5s`, `300ms`, `3µs`, as Go prints them.
    package static func format(_ duration: Duration) -> String {
        let nanoseconds = duration / .nanoseconds(1)
        if nanoseconds == 0 { return "0s" }
        if nanoseconds < 1e3 { return number(nanoseconds) + "ns" }
        if nanoseconds < 1e6 { return number(nanoseconds / 1e3) + "µs" }
        if nanoseconds < 1e9 { return number(nanoseconds / 1e6) + "ms" }
        let seconds = nanoseconds / 1e9
        let whole = Int(seconds)
        if whole >= 3600 { return "\(whole / 3600)h\(whole % 3600 / 60)m\(whole % 60)s" }
        if whole >= 60 { return "\(whole / 60)m\(whole % 60)s" }
        return number(seconds) + "s"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
