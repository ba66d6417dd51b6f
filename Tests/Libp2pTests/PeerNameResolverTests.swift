import Dispatch
import NIOCore
import NIOPosix
import Testing

@testable import Libp2p

@Suite(.timeLimit(.minutes(1))) struct PeerNameResolverTests {
    @Test(
        "what a name leads to is judged as if the peer had told it",
        arguments: [
            (.publicNetwork, ["8.8.8.8", "2a00::1"]), (.privateNetwork, ["8.8.8.8", "2a00::1", "10.0.0.1", "fd00::1"]),
            (.loopback, ["8.8.8.8", "2a00::1", "10.0.0.1", "fd00::1", "127.0.0.1", "::1", "::ffff:127.0.0.1"]),
        ] as [(Multiaddr.Reach, [String])])
    func judge(nearest: Multiaddr.Reach, kept: [String]) throws {
        let all = [
            "8.8.8.8", "2a00::1", "10.0.0.1", "fd00::1", "127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::",
            "224.0.0.1", "255.255.255.255", "ff02::1",
        ]
        let answers = try all.map { try SocketAddress(ipAddress: $0, port: 1) }
        #expect(PeerNameResolver.judge(answers, nearest: nearest).map(\.ipAddress) == kept)
    }

    /// Both answers for a name, in NIO's order.
    static func resolve(_ name: String, nearest: Multiaddr.Reach, cancel: Bool = false) async throws -> [String] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let queue = DispatchQueue(label: "test")
        let resolver = PeerNameResolver(nearest: nearest, queue: queue, on: loop)
        if cancel { resolver.cancelQueries() }
        let v6 = resolver.initiateAAAAQuery(host: name, port: 7)
        let v4 = resolver.initiateAQuery(host: name, port: 7)
        return try await v6.and(v4).map { ($0.0 + $0.1).compactMap(\.ipAddress) }.get()
    }

    @Test(
        "a name that leads to this host is of no use to a peer elsewhere",
        arguments: ["localhost", "127.1", "127.0.0.1"])
    func loopback(name: String) async throws {
        #expect(try await Self.resolve(name, nearest: .loopback).contains("127.0.0.1"))
        for nearest in [Multiaddr.Reach.privateNetwork, .publicNetwork] {
            await #expect(throws: PeerNameResolver.Failure.outOfReach) {
                try await Self.resolve(name, nearest: nearest)
            }
        }
        await #expect(throws: CancellationError.self) {
            try await Self.resolve(name, nearest: .loopback, cancel: true)
        }
    }

    @Test("the operator's name for a peer is dialed wherever it leads, a remembered one is not dialed on this host")
    func dialing() async throws {
        let server = makeHost(2, peers: [peer(1): []])
        try await withHosts(server) {
            let port = UInt16(try #require(try await server.bind().first?.endpoint?.port))
            let name = Multiaddr([.dns("localhost"), .tcp(port)])
            let wary = makeHost(1, listens: false, peers: [server.peer: []]) { $0.remembered = [server.peer: [name]] }
            try await withHosts(wary) {
                _ = try await wary.first { if case .dialFailed(server.peer, let reason) = $0 { reason } else { nil } }
                #expect(!wary.isConnected(server.peer) && server.faults().isEmpty)
                await wary.add(server.peer, addresses: [name])
                _ = try await wary.connection(to: server.peer, within: .seconds(30))
            }
        }
    }
}
