import DutyWorkflow

/// Entries are counted before anything is built: one costs a sender two bytes and a decoder hundreds.
extension PriorityCodec {
    /// What a result may have: every operator's message, and all they name once more, with scores.
    static func resultBytesMax(nodes: Int) -> Int { 3 * nodes * messageBytesMax }

    /// A `PriorityMsg`.
    static func precheckMessage(_ range: Range<Int>, of bytes: [UInt8]) throws(MessageFault) {
        guard range.count <= messageBytesMax else { throw .oversized(bytes: range.count, limit: messageBytesMax) }
        var topics = Counter("topics", limit: topicsMax)
        var priorities = Counter("priorities", limit: prioritiesMax)
        for topic in try bodies(2, in: range, of: bytes, "PriorityMsg") {
            try topics.count()
            try priorities.count(bodies(2, in: topic, of: bytes, "PriorityMsg").count)
        }
    }

    /// A `PriorityResult`.
    static func precheckResult(_ range: Range<Int>, of bytes: [UInt8], nodes: Int) throws(MessageFault) {
        let limit = resultBytesMax(nodes: nodes)
        guard range.count <= limit else { throw .oversized(bytes: range.count, limit: limit) }
        var messages = Counter("priority messages", limit: nodes)
        for message in try bodies(1, in: range, of: bytes, "PriorityResult") {
            try messages.count()
            try precheckMessage(message, of: bytes)
        }
        var topics = Counter("topics", limit: nodes * topicsMax)
        var priorities = Counter("priorities", limit: nodes * prioritiesMax)
        for topic in try bodies(2, in: range, of: bytes, "PriorityResult") {
            try topics.count()
            try priorities.count(bodies(2, in: topic, of: bytes, "PriorityResult").count)
        }
    }

    private struct Counter {
        private let what: String
        private let limit: Int
        private var total = 0

        init(_ what: String, limit: Int) {
            self.what = what
            self.limit = limit
        }

        mutating func count(_ number: Int = 1) throws(MessageFault) {
            total += number
            guard total <= limit else { throw .tooMany(what, limit: limit) }
        }
    }

    /// Where all occurrences of a length-delimited field stand.
    private static func bodies(
        _ number: UInt64, in range: Range<Int>, of bytes: [UInt8], _ message: String
    ) throws(MessageFault) -> [Range<Int>] {
        var scan = FieldScan(bytes, range)
        var bodies: [Range<Int>] = []
        while let field = scan.next() {
            if field.number == number, let body = field.body { bodies.append(body) }
        }
        guard scan.isComplete else { throw .undecodable(message) }
        return bodies
    }
}
