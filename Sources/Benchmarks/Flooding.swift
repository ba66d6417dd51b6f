import Libp2p
import NIOCore
import Synchronization

/// As many messages under way as it likes, until stopped.
final class Flooding: Sendable {
    private let underWay: Int
    private let host: Libp2p.Host
    private let remote: PeerID
    private let protocolID: String
    private let message: @Sendable (Int64) -> ByteBuffer
    private let isStopped = Atomic(false)
    private let count = Atomic<Int64>(0)

    /// - Parameter message: endless, by number.
    init(
        _ underWay: Int, _ host: Libp2p.Host, _ remote: PeerID, protocolID: String,
        _ message: @escaping @Sendable (Int64) -> ByteBuffer
    ) {
        self.underWay = underWay
        self.host = host
        self.remote = remote
        self.protocolID = protocolID
        self.message = message
    }

    func start() {
        for _ in 0..<underWay { host.loop.execute { self.next() } }
    }

    private func next() {
        guard !isStopped.load(ordering: .relaxed) else { return }
        let number = count.add(1, ordering: .relaxed).newValue
        host.send(message(number), to: remote, protocolID: protocolID, timeout: .seconds(7)) { _ in
            // Not at once: it would never end when sending fails.
            self.host.loop.execute { self.next() }
        }
    }

    /// - Returns: how many messages it sent.
    @discardableResult func stop() -> Int {
        isStopped.store(true, ordering: .relaxed)
        return Int(count.load(ordering: .relaxed))
    }
}
