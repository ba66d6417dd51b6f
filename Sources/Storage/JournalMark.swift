/// What stands in the lock file beside a journal: which journal was used here last, and how far it was.
///
/// The journal counts its slots and starts; the mark follows, and is written after the count is durable. So a mark that
/// is ahead of the journal says that an older state of it was put back, and a mark without a journal that there was one.
struct JournalMark: Equatable {
    enum End: String {
        /// The journal is in use, or its process died: the log is there.
        case open
        /// The journal was closed: all is in the file.
        case closed
    }

    /// Chosen when a journal is made or adopted.
    let id: String
    let count: UInt64
    let end: End

    static let bytesMax = 256

    /// Of a fixed length, so that it is written over in one step.
    var text: String {
        let digits = String(count)
        let padded = String(repeating: "0", count: max(0, 20 - digits.count)) + digits
        let state = end == .open ? "open  " : "closed"
        return "styx journal \(id) count \(padded) \(state)\n"
    }

    init(id: String, count: UInt64, end: End) {
        self.id = id
        self.count = count
        self.end = end
    }

    /// nil for anything else than a mark.
    init?(text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 6, words[0] == "styx", words[1] == "journal", words[3] == "count",
            let count = UInt64(words[4]), let end = End(rawValue: String(words[5])), Self.isID(String(words[2]))
        else { return nil }
        self.init(id: String(words[2]), count: count, end: end)
    }

    static func isID(_ text: String) -> Bool { text.utf8.count == 32 && text.allSatisfy(\.isHexDigit) }

    static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
