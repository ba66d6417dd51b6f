/// The unsigned integers of SSZ: little-endian bytes; in JSON a decimal text.
///
/// All of them do their work as `UInt64`: arithmetic on a generic integer would dominate the decoding of small
/// containers, as this module's generic code is not specialised for its callers.
package protocol SSZUnsignedInteger: SSZCodable {
    static var byteCount: Int { get }
    var widened: UInt64 { get }
    /// nil if `value` is out of range.
    init?(narrowing value: UInt64)
}

extension UInt8: SSZUnsignedInteger {
    package static var byteCount: Int { 1 }
    package var widened: UInt64 { UInt64(self) }
    package init?(narrowing value: UInt64) { self.init(exactly: value) }
}

extension UInt16: SSZUnsignedInteger {
    package static var byteCount: Int { 2 }
    package var widened: UInt64 { UInt64(self) }
    package init?(narrowing value: UInt64) { self.init(exactly: value) }
}

extension UInt32: SSZUnsignedInteger {
    package static var byteCount: Int { 4 }
    package var widened: UInt64 { UInt64(self) }
    package init?(narrowing value: UInt64) { self.init(exactly: value) }
}

extension UInt64: SSZUnsignedInteger {
    package static var byteCount: Int { 8 }
    package var widened: UInt64 { self }
    package init?(narrowing value: UInt64) { self = value }
}

extension SSZUnsignedInteger {
    package static func fixedSize(preset: Preset) -> Int? { byteCount }
    package static var isBasic: Bool { true }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        bytes.appendLittleEndian(widened, byteCount: Self.byteCount)
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        guard bytes.count == Self.byteCount, let value = Self(narrowing: bytes.littleEndian) else {
            throw SSZError(.length(expected: Self.byteCount, actual: bytes.count))
        }
        self = value
    }

    package func hashTreeRoot(preset: Preset) -> Root { widened.chunk }

    package func json(preset: Preset) -> JSONValue { .string(String(widened)) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        guard case .string(let text) = json else { throw SSZError(.json(expected: "decimal text")) }
        guard let value = UInt64(decimal: text).flatMap(Self.init(narrowing:)) else { throw SSZError(.number) }
        self = value
    }
}

extension [UInt8] {
    mutating func appendLittleEndian(_ value: UInt64, byteCount: Int) {
        for i in 0..<byteCount { append(UInt8(truncatingIfNeeded: value >> UInt64(8 * i))) }
    }
}

extension ArraySlice<UInt8> {
    /// The bytes as a little-endian number.
    /// - Precondition: there are at most eight.
    var littleEndian: UInt64 {
        var value: UInt64 = 0
        for byte in reversed() { value = value << 8 | UInt64(byte) }
        return value
    }
}

extension UInt64 {
    /// Little-endian, padded with zeros to a chunk.
    package var chunk: Root {
        var chunk = Root.zero
        chunk.withUnsafeMutableBytes { $0.storeBytes(of: littleEndian, as: UInt64.self) }
        return chunk
    }

    /// Digits only: no sign, no space, at most 20 of them. nil otherwise and when out of range.
    package init?(decimal text: String) {
        let digits = text.utf8
        guard !digits.isEmpty, digits.count <= 20 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        self = value
    }
}

extension Bool: SSZCodable {
    package static func fixedSize(preset: Preset) -> Int? { 1 }
    package static var isBasic: Bool { true }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        bytes.append(self ? 1 : 0)
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        guard bytes.count == 1, let byte = bytes.first else {
            throw SSZError(.length(expected: 1, actual: bytes.count))
        }
        guard byte <= 1 else { throw SSZError(.boolean(byte)) }
        self = byte == 1
    }

    package func hashTreeRoot(preset: Preset) -> Root { UInt64(self ? 1 : 0).chunk }

    package func json(preset: Preset) -> JSONValue { .bool(self) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        guard case .bool(let value) = json else { throw SSZError(.json(expected: "true or false")) }
        self = value
    }
}

extension FixedBytes: SSZCodable {
    package static func fixedSize(preset: Preset) -> Int? { count }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        guard let value = Self(bytes) else {
            throw SSZError(.length(expected: Self.count, actual: bytes.count))
        }
        self = value
    }

    package func hashTreeRoot(preset: Preset) -> Root {
        withUnsafeBytes { ChunkTree.root(packing: $0, chunkLimit: (Self.count + 31) / 32) }
    }

    package func json(preset: Preset) -> JSONValue { .string(hex) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        guard case .string(let text) = json else { throw SSZError(.json(expected: "hex text")) }
        do throws(HexError) {
            try self.init(hex: text)
        } catch {
            throw SSZError(.hex(error))
        }
    }
}
