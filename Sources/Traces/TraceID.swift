import DutyWorkflow
import SSZ

/// Which trace a span belongs to: 128 bits, never zero.
///
/// All nodes of a cluster, of whatever client, give a duty the same one, so that their spans meet. Source:
/// operations.md §11.
package struct TraceID: Hashable, Sendable {
    package let rawValue: UInt128

    init(rawValue: UInt128) { self.rawValue = rawValue == 0 ? 1 : rawValue }

    /// FNV-1a over the lock's hash and the duty's text, e.g. `123/attester`.
    package init(_ duty: Duty, lockHash: Root) {
        var hash = FNV1a()
        hash.add(lockHash.bytes)
        hash.add("\(duty)".utf8)
        self.init(rawValue: hash.value)
    }

    /// Big-endian.
    package var bytes: [UInt8] { withUnsafeBytes(of: rawValue.bigEndian) { Array($0) } }
}

/// Which span: 64 bits, random, never zero.
package struct SpanID: Hashable, Sendable {
    package let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue == 0 ? 1 : rawValue }

    /// Big-endian.
    package var bytes: [UInt8] { withUnsafeBytes(of: rawValue.bigEndian) { Array($0) } }
}

/// 128 bits. Source: Fowler, Noll, Vo; draft-eastlake-fnv.
struct FNV1a {
    private static let prime: UInt128 = 1 << 88 | 0x13b

    private(set) var value: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt128(byte)) &* Self.prime }
    }
}
