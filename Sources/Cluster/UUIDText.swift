import SSZ

/// Identifiers as the files write them: upper-case hex, 8-4-4-4-12.
enum UUIDText {
    /// A random UUID of version 4.
    static func random(using generator: inout some RandomNumberGenerator) -> String {
        var bytes: [UInt8] = (0..<16).map { _ in generator.next() }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return format(bytes)
    }

    static func format(_ bytes: [UInt8]) -> String {
        let digits = Array(Hex.encodeBare(bytes).uppercased())
        let groups = [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20...]]
        return groups.map { String($0) }.joined(separator: "-")
    }
}
