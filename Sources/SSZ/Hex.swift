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
        var text = text
        // `withUTF8` does not carry typed errors.
        let result: Result<[UInt8], HexError> = text.withUTF8 { digits in
            do throws(HexError) {
                return .success(try decode(digits, bytesMax: bytesMax))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func decode(_ text: UnsafeBufferPointer<UInt8>, bytesMax: Int) throws(HexError) -> [UInt8] {
        let hasPrefix = text.count >= 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x")
        let start = hasPrefix ? 2 : 0
        let count = (text.count - start) / 2
        guard count <= bytesMax else { throw .tooLong(bytesMax: bytesMax) }
        guard text.count % 2 == 0 else { throw .oddLength }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var position = start
        while position < text.count {
            guard let high = nibble(text[position]) else { throw .digit(position: position) }
            guard let low = nibble(text[position + 1]) else { throw .digit(position: position + 1) }
            bytes.append(high << 4 | low)
            position += 2
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
