/// A flat list of byte strings in Ethereum's recursive length prefix encoding.
///
/// The decoder is as lenient as Charon's, so that the same records pass: lengths need not be canonical, bytes after
/// the list are ignored, a nested list counts as an opaque string. Source: spec/cluster-files.md §1.4.
package enum RLP {
    package static func encode(list items: [[UInt8]]) -> [UInt8] {
        let body = items.flatMap(encode(string:))
        return prefix(base: 0xc0, count: body.count) + body
    }

    private static func encode(string: [UInt8]) -> [UInt8] {
        if string.count == 1, string[0] < 0x80 { return string }
        return prefix(base: 0x80, count: string.count) + string
    }

    private static func prefix(base: UInt8, count: Int) -> [UInt8] {
        if count <= 55 { return [base + UInt8(count)] }
        let length = withUnsafeBytes(of: UInt64(count).bigEndian) { Array($0.drop { $0 == 0 }) }
        return [base + 55 + UInt8(length.count)] + length
    }

    /// Nil unless the bytes start with a list that is wholly there.
    package static func decodeList(_ bytes: [UInt8]) -> [[UInt8]]? {
        guard let first = bytes.first, first >= 0xc0, let list = item(bytes[...]) else { return nil }
        var items: [[UInt8]] = []
        var rest = list.payload
        while !rest.isEmpty {
            guard let item = item(rest) else { return nil }
            items.append(Array(item.payload))
            rest = item.rest
        }
        return items
    }

    /// The first item of the bytes. Its payload and the rest are slices of the input.
    private static func item(_ bytes: ArraySlice<UInt8>) -> (payload: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        guard let first = bytes.first else { return nil }
        let body = bytes.dropFirst()
        let lengthBytes: Int
        switch first {
        case ..<0x80: return (bytes.prefix(1), body)
        case ..<0xb8: return split(body, at: Int(first) - 0x80)
        case ..<0xc0: lengthBytes = Int(first) - 0xb7
        case ..<0xf8: return split(body, at: Int(first) - 0xc0)
        default: lengthBytes = Int(first) - 0xf7
        }
        guard body.count >= lengthBytes else { return nil }
        var length: UInt64 = 0
        for byte in body.prefix(lengthBytes) { length = length << 8 | UInt64(byte) }  // at most 8 bytes
        guard let count = Int(exactly: length) else { return nil }
        return split(body.dropFirst(lengthBytes), at: count)
    }

    private static func split(_ bytes: ArraySlice<UInt8>, at count: Int)
        -> (payload: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)?
    {
        guard count <= bytes.count else { return nil }
        return (bytes.prefix(count), bytes.dropFirst(count))
    }
}
