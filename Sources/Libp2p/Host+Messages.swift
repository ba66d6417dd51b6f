import NIOCore

/// Protocols of one message a stream, without an answer: everything happens on the host's loop, without a task.
extension Host {
    /// Has `take` called, on the loop, with every message of a protocol that has one per stream and no answer. The
    /// stream is closed as soon as the message is whole, and also when it is too long or ends early.
    ///
    /// - Parameters:
    ///   - limit: bytes of a message.
    ///   - timeout: for the message to be whole; then the stream is reset.
    ///   - concurrentPerPeer: streams and messages in hand of one peer; more streams are reset.
    package nonisolated func handleMessages(
        _ protocolID: String, limit: Int, timeout: Duration = .seconds(5), concurrentPerPeer: Int = 128,
        _ take: @escaping @Sendable (InboundMessage) -> Void
    ) {
        let registration = Registration(
            timeout: timeout, concurrentPerPeer: concurrentPerPeer, use: .message(limit: limit, take))
        shared.withLock { $0.handlers[protocolID] = registration }
    }

    /// Sends one message on a stream of its own, and ends it. On the loop; messages of one turn of the loop leave in
    /// one write per connection. Without a connection it waits for one.
    ///
    /// - Parameters:
    ///   - message: with its length prefix, see `delimited`.
    ///   - done: called once, on the loop, when the peer has accepted the protocol and all bytes are on their way, or
    ///     with the reason why not; perhaps before this returns.
    package nonisolated func send(
        _ message: ByteBuffer, to peer: PeerID, protocolID: String, timeout: TimeAmount,
        done: @escaping @Sendable (Result<Void, StreamError>) -> Void
    ) {
        let waiting = WaitingMessage(
            message: message, protocolID: protocolID, deadline: .now() + timeout, done: done)
        assumeIsolated { host in
            if !host.transmit(waiting, to: peer) { host.keepWaiting(waiting, for: peer) }
        }
    }

    /// Unsigned varint length, then `body`.
    package static func delimited(_ body: [UInt8]) -> ByteBuffer {
        var message = ByteBuffer()
        message.reserveCapacity(UVarint.bytesMax + body.count)
        UVarint.write(UInt64(body.count), into: &message)
        message.writeBytes(body)
        return message
    }

    // MARK: Without a connection

    /// A message and what to do with it when there is a connection.
    struct WaitingMessage: Sendable {
        let message: ByteBuffer
        let protocolID: String
        let deadline: NIODeadline
        let done: @Sendable (Result<Void, StreamError>) -> Void
    }

    /// - Returns: false when there is no connection.
    private func transmit(_ message: WaitingMessage, to peer: PeerID) -> Bool {
        guard let route = shared.withLock({ $0.routes[peer] }) else { return false }
        // What the peer is known to serve needs no round trip first.
        route.connection.send(
            message.message, message.protocolID, lazily: route.protocols.contains(message.protocolID),
            deadline: message.deadline, done: message.done)
        return true
    }

    private func keepWaiting(_ message: WaitingMessage, for peer: PeerID) {
        guard records[peer] != nil else { return message.done(.failure(.unknownPeer(peer))) }
        guard !isStopped else { return message.done(.failure(.notConnected(peer))) }
        guard waitingMessages[peer, default: []].count < configuration.limits.waitersPerPeerMax else {
            return message.done(.failure(.tooManyWaiting))
        }
        waitingMessages[peer, default: []].append(message)
        considerDialing(peer)
    }

    /// There is a connection.
    func sendWaiting(to peer: PeerID) {
        for message in waitingMessages.removeValue(forKey: peer) ?? [] where !transmit(message, to: peer) {
            message.done(.failure(.notConnected(peer)))
        }
    }

    func failWaitingMessages(for peer: PeerID, _ error: StreamError) {
        for message in waitingMessages.removeValue(forKey: peer) ?? [] { message.done(.failure(error)) }
    }

    func expireWaitingMessages(now: NIODeadline) {
        for (peer, messages) in waitingMessages {
            let overdue = messages.filter { $0.deadline <= now }
            guard !overdue.isEmpty else { continue }
            let left = messages.filter { $0.deadline > now }
            waitingMessages[peer] = left.isEmpty ? nil : left
            for message in overdue { message.done(.failure(.notConnected(peer))) }
        }
    }
}
