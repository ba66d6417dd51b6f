import NIOCore

/// One yamux session: streams, windows, ping, end. Bytes in by `next`, bytes out in `output`.
///
/// A stream is live until both sides have finished or one has reset; frames for others are tolerated and their
/// payload is discarded. Payload is handed on as it arrives and counts against the stream's window until
/// `consumed` says it was read. Every map and counter is bounded by `Limits`. Source: spec/p2p.md §5.
package struct Yamux: Sendable {
    package enum Role: Sendable { case dialer, listener }

    package enum Event: Equatable, Sendable {
        /// The peer opened a stream.
        case opened(UInt32)
        /// The peer accepted ours.
        case acknowledged(UInt32)
        case data(UInt32, ByteBuffer)
        /// The peer will send no more on it.
        case finished(UInt32)
        /// Gone; the code is an application's or 0.
        case reset(UInt32, code: UInt32)
        /// The peer opened a stream and we had no room.
        case refused(UInt32)
        /// The stream went beyond what may be unread and was reset by us.
        case overflowed(UInt32)
        /// More may be sent on the stream.
        case windowOpened(UInt32)
        case pong(UInt32)
        /// The session is over. 0 normal, 1 protocol error, 2 internal error.
        case wentAway(code: UInt32)
    }

    /// Fixed by the standard, per stream and direction.
    package static let initialWindow = 262_144
    /// Ours, as Charon's: 64 KiB with the header.
    package static let payloadBytesMax = 65_524
    /// Discarded payload above this is no late frame but nonsense: the largest window in the field.
    static let discardBytesMax = 16 << 20

    struct Stream: Sendable {
        var sendWindow = Yamux.initialWindow
        /// What the peer may still send.
        var receiveWindow = Yamux.initialWindow
        /// What `receiveWindow` is restored to.
        var windowSize = Yamux.initialWindow
        /// Received and not yet consumed.
        var unread = 0
        /// Consumed and not yet granted again.
        var credit = 0
        var lastGrant = NIODeadline.distantPast
        /// SYN or ACK that the next frame has to carry.
        var pendingFlags: YamuxHeader.Flags = []
        var isAcknowledged = false
        var finishedHere = false
        var finishedThere = false
    }

    /// Where we are inside a frame; payload may come in pieces.
    private struct Frame: Sendable {
        var header: YamuxHeader
        var payload: Int
        var discards = false
        var step = Step.open

        enum Step: Sendable { case open, acknowledge, body, end }
    }

    /// Frames to send, in order; the caller takes them.
    package var output = ByteBuffer()
    private let role: Role
    private let limits: Limits
    private var streams: [UInt32: Stream] = [:]
    private var nextID: UInt32
    private var frame: Frame?
    private var isOver = false
    /// Of all live streams.
    private(set) var unread = 0
    private var inboundCount = 0
    private var outboundCount = 0
    private var unacknowledgedIn = 0
    private var unacknowledgedOut = 0
    private var pongsOwed = 0
    private var answersOwed = 0

    package init(role: Role, limits: Limits = Limits()) {
        self.role = role
        self.limits = limits
        nextID = role == .dialer ? 1 : 2
    }

    package var streamCount: Int { streams.count }

    // MARK: From our side

    /// A new stream; nothing is sent before its first frame.
    ///
    /// - Returns: nil while too many are open or unacknowledged, and when ids are used up.
    package mutating func open() -> UInt32? {
        guard !isOver, outboundCount < limits.streamsMax, unacknowledgedOut < limits.backlogMax, nextID <= .max - 2
        else {
            return nil
        }
        let id = nextID
        nextID += 2
        outboundCount += 1
        unacknowledgedOut += 1
        var stream = Stream()
        stream.pendingFlags = .syn
        streams[id] = stream
        return id
    }

    /// How much may be sent now; 0 for a stream that is gone or finished.
    package func sendWindow(_ id: UInt32) -> Int {
        guard let stream = streams[id], !stream.finishedHere, !isOver else { return 0 }
        return stream.sendWindow
    }

    /// Sends as much of `payload` as the window allows, and consumes that.
    package mutating func send(_ payload: inout ByteBuffer, on id: UInt32) {
        guard !isOver, var stream = streams[id], !stream.finishedHere else { return }
        while payload.readableBytes > 0, stream.sendWindow > 0 {
            let count = min(payload.readableBytes, stream.sendWindow, Self.payloadBytesMax)
            guard var piece = payload.readSlice(length: count) else { break }
            stream.sendWindow -= count
            write(.data, takeFlags(&stream), id, UInt32(count))
            output.writeBuffer(&piece)
        }
        streams[id] = stream
    }

    /// Half-closes: no more `send`.
    package mutating func finish(_ id: UInt32) {
        guard !isOver, var stream = streams[id], !stream.finishedHere else { return }
        write(.windowUpdate, takeFlags(&stream).union(.fin), id, 0)
        stream.finishedHere = true
        streams[id] = stream
        if stream.finishedThere { remove(id) }
    }

    package mutating func reset(_ id: UInt32, code: UInt32 = 0) {
        guard !isOver, let stream = streams[id] else { return }
        remove(id)
        // Never announced: nothing to take back.
        if stream.pendingFlags.contains(.syn) { return }
        // The peer can open as many as it likes: these are answers too, and `next` refuses to owe more of them.
        if !isOurs(id) { answersOwed += 1 }
        write(.windowUpdate, .rst, id, code)
    }

    /// The application read `count` bytes; grants them again once they are half a window.
    ///
    /// A window emptied within `growthInterval` doubles, up to the limits' `windowMax` and the caller's.
    package mutating func consumed(_ count: Int, on id: UInt32, now: NIODeadline, windowMax: Int = .max) {
        guard !isOver, var stream = streams[id] else { return }
        let count = min(count, stream.unread)
        stream.unread -= count
        unread -= count
        stream.credit += count
        if stream.credit >= stream.windowSize / 2, !stream.finishedThere {
            var delta = stream.credit
            // Not on the first grant: there is nothing to compare with.
            if stream.lastGrant != .distantPast, now - stream.lastGrant < limits.growthInterval,
                stream.windowSize <= min(limits.windowMax, windowMax) / 2, unread <= limits.unreadMax / 2
            {
                delta += stream.windowSize
                stream.windowSize *= 2
            }
            stream.receiveWindow += delta
            stream.credit = 0
            stream.lastGrant = now
            write(.windowUpdate, takeFlags(&stream), id, UInt32(delta))
        }
        streams[id] = stream
    }

    /// Tells the peer at once that its stream is accepted, when nothing else is to be sent on it.
    package mutating func acknowledge(_ id: UInt32) {
        guard !isOver, var stream = streams[id], stream.pendingFlags.contains(.ack) else { return }
        write(.windowUpdate, takeFlags(&stream), id, 0)
        streams[id] = stream
    }

    package mutating func ping(_ value: UInt32) {
        guard !isOver else { return }
        write(.ping, .syn, 0, value)
    }

    /// Ends the session from our side; all streams are gone.
    package mutating func goAway(code: UInt32) {
        guard !isOver else { return }
        write(.goAway, [], 0, code)
        end()
    }

    /// The peer has read what it was sent: what we owed is paid.
    package mutating func drained() {
        pongsOwed = 0
        answersOwed = 0
    }

    // MARK: From the peer

    /// Works on `input` until something happened or more bytes are needed; call until nil. Leaves a partial header.
    ///
    /// - Parameter unreadMax: what this session may have unread now, if it is less than the limit of its own.
    package mutating func next(_ input: inout ByteBuffer, unreadMax: Int = .max) throws(YamuxError) -> Event? {
        let unreadMax = min(unreadMax, limits.unreadMax)
        while !isOver {
            guard answersOwed <= limits.answersMax else { throw .flooded }
            if let frame {
                guard frame.step != .body || frame.payload == 0 || input.readableBytes > 0 else { return nil }
                if let event = try advance(frame, &input, unreadMax: unreadMax) { return event }
            } else {
                guard let header = try YamuxHeader.read(&input) else { return nil }
                frame = try begin(header)
                if let event = try sessionEvent(header) { return event }
            }
        }
        return nil
    }

    private func begin(_ header: YamuxHeader) throws(YamuxError) -> Frame? {
        switch header.kind {
        case .ping, .goAway:
            guard header.stream == 0 else { throw .streamZero }
            return nil
        case .data, .windowUpdate:
            guard header.stream != 0 else { throw .streamZero }
            return Frame(header: header, payload: header.kind == .data ? Int(header.length) : 0)
        }
    }

    private mutating func sessionEvent(_ header: YamuxHeader) throws(YamuxError) -> Event? {
        switch header.kind {
        case .ping where header.flags.contains(.ack): return .pong(header.length)
        case .ping:
            guard header.flags.contains(.syn), pongsOwed < limits.pongsMax else { return nil }
            pongsOwed += 1
            write(.ping, .ack, 0, header.length)
            return nil
        case .goAway:
            end()
            return .wentAway(code: header.length)
        case .data, .windowUpdate: return nil
        }
    }

    /// One step of the current frame: SYN, then ACK, then payload or credit, then FIN or RST.
    private mutating func advance(
        _ current: Frame, _ input: inout ByteBuffer, unreadMax: Int
    ) throws(YamuxError) -> Event? {
        var frame = current
        let id = frame.header.stream
        var event: Event?
        switch frame.step {
        case .open:
            frame.step = .acknowledge
            if frame.header.flags.contains(.syn) { event = try accept(id) }
            frame.discards = try discards(frame)
        case .acknowledge:
            frame.step = .body
            if frame.header.flags.contains(.ack) { event = acknowledged(id) }
        case .body where frame.header.kind == .windowUpdate:
            frame.step = .end
            if !frame.header.flags.contains(.rst) { event = try credit(id, Int(frame.header.length)) }
        case .body:
            let count = min(frame.payload, input.readableBytes)
            frame.payload -= count
            if frame.payload == 0 { frame.step = .end }
            if let payload = input.readSlice(length: count), count > 0, !frame.discards {
                event = deliver(id, payload, unreadMax: unreadMax)
            }
        case .end:
            self.frame = nil
            return finish(frame.header)
        }
        self.frame = frame
        return event
    }

    private mutating func accept(_ id: UInt32) throws(YamuxError) -> Event {
        guard id % 2 == (role == .dialer ? 0 : 1) else { throw .parity(id) }
        guard streams[id] == nil else { throw .duplicateStream(id) }
        guard inboundCount < limits.streamsMax, unacknowledgedIn < limits.backlogMax else {
            try answer(.windowUpdate, .rst, id, 0)
            return .refused(id)
        }
        var stream = Stream()
        stream.pendingFlags = .ack
        streams[id] = stream
        inboundCount += 1
        unacknowledgedIn += 1
        return .opened(id)
    }

    /// Checks the payload's size before any of it is looked at.
    private mutating func discards(_ frame: Frame) throws(YamuxError) -> Bool {
        guard frame.header.kind == .data else { return false }
        let id = frame.header.stream
        guard let stream = streams[id], !stream.finishedThere else {
            guard frame.payload <= Self.discardBytesMax else { throw .frameTooLong(frame.header.length) }
            return true
        }
        guard frame.payload <= stream.receiveWindow else { throw .windowExceeded(id) }
        return false
    }

    private mutating func acknowledged(_ id: UInt32) -> Event? {
        guard isOurs(id), let stream = streams[id], !stream.isAcknowledged else { return nil }
        streams[id]?.isAcknowledged = true
        unacknowledgedOut -= 1
        return .acknowledged(id)
    }

    private mutating func credit(_ id: UInt32, _ delta: Int) throws(YamuxError) -> Event? {
        guard delta > 0, let stream = streams[id] else { return nil }
        guard stream.sendWindow + delta <= UInt32.max else { throw .windowOverflow(id) }
        streams[id]?.sendWindow += delta
        return .windowOpened(id)
    }

    private mutating func deliver(_ id: UInt32, _ payload: ByteBuffer, unreadMax: Int) -> Event? {
        guard var stream = streams[id] else { return nil }
        guard unread + payload.readableBytes <= unreadMax else {
            reset(id)
            return .overflowed(id)
        }
        stream.receiveWindow -= payload.readableBytes
        stream.unread += payload.readableBytes
        unread += payload.readableBytes
        streams[id] = stream
        return .data(id, payload)
    }

    private mutating func finish(_ header: YamuxHeader) -> Event? {
        let id = header.stream
        guard let stream = streams[id] else { return nil }
        if header.flags.contains(.rst) {
            remove(id)
            // Only in a WindowUpdate is the length a code; in Data it counted the payload.
            return .reset(id, code: header.kind == .windowUpdate ? header.length : 0)
        }
        guard header.flags.contains(.fin), !stream.finishedThere else { return nil }
        streams[id]?.finishedThere = true
        if stream.finishedHere { remove(id) }
        return .finished(id)
    }

    // MARK: Parts

    private func isOurs(_ id: UInt32) -> Bool { id % 2 == (role == .dialer ? 1 : 0) }

    private mutating func remove(_ id: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        unread -= stream.unread
        if isOurs(id) {
            outboundCount -= 1
            if !stream.isAcknowledged { unacknowledgedOut -= 1 }
        } else {
            inboundCount -= 1
            if stream.pendingFlags.contains(.ack) { unacknowledgedIn -= 1 }
        }
    }

    private mutating func end() {
        isOver = true
        frame = nil
        streams.removeAll()
        unread = 0
    }

    private mutating func takeFlags(_ stream: inout Stream) -> YamuxHeader.Flags {
        let flags = stream.pendingFlags
        if flags.contains(.ack) { unacknowledgedIn -= 1 }
        stream.pendingFlags = []
        return flags
    }

    private mutating func answer(
        _ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, _ id: UInt32, _ length: UInt32
    ) throws(YamuxError) {
        guard answersOwed < limits.answersMax else { throw .flooded }
        answersOwed += 1
        write(kind, flags, id, length)
    }

    private mutating func write(
        _ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, _ id: UInt32, _ length: UInt32
    ) {
        YamuxHeader(kind, flags, stream: id, length: length).write(into: &output)
    }
}
