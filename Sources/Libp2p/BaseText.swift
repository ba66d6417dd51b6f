/// Binary as text in the alphabets that peer ids use. Decoding is strict and bounded.
enum BaseText {
    /// Far above any peer id (53 characters); decoding is quadratic.
    static let charactersMax = 128

    static let base58 = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    static let base36 = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    static let base32 = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// As one big-endian number in the base of `alphabet`; each leading zero byte is one leading zero digit.
    static func encode(_ bytes: some Collection<UInt8>, _ alphabet: [UInt8]) -> String {
        let zeros = bytes.prefix { $0 == 0 }.count
        var digits: [Int] = []
        for byte in bytes.dropFirst(zeros) {
            var carry = Int(byte)
            for index in digits.indices {
                carry += digits[index] << 8
                digits[index] = carry % alphabet.count
                carry /= alphabet.count
            }
            while carry > 0 {
                digits.append(carry % alphabet.count)
                carry /= alphabet.count
            }
        }
        let text = [UInt8](repeating: alphabet[0], count: zeros) + digits.reversed().map { alphabet[$0] }
        return String(decoding: text, as: UTF8.self)
    }

    /// The inverse of `encode`; nil for a character outside the alphabet or a text too long.
    static func decode(_ text: Substring, _ alphabet: [UInt8]) -> [UInt8]? {
        let characters = text.utf8
        guard characters.count <= charactersMax else { return nil }
        let zeros = characters.prefix { $0 == alphabet[0] }.count
        var bytes: [UInt8] = []
        for character in characters.dropFirst(zeros) {
            guard var carry = alphabet.firstIndex(of: character) else { return nil }
            for index in bytes.indices {
                carry += Int(bytes[index]) * alphabet.count
                bytes[index] = UInt8(carry & 0xff)
                carry >>= 8
            }
            while carry > 0 {
                bytes.append(UInt8(carry & 0xff))
                carry >>= 8
            }
        }
        return [UInt8](repeating: 0, count: zeros) + bytes.reversed()
    }

    /// RFC 4648 base32, lower case, no padding; unused low bits must be zero.
    static func decodeBase32(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count <= charactersMax else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        for character in text.utf8 {
            guard let digit = base32.firstIndex(of: character) else { return nil }
            bits = bits << 5 | UInt32(digit)
            bitCount += 5
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
                bits &= (1 << UInt32(bitCount)) - 1
            }
        }
        return bits == 0 && bitCount < 5 ? bytes : nil
    }
}
