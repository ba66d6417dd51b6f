/// A log on standard error or the like, which takes everything one day or is gone for good.
package struct StreamLog: LogDestination {
    /// Written at once.
    private static let chunkBytes = 32 << 10

    private var layout: LogLayout
    private let put: (_ lines: [UInt8]) -> Void

    /// - Parameter put: takes whole lines.
    package init(_ layout: LogLayout, put: @escaping (_ lines: [UInt8]) -> Void) {
        self.layout = layout
        self.put = put
    }

    package mutating func write(_ records: [LogRecord]) {
        var lines: [UInt8] = []
        for record in records {
            lines += layout.line(record)
            lines.append(UInt8(ascii: "\n"))
            guard lines.count >= Self.chunkBytes else { continue }
            put(lines)
            lines.removeAll(keepingCapacity: true)
        }
        if !lines.isEmpty { put(lines) }
    }
}
