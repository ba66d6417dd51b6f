import Timing

/// Deterministic damage to inputs: the same seed gives the same inputs.
package struct Mutator: RandomNumberGenerator, Sendable {
    private var numbers: SplitMix64

    package init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

    package mutating func next() -> UInt64 { numbers.next() }

    /// Pieces that decoders look for, or stumble over.
    private static let tokens: [[UInt8]] =
        [
            "{", "}", "[", "]", "\"", ":", ",", "null", "true", "-1", "0", "1e5", "18446744073709551615",
            "18446744073709551616", "9223372036854775808", "\\u0000", "\\ud800", "\\udc00", "0x", "0X", "/", "//", ".",
            "\n", "\r\n", "\r", "\u{0}", "\u{301}", "\u{feff}", "%00", "=", "enr:", "/ip4/0.0.0.0", "/tcp/65536",
            "/p2p/", "/dns/", "µs", "ns", "1h", "Z", "+23:59", "data:", "id:", "retry:", "na\n", "/noise\n",
        ].map { Array($0.utf8) } + [
            [0x00], [0x7f], [0x80], [0xff], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 1], [0x80, 0, 0, 0],
            [0x7f, 0xff, 0xff, 0xff], [UInt8](repeating: 0xff, count: 8), [UInt8](repeating: 0, count: 8),
            [UInt8](repeating: 0xff, count: 9) + [1], [0xff, 0xff, 0x03], [0x80, 0x01], [0xe2, 0x80, 0xa8],
            [0xf0, 0x9f, 0x98], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x08, 0x02, 0x12, 0x21], [0x0a, 0x00], [0x12, 0x00],
            [0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ]

    /// One to five changes to one input of the pool, sometimes random bytes only.
    package mutating func next(from pool: [[UInt8]]) -> [UInt8] {
        var bytes = pool.randomElement(using: &self) ?? []
        if next() % 64 == 0 { bytes = random(Int(next() % 96)) }
        for _ in 0...Int(next() % 5) { change(&bytes, pool) }
        if bytes.count > FuzzTarget.bytesMax { bytes.removeLast(bytes.count - FuzzTarget.bytesMax) }
        return bytes
    }

    private mutating func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    private mutating func change(_ bytes: inout [UInt8], _ pool: [[UInt8]]) {
        guard !bytes.isEmpty else {
            bytes = random(1 + Int(next() % 8))
            return
        }
        let at = Int(next() % UInt64(bytes.count))
        switch next() % 16 {
        case 0, 1, 2: bytes[at] ^= 1 << UInt8(next() % 8)
        case 3: bytes[at] = UInt8(truncatingIfNeeded: next())
        case 4: bytes[at] = [0, 1, 2, 0x7f, 0x80, 0xff, bytes[at] &+ 1, bytes[at] &- 1][Int(next() % 8)]
        case 5: bytes.removeSubrange(at..<min(bytes.count, at + 1 + Int(next() % 8)))
        case 6: bytes.removeSubrange(at...)
        case 7: bytes.insert(contentsOf: random(1 + Int(next() % 8)), at: at)
        case 8, 9:
            if let token = Self.tokens.randomElement(using: &self) { bytes.insert(contentsOf: token, at: at) }
        case 10:
            guard let token = Self.tokens.randomElement(using: &self) else { break }
            bytes.replaceSubrange(at..<min(bytes.count, at + token.count), with: token)
        case 11: repeatPart(&bytes, at)
        case 12: splice(&bytes, at, pool)
        case 13: editLength(&bytes, at)
        case 14:
            // Decimal digits: numbers in text.
            if let digit = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) {
                bytes[digit] = 0x30 + UInt8(next() % 10)
            }
        default:
            let other = Int(next() % UInt64(bytes.count))
            bytes.swapAt(at, other)
        }
    }

    /// Members, frames and fields that come twice, or a hundred times.
    private mutating func repeatPart(_ bytes: inout [UInt8], _ at: Int) {
        let part = Array(bytes[at...].prefix(1 + Int(next() % 64)))
        let times = next() % 8 == 0 ? 1 + Int(next() % 100) : 1
        for _ in 0..<times { bytes.insert(contentsOf: part, at: at) }
    }

    private mutating func splice(_ bytes: inout [UInt8], _ at: Int, _ pool: [[UInt8]]) {
        guard let other = pool.randomElement(using: &self), !other.isEmpty else { return }
        let from = Int(next() % UInt64(other.count))
        if next() % 2 == 0 {
            bytes = Array(bytes[..<at]) + other[from...]
        } else {
            bytes.insert(contentsOf: other[from...].prefix(1 + Int(next() % 128)), at: at)
        }
    }

    /// Two or four bytes as a number of either order, a little more or less.
    private mutating func editLength(_ bytes: inout [UInt8], _ at: Int) {
        let width = next() % 2 == 0 ? 2 : 4
        guard at + width <= bytes.count else { return }
        let isBig = next() % 2 == 0
        let order = isBig ? Array((at..<at + width).reversed()) : Array(at..<at + width)
        var value = order.enumerated().reduce(UInt32(0)) { $0 | UInt32(bytes[$1.element]) << UInt32(8 * $1.offset) }
        value = value &+ UInt32(truncatingIfNeeded: Int64(next() % 9) - 4)
        for (i, position) in order.enumerated() { bytes[position] = UInt8(truncatingIfNeeded: value >> UInt32(8 * i)) }
    }
}
