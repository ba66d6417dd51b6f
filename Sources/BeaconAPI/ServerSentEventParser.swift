/// Why an event stream cannot be read on. The connection has to be given up.
package enum ServerSentEventError: Error, Equatable, CustomStringConvertible {
    case lineTooLong(bytesMax: Int)
    case eventTooLong(bytesMax: Int)

    package var description: String {
        switch self {
        case .lineTooLong(let bytesMax): "event stream line longer than \(bytesMax) bytes"
        case .eventTooLong(let bytesMax): "event longer than \(bytesMax) bytes"
        }
    }
}

/// Cuts a `text/event-stream` into events, however the bytes are chunked.
///
/// Lines end with CRLF, LF or CR. A comment (`: …`) keeps the connection alive and gives no event; an event without
/// data gives none either. Source: WHATWG HTML, "Server-sent events", "Interpreting an event stream".
package struct ServerSentEventParser: Sendable {
    package struct Limits: Sendable {
        /// One line without its end.
        package var lineBytesMax: Int
        /// Name and data of one event.
        package var eventBytesMax: Int

        package init(lineBytesMax: Int = 1 << 20, eventBytesMax: Int = 2 << 20) {
            self.lineBytesMax = lineBytesMax
            self.eventBytesMax = eventBytesMax
        }
    }

    package let limits: Limits
    /// How long the server wants us to wait before connecting again; nil if it did not say.
    package private(set) var retry: Duration?
    /// What to send as `Last-Event-ID` when connecting again; empty if there is nothing to send.
    package private(set) var lastEventID = ""

    private var line: [UInt8] = []
    /// The previous byte was CR: an LF now belongs to it.
    private var afterCarriageReturn = false
    private var isFirstLine = true
    private var name = ""
    private var data = ""

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The events that these bytes complete, in order.
    package mutating func receive(
        _ bytes: some Sequence<UInt8>
    ) throws(ServerSentEventError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let followsCarriageReturn = afterCarriageReturn
            afterCarriageReturn = false
            switch byte {
            case UInt8(ascii: "\n") where followsCarriageReturn: break
            case UInt8(ascii: "\r"):
                afterCarriageReturn = true
                if let event = try endLine() { events.append(event) }
            case UInt8(ascii: "\n"):
                if let event = try endLine() { events.append(event) }
            default:
                guard line.count < limits.lineBytesMax else { throw .lineTooLong(bytesMax: limits.lineBytesMax) }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(ServerSentEventError) -> ServerSentEvent? {
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty { return endEvent() }
        if line[0] == UInt8(ascii: ":") { return nil }

        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        try setField(
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        return nil
    }

    private mutating func setField(_ field: String, _ value: String) throws(ServerSentEventError) {
        switch field {
        case "event": name = value
        case "data": data += value + "\n"
        case "id":
            if !value.utf8.contains(0) { lastEventID = value }
        case "retry":
            // Digits only; what does not fit is no time anybody waits.
            if value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let milliseconds = Int32(value) {
                retry = .milliseconds(milliseconds)
            }
        default: break
        }
        guard name.utf8.count + data.utf8.count <= limits.eventBytesMax else {
            throw .eventTooLong(bytesMax: limits.eventBytesMax)
        }
    }

    private mutating func endEvent() -> ServerSentEvent? {
        defer {
            name = ""
            data = ""
        }
        guard !data.isEmpty else { return nil }
        data.removeLast()
        return ServerSentEvent(name: name.isEmpty ? "message" : name, data: data, lastEventID: lastEventID)
    }
}
