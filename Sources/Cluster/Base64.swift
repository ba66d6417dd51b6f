/// Base64 in the two flavours that the files use. Source: RFC 4648 §4, §5.
package struct Base64: Sendable {
    /// The alphabet of Go's `[]byte` in JSON, padded.
    package static let standard = Base64(last: "+/", isPadded: true)
    /// The URL-safe alphabet without padding, as ENR text has it.
    static let url = Base64(last: "-_", isPadded: false)

    private let alphabet: [UInt8]
    /// By character; 255 for foreign ones.
    private let values: [UInt8]
    private let isPadded: Bool

    private init(last: String, isPadded: Bool) {
        alphabet = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last).utf8)
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
        self.isPadded = isPadded
    }

    package func encode(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= 8 * UInt32(3 - group.count)
            // n bytes take n + 1 characters, from the high end.
            for character in 0...group.count { text.append(alphabet[Int(bits >> (18 - 6 * character)) & 63]) }
            if isPadded { text += [UInt8](repeating: UInt8(ascii: "="), count: 3 - group.count) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil on a foreign character or an impossible length. Spare bits at the end are ignored, as Go's decoder does.
    package func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var text = Array(text)[...]
        if isPadded {
            guard text.count.isMultiple(of: 4) else { return nil }
            for _ in 0..<2 where text.last == UInt8(ascii: "=") { text.removeLast() }
        }
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for character in text {
            let value = values[Int(character)]
            guard value != 255 else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
                bits &= (1 << UInt32(bitCount)) - 1
            }
        }
        return bytes
    }
}
