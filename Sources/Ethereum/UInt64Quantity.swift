import SSZ

/// A uint64 of the specifications with a meaning of its own, so that a slot is never taken for an epoch.
///
/// SSZ: 8 bytes. JSON: decimal text.
package protocol UInt64Quantity: SSZCodable, RawRepresentable, Hashable, Comparable, CustomStringConvertible,
    ExpressibleByIntegerLiteral
where RawValue == UInt64 {
    init(rawValue: UInt64)
}

extension UInt64Quantity {
    package init(_ value: UInt64) { self.init(rawValue: value) }
    package init(integerLiteral value: UInt64) { self.init(rawValue: value) }

    package static var zero: Self { Self(rawValue: 0) }
    package static var max: Self { Self(rawValue: .max) }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// Saturating: numbers come from peers, and 2^64 - 1 means "never" in the specifications.
    package static func + (value: Self, offset: UInt64) -> Self {
        let (sum, overflow) = value.rawValue.addingReportingOverflow(offset)
        return Self(rawValue: overflow ? .max : sum)
    }

    /// Saturating at zero.
    package static func - (value: Self, offset: UInt64) -> Self {
        Self(rawValue: value.rawValue > offset ? value.rawValue - offset : 0)
    }

    package var description: String { String(rawValue) }

    /// Digits only, in range; nil otherwise.
    package init?(decimal text: String) {
        guard let value = UInt64(decimal: text) else { return nil }
        self.init(rawValue: value)
    }
}

extension UInt64Quantity {
    package static func fixedSize(preset: Preset) -> Int? { 8 }
    package static var isBasic: Bool { true }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        rawValue.encode(into: &bytes, preset: preset)
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        self.init(rawValue: try UInt64(decoding: bytes, preset: preset))
    }

    package func hashTreeRoot(preset: Preset) -> Root { rawValue.chunk }

    package func json(preset: Preset) -> JSONValue { rawValue.json(preset: preset) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        self.init(rawValue: try UInt64(json: json, preset: preset))
    }
}
