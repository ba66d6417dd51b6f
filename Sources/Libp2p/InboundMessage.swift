import NIOCore
import Synchronization

/// One whole message of a peer, the only one of its stream. Until it is let go of, or `done`, its bytes count against
/// what its peer may have in hand, and its stream against what its peer may have open.
package struct InboundMessage: Sendable {
    package let peer: PeerID
    /// Without the length prefix.
    package let bytes: [UInt8]
    private let place: MessagePlace?

    init(peer: PeerID, bytes: [UInt8], place: MessagePlace) {
        self.peer = peer
        self.bytes = bytes
        self.place = place
    }

    /// One that came in no stream and occupies nothing.
    package init(peer: PeerID, bytes: [UInt8]) {
        self.peer = peer
        self.bytes = bytes
        place = nil
    }

    /// Gives back what it occupies, on any thread.
    package func done() { place?.leave() }
}

/// What a message occupies, from the moment its stream is accepted.
final class MessagePlace: Sendable {
    private let host: Host
    private let connection: Connection
    private let stream: Handlings.StreamKey
    private let claimed = Atomic<Int>(0)
    private let isLeft = Atomic<Bool>(false)

    /// - Precondition: the place is taken in the host's table.
    init(_ host: Host, _ connection: Connection, _ stream: Handlings.StreamKey) {
        self.host = host
        self.connection = connection
        self.stream = stream
    }

    deinit { leave() }

    func claim(_ bytes: Int) throws(StreamError) {
        guard connection.claim(bytes) else { throw .tooManyBytesInHand(claimed: bytes) }
        claimed.add(bytes, ordering: .relaxed)
    }

    func leave() {
        guard !isLeft.exchange(true, ordering: .acquiringAndReleasing) else { return }
        connection.release(claimed.load(ordering: .relaxed))
        host.shared.withLock { $0.handlings.leave(stream) }
    }
}

/// A stream that still has to bring its message. On its connection's loop.
struct MessageIntake {
    var reader: DelimitedReader
    let deadline: NIODeadline
    let place: MessagePlace
    let take: @Sendable (InboundMessage) -> Void
}
