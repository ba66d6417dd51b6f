/// Damage to valid input, as a first approach to fuzzing.
package enum Mutation {
    /// One to four changes: overwritten, flipped, removed, inserted or repeated bytes, or a cut.
    package static func damage(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { return [UInt8.random(in: .min ... .max, using: &random)] }
            let position = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<4: bytes[position] = UInt8.random(in: .min ... .max, using: &random)
            case 4..<7: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 7: bytes[position] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
            case 8: bytes.remove(at: position)
            case 9: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: position)
            case 10: bytes.append(contentsOf: bytes[position...].prefix(8))
            default: bytes.removeSubrange(position...)
            }
        }
        return bytes
    }
}
