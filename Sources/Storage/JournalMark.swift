/// What stands in the lock file beside a journal: which journal was used here last, and how far it was.
///
/// The journal counts its slots and starts; the mark follows, and is written after the count is durable. So a mark that
/// is ahead of the journal says that an older state of it was put back, and a mark without a journal that there was one.
/// A file that alone, without its log, is behind what the mark says of it is not the one that the log belongs to: SQLite
/// would mix the two.
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
    /// What the file alone counts at least: the log had been moved into it so far. 0 where nothing is known.
    let fileCount: UInt64
    let end: End

    static let bytesMax = 256

    /// Of a fixed length, so that it is written over in one step.
    var text: String {
        let state = end == .open ? "open  " : "closed"
        return "styx journal \(id) count \(Self.padded(count)) \(state) file \(Self.padded(fileCount))\n"
    }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    init(id: String, count: UInt64, fileCount: UInt64, end: End) {
        self.id = id
        self.count = count
        self.fileCount = fileCount
        self.end = end
    }

    var closed: JournalMark { JournalMark(id: id, count: count, fileCount: fileCount, end: .closed) }

    /// nil for anything else than a mark. Earlier versions' end before the file's count.
    init?(text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 6 || words.count == 8, words[0] == "styx", words[1] == "journal", words[3] == "count",
            let count = UInt64(words[4]), let end = End(rawValue: String(words[5])), Self.isID(String(words[2]))
        else { return nil }
        var fileCount: UInt64 = 0
        if words.count == 8 {
            guard words[6] == "file", let number = UInt64(words[7]) else { return nil }
            fileCount = number
        }
        self.init(id: String(words[2]), count: count, fileCount: fileCount, end: end)
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
