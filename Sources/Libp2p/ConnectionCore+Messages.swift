import Logging
import NIOCore

/// Streams of one message without an answer: taken in as the bytes come, sent in one go.
extension ConnectionCore {
    // MARK: From the peer

    /// Bytes of a stream that brings a message, or has brought it.
    func take(_ bytes: ByteBuffer, on stream: StreamCore, _ entry: StreamEntry, _ id: UInt32) {
        consumed(bytes.readableBytes, entry, id)
        // Out of the entry, so that the bytes collected so far have one owner.
        guard var intake = entry.intake, let connection else { return }
        entry.intake = nil
        var bytes = bytes
        do throws(StreamError) {
            guard let body = try intake.reader.receive(&bytes, admit: intake.place.claim) else {
                entry.intake = intake
                return
            }
            endHere(stream, entry, id)
            // Last: whoever takes it may do anything, such as close this connection.
            intake.take(InboundMessage(peer: connection.peer, bytes: body, place: intake.place))
        } catch {
            intake.place.leave()
            refuseMessage(stream, entry, id, error)
        }
    }

    /// No message, or none that we take. As Charon does, the other side sees an end.
    func refuseMessage(_ stream: StreamCore, _ entry: StreamEntry, _ id: UInt32, _ error: StreamError) {
        entry.intake = nil
        if case .tooManyBytesInHand = error { fault(.tooManyBytesInHand) } else { fault(.handlerFailed) }
        host.logger.debug(
            "take a message",
            metadata: ["peer": "\(connection.map { "\($0.peer)" } ?? "-")", "error": "\(error)"])
        endHere(stream, entry, id)
    }

    /// Our end of a stream that has brought what we wanted; what may still come is ignored.
    private func endHere(_ stream: StreamCore, _ entry: StreamEntry, _ id: UInt32) {
        entry.isDiscarding = true
        sendPreface(entry)
        yamux.finish(id)
        entry.finishedHere = true
        entry.lingerDeadline = .now() + timing.linger
        removeIfOver(stream)
    }

    // MARK: To the peer

    /// A message that is sent and accepted is done; the stream may stay until the peer has ended it too.
    func settleIfSent(_ entry: StreamEntry) {
        guard case .done = entry.negotiation, entry.finishedHere, entry.onSent != nil else { return }
        entry.lingerDeadline = .now() + timing.linger
        entry.settle(.success(()))
    }
}

extension StreamEntry {
    /// Tells what became of a message that was to be sent, once.
    func settle(_ result: Result<Void, StreamError>) {
        guard let onSent else { return }
        self.onSent = nil
        onSent(result)
    }
}

extension Connection {
    /// One message on a stream of its own. On the loop.
    ///
    /// - Parameter lazily: without waiting for the peer's yes to the protocol.
    func send(
        _ message: ByteBuffer, _ protocolID: String, lazily: Bool, deadline: NIODeadline,
        done: @escaping @Sendable (Result<Void, StreamError>) -> Void
    ) {
        if let reason = closeReason { return done(.failure(.connectionLost(reason))) }
        let entry = StreamEntry(
            proposals: [protocolID],
            negotiation: .dialer(MultistreamDialer(proposals: [protocolID]), lazy: lazily),
            negotiationDeadline: deadline)
        entry.onSent = done
        StreamCore(connection: self, entry: entry).writeOnly(message)
    }
}

extension StreamCore {
    /// Queues a message and our end, and expects nothing.
    fileprivate func writeOnly(_ message: ByteBuffer) {
        let wakes = state.withLock { state in
            state.outbound.append(message)
            state.outboundBytes += message.readableBytes
            state.finishRequested = true
            state.discardsInbound = true
            return state.schedule()
        }
        if wakes { connection.wake(self) }
    }
}
