import NIOCore
import Synchronization

/// An upgraded connection to one peer, seen from any task. The work is done by `ConnectionCore` on the event loop.
package final class Connection: Sendable {
    package enum Direction: String, Sendable { case inbound, outbound }

    /// How it came to be.
    package struct Handshake: Hashable, Sendable {
        /// From the socket to the muxer.
        package let took: Duration
        package let isMuxerEarly: Bool
    }

    package let id: Int
    package let peer: PeerID
    package let direction: Direction
    /// Set when it passes through a relay; the peer is proved end to end all the same.
    let circuit: Circuit.Leg?
    /// The other end of the socket, or the circuit; nil when it has none.
    package let remoteAddress: Multiaddr?
    let handshake: Handshake
    let established = NIODeadline.now()
    let loop: any EventLoop
    private let core: NIOLoopBound<ConnectionCore>
    private let negotiationTimeout: TimeAmount
    private let messageBytesMax: Int
    /// The peer's, shared with its other connections.
    let inHand: BytesInHand
    private let outbox = Mutex(Outbox())

    private struct Outbox {
        /// Streams with something to take, each once.
        var streams: [StreamCore] = []
        var isScheduled = false
        /// Why it is closed.
        var closed: DisconnectReason?
    }

    init(
        id: Int, peer: PeerID, direction: Direction, circuit: Circuit.Leg?, remoteAddress: Multiaddr?,
        handshake: Handshake, core: ConnectionCore, loop: any EventLoop, negotiationTimeout: TimeAmount,
        inHand: BytesInHand,
        messageBytesMax: Int
    ) {
        self.id = id
        self.peer = peer
        self.direction = direction
        self.circuit = circuit
        self.remoteAddress = remoteAddress
        self.handshake = handshake
        self.loop = loop
        self.core = NIOLoopBound(core, eventLoop: loop)
        self.negotiationTimeout = negotiationTimeout
        self.inHand = inHand
        self.messageBytesMax = messageBytesMax
    }

    package var path: ConnectionPath { circuit.map { .relayed(through: $0.relay) } ?? .direct }

    /// A relay ends it after some time or some bytes.
    package var isLimited: Bool { circuit?.limit != nil }

    package var isOpen: Bool { closeReason == nil }

    /// Nil while it is open.
    var closeReason: DisconnectReason? { outbox.withLock { $0.closed } }

    /// Opens a stream without waiting for the peer's answer: header, proposal and data leave together. For a protocol
    /// the peer is known to serve; a refusal shows when reading.
    func openLazily(_ protocolID: String) -> Stream {
        Stream(dial([protocolID], lazy: true), protocolID: protocolID)
    }

    /// Opens a stream and proposes one protocol after the other, most wanted first.
    func open(_ protocols: [String]) async throws -> Stream {
        let core = dial(protocols, lazy: false)
        do {
            return Stream(core, protocolID: try await core.negotiated())
        } catch {
            core.reset(code: 0)
            throw error
        }
    }

    private func dial(_ protocols: [String], lazy: Bool) -> StreamCore {
        let entry = StreamEntry(
            proposals: protocols, negotiation: .dialer(MultistreamDialer(proposals: protocols), lazy: lazy),
            negotiationDeadline: .now() + negotiationTimeout)
        return StreamCore(connection: self, entry: entry)
    }

    /// Closes it from any task.
    package func close(_ reason: DisconnectReason = .closedHere) {
        loop.execute { self.core.value.close(reason) }
    }

    /// On the loop only.
    func closeOnLoop(_ reason: DisconnectReason) { core.value.close(reason) }

    /// - Returns: false when the peer would have too many bytes in hand; then nothing was claimed.
    func claim(_ bytes: Int) -> Bool { inHand.claim(bytes, max: messageBytesMax) }

    func release(_ bytes: Int) { inHand.release(bytes) }

    // MARK: Between streams and the loop

    /// The stream has something to take. The loop is woken once for all that gather until it runs.
    func wake(_ stream: StreamCore) {
        let (closed, wakes) = outbox.withLock { outbox -> (DisconnectReason?, Bool) in
            if let closed = outbox.closed { return (closed, false) }
            outbox.streams.append(stream)
            defer { outbox.isScheduled = true }
            return (nil, !outbox.isScheduled)
        }
        if let closed { return stream.fail(.connectionLost(closed)) }
        guard wakes else { return }
        if !loop.inEventLoop { HandOffs.note(.stream) }
        loop.execute { self.core.value.drainOutbox() }
    }

    /// Loop side: all streams that called `wake` since the last time.
    func takeOutbox() -> [StreamCore] {
        outbox.withLock { outbox in
            outbox.isScheduled = false
            defer { outbox.streams = [] }
            return outbox.streams
        }
    }

    /// Loop side: from now on streams fail.
    func markClosed(_ reason: DisconnectReason) -> [StreamCore] {
        outbox.withLock { outbox in
            outbox.closed = reason
            defer { outbox.streams = [] }
            return outbox.streams
        }
    }

    /// On the loop only.
    var traffic: ConnectionCore.Traffic { core.value.traffic }

    /// Bytes received that nobody has read. On the loop only.
    var unread: Int { core.value.yamux.unread }

    /// On the loop only.
    var openStreams: [StreamTraffic.Kind: Int] { core.value.openStreams }
}
