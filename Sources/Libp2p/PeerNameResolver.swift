import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Looks up a host name that a peer has told, and keeps only the addresses it could have told as such.
///
/// Whoever owns a name chooses where it leads, at any moment; so what counts is the answer that is then dialed. Names of
/// one peer are looked up one after the other, on `queue`: a server of theirs that does not answer holds up nobody else.
final class PeerNameResolver: Resolver, Sendable {
    enum Failure: Error, Equatable {
        case unknown(String)
        /// Nearer to us than this peer may send us.
        case outOfReach
    }

    static let answersMax = 16

    private let nearest: Multiaddr.Reach
    private let queue: DispatchQueue
    private let v4: EventLoopPromise<[SocketAddress]>
    private let v6: EventLoopPromise<[SocketAddress]>
    private let isCancelled = Atomic<Bool>(false)

    /// - Parameter nearest: how near the host may be.
    init(nearest: Multiaddr.Reach, queue: DispatchQueue, on loop: any EventLoop) {
        self.nearest = nearest
        self.queue = queue
        v4 = loop.makePromise()
        v6 = loop.makePromise()
    }

    /// The system gives both kinds in one answer; this query, which comes first, asks for it.
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        queue.async { [self] in
            do {
                guard !isCancelled.load(ordering: .relaxed) else { throw CancellationError() }
                let addresses = Self.judge(try Self.lookUp(host, port), nearest: nearest)
                guard !addresses.isEmpty else { throw Failure.outOfReach }
                v6.succeed(addresses.filter { $0.protocol == .inet6 })
                v4.succeed(addresses.filter { $0.protocol == .inet })
            } catch {
                v6.fail(error)
                v4.fail(error)
            }
        }
        return v6.futureResult
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v4.futureResult }

    func cancelQueries() { isCancelled.store(true, ordering: .relaxed) }

    /// By the rule for addresses that the peer told itself.
    static func judge(_ addresses: [SocketAddress], nearest: Multiaddr.Reach) -> [SocketAddress] {
        addresses.filter { address in Multiaddr(address)?.reach.map { $0 >= nearest } ?? false }
    }

    private static func lookUp(_ host: String, _ port: Int) throws(Failure) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &first)
        guard code == 0, let first else { throw .unknown(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(first) }
        return sequence(first: first) { $0.pointee.ai_next }.prefix(answersMax).compactMap { entry in
            guard let address = entry.pointee.ai_addr else { return nil }
            let raw = UnsafeRawPointer(address)
            switch entry.pointee.ai_family {
            case AF_INET: return SocketAddress(raw.loadUnaligned(as: sockaddr_in.self))
            case AF_INET6: return SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self))
            default: return nil
            }
        }
    }
}
