/// Why a text is not hexadecimal, or not of the right length.
package enum HexError: Error, Equatable, CustomStringConvertible {
    case oddLength
    case digit(position: Int)
    /// More bytes than the caller allows.
    case tooLong(bytesMax: Int)
    case length(expected: Int, actual: Int)

    package var description: String {
        switch self {
        case .oddLength: "odd number of hex digits"
        case .digit(let position): "not a hex digit at position \(position)"
        case .tooLong(let bytesMax): "more than \(bytesMax) bytes of hex"
        case .length(let expected, let actual): "expected \(expected) bytes of hex, got \(actual)"
        }
    }
}

/// Hexadecimal text. Writing is lower case; reading takes any case, with or without `0x`.
package enum Hex {
    /// `0x` and two lower case digits a byte; `0x` alone for no bytes.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        text(bytes, prefix: true)
    }

    /// Two lower case digits a byte, no prefix.
    package static func encodeBare(_ bytes: some Collection<UInt8>) -> String {
        text(bytes, prefix: false)
    }

    /// - Parameter bytesMax: refuses longer input before allocating for it.
    package static func decode(_ text: String, bytesMax: Int) throws(HexError) -> [UInt8] {
        var digits = Substring(text).utf8
        if digits.starts(with: "0x".utf8) || digits.starts(with: "0X".utf8) { digits = digits.dropFirst(2) }
        let prefix = text.utf8.count - digits.count
        guard digits.count / 2 <= bytesMax else { throw .tooLong(bytesMax: bytesMax) }
        guard digits.count % 2 == 0 else { throw .oddLength }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for (i, character) in digits.enumerated() {
            guard let nibble = nibble(character) else { throw .digit(position: prefix + i) }
            if let top = high {
                bytes.append(top << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        return bytes
    }

    /// The value of one ASCII hex digit, nil for anything else.
    static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The lower case ASCII digit of a value below 16.
    static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    private static func text(_ bytes: some Collection<UInt8>, prefix: Bool) -> String {
        let start = prefix ? 2 : 0
        return String(unsafeUninitializedCapacity: start + 2 * bytes.count) { buffer in
            if prefix {
                buffer[0] = UInt8(ascii: "0")
                buffer[1] = UInt8(ascii: "x")
            }
            var i = start
            for byte in bytes {
                buffer[i] = digit(byte >> 4)
                buffer[i + 1] = digit(byte & 15)
                i += 2
            }
            return i
        }
    }
}
