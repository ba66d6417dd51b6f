/// One event of a `text/event-stream`.
package struct ServerSentEvent: Hashable, Sendable {
    /// The `event` field; `message` if the server gave none.
    package var name: String
    /// The `data` lines, joined by newlines.
    package var data: String
    /// The last `id` seen so far, possibly that of an earlier event; empty if there was none.
    package var lastEventID: String

    package init(name: String, data: String, lastEventID: String = "") {
        self.name = name
        self.data = data
        self.lastEventID = lastEventID
    }

    /// The bytes a server sends for this event.
    package func bytes() -> [UInt8] {
        var text = "event: \(name)\n"
        if !lastEventID.isEmpty { text += "id: \(lastEventID)\n" }
        for line in data.split(separator: "\n", omittingEmptySubsequences: false) { text += "data: \(line)\n" }
        return Array((text + "\n").utf8)
    }
}
