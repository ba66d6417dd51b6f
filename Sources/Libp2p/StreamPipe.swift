import NIOCore

/// Lets a stream carry a connection: a circuit through a relay. Both run on one event loop, so bytes go from the outer
/// connection to the inner one and back without a hop. On that loop only.
///
/// Back-pressure: the inner connection stops writing while the stream has `StreamCore.outboundBytesMax` queued, which
/// the relay's window drains. What arrives is handed on at once; while the inner connection does not read, the stream's
/// window is not granted again.
final class StreamPipe {
    private let stream: Stream
    private let circuit: Circuit.Leg
    private var inner: ConnectionCore?
    private var isOver = false
    private var isReading = true
    /// Received while the inner connection did not read; the relay's window grants them when it does.
    private var owed = 0
    /// Somebody waits for the end.
    var onEnd: (() -> Void)?

    /// - Parameter stream: everything up to the relay's or our last answer is read from it, nothing else.
    init(_ stream: Stream, circuit: Circuit.Leg) {
        self.stream = stream
        self.circuit = circuit
    }

    /// For `ConnectionCore.init`.
    var pipe: Pipe {
        Pipe(
            write: { self.stream.core.enqueue($0) },
            close: { self.close() },
            isWritable: { !self.isOver && self.stream.core.queuedBytes < StreamCore.outboundBytesMax },
            setReading: { self.setReading($0) },
            remoteAddress: .circuit(
                to: circuit.peer, through: circuit.relay, at: stream.connection.remoteAddress?.transport),
            circuit: circuit)
    }

    /// Starts the inner connection, with what came before it was there.
    func start(_ core: ConnectionCore) {
        inner = core
        let early = stream.core.divert(to: self)
        core.start()
        if early.bytes.readableBytes > 0 { receive(early.bytes) }
        if early.isOver { ended() }
    }

    func receive(_ bytes: ByteBuffer) {
        inner?.receive(bytes)
        inner?.flush()
    }

    /// - Returns: whether bytes that arrive now are to be granted later.
    func owes(_ bytes: Int) -> Bool {
        if !isReading { owed += bytes }
        return !isReading
    }

    private func setReading(_ isReading: Bool) {
        self.isReading = isReading
        guard isReading, owed > 0 else { return }
        stream.core.grant(owed)
        owed = 0
    }

    func writabilityChanged() { inner?.writabilityChanged() }

    /// The stream can bring no more. Not at once: the outer connection may be in the middle of something.
    func ended() {
        let bound = NIOLoopBound(self, eventLoop: stream.connection.loop)
        stream.connection.loop.execute { bound.value.inner?.close(.circuitEnded) }
    }

    private func close() {
        guard !isOver else { return }
        isOver = true
        inner = nil
        stream.core.entry.value.diversion = nil
        stream.close()
        onEnd?()
        onEnd = nil
    }
}

extension Circuit {
    /// One end of a circuit, as this node knows it.
    struct Leg: Sendable {
        let relay: PeerID
        /// At the other end.
        let peer: PeerID
        /// What the relay lets through; nil when it told of no limit.
        let limit: CircuitLimit?
    }
}

extension StreamCore {
    /// From now on, what arrives goes to `pipe` and not to `read`. On the loop.
    ///
    /// - Returns: what has arrived unread, and whether nothing can follow.
    func divert(to pipe: StreamPipe) -> (bytes: ByteBuffer, isOver: Bool) {
        entry.value.diversion = pipe
        let (bytes, isOver, wakes) = state.withLock { state -> (ByteBuffer, Bool, Bool) in
            let bytes = state.inbound
            state.inbound = ByteBuffer()
            state.credit += bytes.readableBytes
            return (bytes, state.inboundEnded || state.failure != nil, state.schedule())
        }
        if wakes { connection.wake(self) }
        return (bytes, isOver)
    }

    /// Queues bytes without waiting for room: the caller looks at `queuedBytes`.
    func enqueue(_ bytes: ByteBuffer) {
        let wakes = state.withLock { state in
            guard state.failure == nil, !state.finishRequested else { return false }
            state.outbound.append(bytes)
            state.outboundBytes += bytes.readableBytes
            return state.schedule()
        }
        if wakes { connection.wake(self) }
    }

    /// Bytes that arrived earlier are used up only now.
    func grant(_ bytes: Int) {
        let wakes = state.withLock { state in
            state.credit += bytes
            return state.schedule()
        }
        if wakes { connection.wake(self) }
    }

    var queuedBytes: Int { state.withLock { $0.outboundBytes } }
}
