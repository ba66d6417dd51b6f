/// A point in time: nanoseconds since the Unix epoch. Arithmetic saturates (years 1678 to 2262).
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Whole seconds since the Unix epoch, as genesis times are given.
    package init(unixSeconds: UInt64) {
        nanoseconds = Int64(clamping: unixSeconds.multipliedFullWidth(by: 1_000_000_000))
    }

    /// Seconds since the Unix epoch, rounded down.
    package var unixSeconds: Int64 {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    package static func + (instant: Self, duration: Duration) -> Self {
        Self(nanoseconds: Int64(clamping: Int128(instant.nanoseconds) + duration.wholeNanoseconds))
    }

    package static func - (instant: Self, duration: Duration) -> Self {
        Self(nanoseconds: Int64(clamping: Int128(instant.nanoseconds) - duration.wholeNanoseconds))
    }

    package static func - (later: Self, earlier: Self) -> Duration {
        let difference = Int128(later.nanoseconds) - Int128(earlier.nanoseconds)
        return Duration(attoseconds: difference * 1_000_000_000)
    }

    /// Seconds since the Unix epoch with nine decimals.
    package var description: String {
        let (seconds, fraction) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        return "\(nanoseconds < 0 ? "-" : "")\(seconds).\(String(1_000_000_000 + fraction).dropFirst())"
    }
}

extension Duration {
    /// Rounded towards zero.
    var wholeNanoseconds: Int128 { attoseconds / 1_000_000_000 }
}

extension Int64 {
    /// The full product if it fits, the largest number otherwise.
    fileprivate init(clamping product: (high: UInt64, low: UInt64)) {
        self = product.high == 0 ? Int64(clamping: product.low) : .max
    }
}
