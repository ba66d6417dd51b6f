/// A line under construction. Whatever is put in by `escaped` stays on one line and moves no cursor.
struct LineBytes {
    /// UTF-8.
    private(set) var bytes: [UInt8] = []

    mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func put(_ byte: UInt8) { bytes.append(byte) }

    mutating func spaces(_ count: Int) {
        if count > 0 { bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: count)) }
    }

    /// - Precondition: not negative, and of at most `width` digits.
    mutating func digits(_ value: Int, width: Int) {
        var divisor = 1
        for _ in 1..<max(1, width) { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    mutating func quoted(_ text: String, bytesMax: Int) {
        put(UInt8(ascii: "\""))
        escaped(text, bytesMax: bytesMax)
        put(UInt8(ascii: "\""))
    }

    /// As inside of a JSON string. What is beyond `bytesMax` bytes of the text is left out, with a sign.
    mutating func escaped(_ text: String, bytesMax: Int) {
        var text = text
        text.withUTF8 { utf8 in
            var end = min(utf8.count, bytesMax)
            // Never half a letter.
            while end > 0, end < utf8.count, utf8[end] & 0xc0 == 0x80 { end -= 1 }
            var run = 0
            var at = 0
            while at < end {
                let length = Self.harmful(utf8, at, end)
                guard length > 0 else {
                    at += 1
                    continue
                }
                bytes.append(contentsOf: utf8[run..<at])
                escape(utf8, at, length)
                at += length
                run = at
            }
            bytes.append(contentsOf: utf8[run..<end])
            if end < utf8.count { put("…") }
        }
    }

    /// How many bytes from `at` on make a letter that must not stand as it is; 0 if it may. Those are the control
    /// characters of ASCII and Latin-1, quotes, backslashes, line separators and what turns the direction of writing.
    private static func harmful(_ utf8: UnsafeBufferPointer<UInt8>, _ at: Int, _ end: Int) -> Int {
        switch utf8[at] {
        case ..<0x20, 0x22, 0x5c, 0x7f: 1
        case 0xc2 where at + 1 < end && utf8[at + 1] < 0xa0: 2
        case 0xe2 where at + 2 < end:
            switch (utf8[at + 1], utf8[at + 2]) {
            case (0x80, 0xa8...0xae), (0x81, 0xa6...0xa9): 3
            default: 0
            }
        default: 0
        }
    }

    private mutating func escape(_ utf8: UnsafeBufferPointer<UInt8>, _ at: Int, _ length: Int) {
        let scalar =
            switch length {
            case 1: UInt32(utf8[at])
            case 2: UInt32(utf8[at + 1])
            default: 0x2000 | UInt32(utf8[at + 1] & 0x3f) << 6 | UInt32(utf8[at + 2] & 0x3f)
            }
        switch scalar {
        case 0x22: put("\\\"")
        case 0x5c: put("\\\\")
        case 0x0a: put("\\n")
        case 0x0d: put("\\r")
        case 0x09: put("\\t")
        default:
            put("\\u")
            for shift in [12, 8, 4, 0] as [UInt32] {
                let digit = UInt8(scalar >> shift & 0xf)
                put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}
