import Ethereum

/// Times as the files write them: `2026-11-23T20:59:39Z`, with up to nine decimals, in UTC or with an offset.
package enum RFC3339 {
    /// UTC, whole seconds (rounded down).
    package static func seconds(_ instant: Instant) -> String { text(instant.unixSeconds) + "Z" }

    /// Local time, whole seconds; `Z` where that is UTC.
    package static func seconds(_ instant: Instant, secondsEastOfUTC offset: Int) -> String {
        guard offset != 0 else { return seconds(instant) }
        let minutes = Int64(abs(offset) / 60)
        return text(instant.unixSeconds + Int64(offset)) + (offset < 0 ? "-" : "+")
            + "\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }

    /// UTC, nanoseconds without trailing zeros, as Go writes them.
    package static func nanoseconds(_ instant: Instant) -> String {
        let seconds = instant.unixSeconds
        // Wrapping: right even where seconds × 10^9 lies just outside the range.
        let rest = instant.nanoseconds &- seconds &* 1_000_000_000
        guard rest != 0 else { return text(seconds) + "Z" }
        var digits = padded(rest, 9)
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(text(seconds)).\(digits)Z"
    }

    /// Nil unless it is a time of that form. The day must exist; leap seconds do not.
    package static func parse(_ text: String) -> Instant? {
        var scanner = Scanner(bytes: Array(text.utf8)[...])
        guard let year = scanner.number(digits: 4), scanner.skip("-"),
            let month = scanner.number(digits: 2), scanner.skip("-"),
            let day = scanner.number(digits: 2), scanner.skip("T"),
            let hour = scanner.number(digits: 2), scanner.skip(":"),
            let minute = scanner.number(digits: 2), scanner.skip(":"),
            let second = scanner.number(digits: 2)
        else { return nil }
        guard hour < 24, minute < 60, second < 60, (1...12).contains(month), day >= 1 else { return nil }
        let days = days(year: year, month: month, day: day)
        guard civil(days: days) == (year, month, day) else { return nil }
        guard let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.bytes.isEmpty else {
            return nil
        }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (total, carry) = scaled.addingReportingOverflow(fraction)
        return overflow || carry ? nil : Instant(nanoseconds: total)
    }

    private static func text(_ unixSeconds: Int64) -> String {
        let day = unixSeconds >= 0 ? unixSeconds / 86_400 : (unixSeconds - 86_399) / 86_400
        let rest = unixSeconds - day * 86_400
        let date = civil(days: day)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
    }

    private static func padded(_ value: Int64, _ count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    /// Days since 1970 of a date in the proleptic Gregorian calendar. Years start in March, so that the leap day is
    /// last; 400 years have 146 097 days.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted >= 0 ? shifted / 400 : (shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted >= 0 ? shifted / 146_097 : (shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Reads fixed-width parts from the front.
    private struct Scanner {
        var bytes: ArraySlice<UInt8>

        mutating func number(digits: Int) -> Int64? {
            let part = bytes.prefix(digits)
            guard part.count == digits, part.allSatisfy(Self.isDigit) else { return nil }
            bytes = bytes.dropFirst(digits)
            return part.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }

        mutating func skip(_ character: Character) -> Bool {
            guard let first = bytes.first, first == character.asciiValue else { return false }
            bytes = bytes.dropFirst()
            return true
        }

        /// Nanoseconds; zero without a decimal point.
        mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            let count = bytes.prefix(while: Self.isDigit).count
            guard (1...9).contains(count), let value = number(digits: count) else { return nil }
            return (count..<9).reduce(value) { value, _ in value * 10 }
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int64? {
            if skip("Z") { return 0 }
            let sign: Int64
            if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
            guard let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2), hours < 24, minutes < 60
            else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }

        private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    }
}
