/// The unsigned integers of SSZ: little-endian bytes; in JSON a decimal text.
package protocol SSZUnsignedInteger: SSZCodable, FixedWidthInteger, UnsignedInteger {}

extension UInt8: SSZUnsignedInteger {}
extension UInt16: SSZUnsignedInteger {}
extension UInt32: SSZUnsignedInteger {}
extension UInt64: SSZUnsignedInteger {}

extension SSZUnsignedInteger {
    package static func fixedSize(preset: Preset) -> Int? { bitWidth / 8 }
    package static var isBasic: Bool { true }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        for i in 0..<Self.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: self >> (8 * i))) }
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        guard bytes.count == Self.bitWidth / 8 else {
            throw SSZError(.length(expected: Self.bitWidth / 8, actual: bytes.count))
        }
        self = 0
        for (i, byte) in bytes.enumerated() { self |= Self(byte) << Self(8 * i) }
    }

    package func hashTreeRoot(preset: Preset) -> Root { UInt64(self).chunk }

    package func json(preset: Preset) -> JSONValue { .string(String(self)) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        guard case .string(let text) = json else { throw SSZError(.json(expected: "decimal text")) }
        guard let value = UInt64(decimal: text), let value = Self(exactly: value) else { throw SSZError(.number) }
        self = value
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
