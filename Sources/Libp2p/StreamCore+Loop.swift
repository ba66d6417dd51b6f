import NIOCore

/// What the connection notes about a stream; touched on its event loop only.
final class StreamEntry {
    enum Negotiation {
        /// A lazy dialer sends its data before the answer.
        case dialer(MultistreamDialer, lazy: Bool)
        case listener(MultistreamListener)
        case done
    }

    /// Ours, most wanted first; none for a stream that the peer opened.
    let proposals: [String]
    /// Agreed on, or taken for granted by a lazy dialer; nil before.
    var protocolID: String?
    var negotiation: Negotiation
    var id: UInt32?
    /// Bytes of an incomplete negotiation message.
    var negotiationInput = ByteBuffer()
    /// Negotiation kept back to leave in one frame with our first bytes: a proposal, or our yes to one.
    var preface: ByteBuffer?
    /// Until the negotiation must be over; for a message, until it must be sent as well.
    var negotiationDeadline: NIODeadline
    /// Until a closed stream may wait for the peer's end.
    var lingerDeadline: NIODeadline?
    var finishedHere = false
    var finishedThere = false
    /// A connection that this stream carries.
    var diversion: StreamPipe?
    /// The peer's message, while it is not whole.
    var intake: MessageIntake?
    /// What comes is ignored.
    var isDiscarding = false
    /// Our message is on its way.
    var onSent: (@Sendable (Result<Void, StreamError>) -> Void)?
    var isReady = false
    var isGone = false

    init(proposals: [String], negotiation: Negotiation, negotiationDeadline: NIODeadline) {
        self.proposals = proposals
        self.negotiation = negotiation
        self.negotiationDeadline = negotiationDeadline
        if case .dialer(_, lazy: true) = negotiation { protocolID = proposals.first }
    }

    /// Nothing that arrives waits for a task.
    var isReadAtOnce: Bool { intake != nil || isDiscarding || diversion != nil }

    var direction: Connection.Direction { proposals.isEmpty ? .inbound : .outbound }

    var maySend: Bool {
        switch negotiation {
        case .done, .dialer(_, lazy: true): true
        case .dialer, .listener: false
        }
    }
}

extension StreamCore {
    /// What the connection has to do for this stream now.
    struct Work {
        var chunks: [ByteBuffer] = []
        /// More is queued than was asked for.
        var hasMore = false
        /// Everything is sent, and the end was requested.
        var finish = false
        var credit = 0
        var isClosed = false
        var reset: UInt32?
    }

    /// - Parameters:
    ///   - bytesMax: how much the window lets through.
    ///   - maySend: false while the protocol is not agreed.
    func takeWork(bytesMax: Int, maySend: Bool) -> Work {
        var work = Work()
        var reached: [Waiter] = []
        state.withLock { state in
            state.isScheduled = false
            work.reset = state.resetRequested
            work.credit = state.credit
            work.isClosed = state.closeRequested
            state.credit = 0
            var room = maySend ? bytesMax : 0
            while room > 0, var chunk = state.outbound.popFirst() {
                if chunk.readableBytes > room {
                    guard let piece = chunk.readSlice(length: room) else { break }
                    state.outbound.prepend(chunk)
                    chunk = piece
                }
                room -= chunk.readableBytes
                state.outboundBytes -= chunk.readableBytes
                work.chunks.append(chunk)
            }
            work.hasMore = !state.outbound.isEmpty
            if maySend, !work.hasMore, state.finishRequested, !state.finishTaken {
                state.finishTaken = true
                work.finish = true
            }
            reached = state.takeReached()
        }
        for waiter in reached { waiter.continuation.resume() }
        return work
    }

    /// - Returns: how many bytes nobody will read, so that they count as consumed.
    func deliver(_ bytes: ByteBuffer) -> Int {
        let (reader, discarded) = state.withLock { state -> (CheckedContinuation<Void, any Error>?, Int) in
            guard !state.discardsInbound, state.failure == nil else { return (nil, bytes.readableBytes) }
            // A copy on purpose: a small message must not keep a whole frame alive.
            state.inbound.writeImmutableBuffer(bytes)
            state.arrivals += 1
            return (state.takeReader(), 0)
        }
        reader?.resume()
        return discarded
    }

    func endInbound() {
        let reader = state.withLock { state in
            state.inboundEnded = true
            state.arrivals += 1
            return state.takeReader()
        }
        reader?.resume()
    }

    func agree(_ protocolID: String) {
        let reached = state.withLock { state in
            state.agreed = protocolID
            return state.takeReached()
        }
        for waiter in reached { waiter.continuation.resume() }
    }

    /// Ends both directions; the first failure counts. Bytes that arrived before a clean end, or before the connection
    /// was lost, stay readable. Those of a reset stream are dropped: they count against no limit any more.
    func fail(_ error: StreamError) {
        let (reader, waiters) = state.withLock { state in
            if state.failure == nil {
                state.failure = error
                state.arrivals += 1
                state.outbound.removeAll()
                state.outboundBytes = 0
                let isLost = if case .connectionLost = error { true } else { false }
                if !isLost, !state.inboundEnded { state.inbound = ByteBuffer() }
            }
            defer { state.waiters = [] }
            return (state.takeReader(), state.waiters)
        }
        // The reader looks again, and finds the failure or the end.
        reader?.resume()
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
    }
}

extension StreamCore.State {
    /// Waiters whose goal is reached, in the order they came.
    fileprivate mutating func takeReached() -> [StreamCore.Waiter] {
        guard !waiters.isEmpty else { return [] }
        let all = waiters
        waiters = all.filter { !isReached($0.goal) }
        return all.filter { isReached($0.goal) }
    }
}
