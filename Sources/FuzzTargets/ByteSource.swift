/// Takes decisions from fuzz input, byte by byte from the front. At its end everything is zero.
struct ByteSource {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isEmpty: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    /// 0 ..< count.
    mutating func choice(_ count: Int) -> Int { Int(byte()) % count }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// Little-endian.
    mutating func uint64() -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(byte()) << UInt64(8 * $1) }
    }

    /// Small most of the time, anything some of the time.
    mutating func number() -> UInt64 {
        let first = byte()
        return first < 0xf0 ? UInt64(first) : uint64()
    }

    mutating func take(_ count: Int) -> [UInt8] {
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }

    /// The rest, cut into pieces whose sizes a first part of it chooses. Never an empty piece.
    mutating func pieces() -> [[UInt8]] {
        let cuts = take(choice(8))
        var pieces: [[UInt8]] = []
        var index = 0
        while !isEmpty {
            let size = index < cuts.count ? Int(cuts[index]) + 1 : bytes.count
            pieces.append(take(size))
            index += 1
        }
        return pieces
    }
}
