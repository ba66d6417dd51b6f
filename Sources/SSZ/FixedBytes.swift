/// Exactly `count` bytes, stored inline: no heap, no length to get wrong.
///
/// Roots, keys, signatures, addresses and fork versions are all of this shape. Ordered byte by byte from the first,
/// which is also the order of the hex texts.
///
/// Inlinable throughout: other modules would go through unspecialised generic code else, which looks up types at run time.
package struct FixedBytes<let count: Int>: Sendable {
    @usableFromInline var storage: InlineArray<count, UInt8>

    /// All zeros.
    @inlinable
    package init() {
        storage = InlineArray(repeating: 0)
    }

    /// All zeros.
    @inlinable
    package static var zero: Self { Self() }

    /// - Returns: nil unless `bytes` has exactly `count` elements.
    @inlinable
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == count else { return nil }
        self.init()
        copy(bytes)
    }

    /// The first `count` of `bytes`, with zeros where there are fewer.
    @inlinable
    package init(padding bytes: some Collection<UInt8>) {
        self.init()
        copy(bytes)
    }

    /// Hexadecimal text with or without `0x`, any case.
    ///
    /// - Throws: `HexError` unless it is hex of exactly `count` bytes.
    package init(hex: String) throws(HexError) {
        let bytes = try Hex.decode(hex, bytesMax: count)
        guard let value = Self(bytes) else { throw .length(expected: count, actual: bytes.count) }
        self = value
    }

    @inlinable
    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// `0x` and lower case digits.
    package var hex: String { withUnsafeBytes { Hex.encode($0) } }

    @inlinable
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try Swift.withUnsafeBytes(of: storage, body)
    }

    @inlinable
    package mutating func withUnsafeMutableBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try Swift.withUnsafeMutableBytes(of: &storage, body)
    }

    /// - Precondition: `0 <= i < count`.
    @inlinable
    package subscript(i: Int) -> UInt8 {
        get { storage[i] }
        set { storage[i] = newValue }
    }

    @inlinable
    mutating func copy(_ bytes: some Collection<UInt8>) {
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { source in
            let used = UnsafeBufferPointer(rebasing: source[0..<min(count, source.count)])
            withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(used)) }
        }
        if isContiguous == nil {
            for (i, byte) in zip(0..<count, bytes) { storage[i] = byte }
        }
    }
}

extension FixedBytes: Hashable {
    @inlinable
    package static func == (a: Self, b: Self) -> Bool {
        for i in 0..<count where a.storage[i] != b.storage[i] { return false }
        return true
    }

    @inlinable
    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension FixedBytes: Comparable {
    @inlinable
    package static func < (a: Self, b: Self) -> Bool {
        for i in 0..<count where a.storage[i] != b.storage[i] { return a.storage[i] < b.storage[i] }
        return false
    }
}

extension FixedBytes: CustomStringConvertible {
    package var description: String { hex }
}

package typealias Bytes4 = FixedBytes<4>
package typealias Bytes20 = FixedBytes<20>
package typealias Bytes32 = FixedBytes<32>
package typealias Bytes33 = FixedBytes<33>
package typealias Bytes48 = FixedBytes<48>
package typealias Bytes65 = FixedBytes<65>
package typealias Bytes96 = FixedBytes<96>
/// A hash tree root, or one 32-byte chunk below it.
package typealias Root = Bytes32
