/// Snappy's block format: a varint with the length, then literals and copies of what came before. No frames, no
/// checksums. Source: google/snappy, format_description.txt.
enum Snappy {
    /// Copies reach back within a block only, so that two bytes hold every offset.
    private static let blockBytes = 1 << 16
    private static let tableBits: UInt32 = 14
    /// Shorter copies would be longer than what they stand for.
    private static let copyMin = 4
    private static let copyMax = 64

    static func compress(_ input: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(input.count / 2 + 16)
        var length = UInt64(input.count)
        while length >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        output.append(UInt8(length))
        input.withUnsafeBufferPointer { input in
            for start in stride(from: 0, to: input.count, by: blockBytes) {
                compress(UnsafeBufferPointer(rebasing: input[start..<min(start + blockBytes, input.count)]), &output)
            }
        }
        return output
    }

    private static func compress(_ block: UnsafeBufferPointer<UInt8>, _ output: inout [UInt8]) {
        /// Where four bytes with that hash were seen last; 0 where none were, which does no harm: bytes are compared.
        var seen = [UInt16](repeating: 0, count: 1 << Int(tableBits))
        var (at, literal) = (0, 0)
        while at + copyMin <= block.count {
            let word = word(block, at)
            let slot = Int((word &* 0x9e37_79b1) >> (32 - tableBits))
            let earlier = Int(seen[slot])
            seen[slot] = UInt16(at)
            guard earlier < at, Self.word(block, earlier) == word else {
                at += 1
                continue
            }
            put(block[literal..<at], &output)
            var length = copyMin
            while at + length < block.count, block[earlier + length] == block[at + length] { length += 1 }
            putCopy(offset: at - earlier, length: length, &output)
            at += length
            literal = at
        }
        put(block[literal...], &output)
    }

    private static func word(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32 {
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
    }

    /// Tag 0: the length less one in six bits, or in the bytes behind 60 (one byte) or 61 (two).
    private static func put(_ literal: Slice<UnsafeBufferPointer<UInt8>>, _ output: inout [UInt8]) {
        guard !literal.isEmpty else { return }
        let last = literal.count - 1
        switch last {
        case ..<60: output.append(UInt8(last << 2))
        case ..<256: output += [60 << 2, UInt8(last)]
        default: output += [61 << 2, UInt8(last & 0xff), UInt8(last >> 8)]
        }
        output += literal
    }

    /// Tag 1: 4 to 11 bytes from less than 2048 bytes back. Tag 2: 1 to 64 bytes from less than 65536 back.
    private static func putCopy(offset: Int, length: Int, _ output: inout [UInt8]) {
        var rest = length
        while rest > 0 {
            // What is left over must be long enough for a copy.
            let part = rest > copyMax && rest < copyMax + copyMin ? copyMax - copyMin : min(rest, copyMax)
            if (4...11).contains(part), offset < 2048 {
                output += [UInt8(1 | (part - 4) << 2 | (offset >> 8) << 5), UInt8(offset & 0xff)]
            } else {
                output += [UInt8(2 | (part - 1) << 2), UInt8(offset & 0xff), UInt8(offset >> 8)]
            }
            rest -= part
        }
    }
}
