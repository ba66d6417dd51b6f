import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Libp2p

/// Who may connect, and how one finds the other.
extension HostTests {
    @Test("a peer that never answers identify holds up nobody")
    func silentIdentify() async throws {
        try await withPair(configureServer: { host in
            Self.serveEcho(host)
            host.handle(Identify.protocolID, timeout: nil) { _, _ in try await Task.sleep(for: .seconds(3600)) }
        }) { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: [Self.echo])
            try await stream.writeMessage([1], closing: true)
            #expect(try await stream.readMessage(limit: 10) == [1])
        }
    }

    // MARK: Gate

    @Test("an unknown key is refused when it dials us")
    func gateInbound() async throws {
        let server = makeHost(2, peers: [peer(3): []])
        let stranger = makeHost(1, peers: [peer(2): []])
        try await withHosts(server, stranger) {
            await stranger.add(server.peer, addresses: try await server.bind())
            let reason = try await stranger.first { event in
                if case .disconnected(server.peer, let reason, _) = event { reason } else { nil }
            }
            #expect(reason == .wentAway(code: 0) || reason == .closedByPeer)
            #expect(await server.status().map(\.isConnected) == [false])
            try await CircuitRelayTests.waitUntil {
                server.faults().contains { $0.peer == nil && $0.fault == .refusedByGate }
            }
        }
    }

    @Test("another key at a configured address is refused")
    func gateOutbound() async throws {
        let impostor = makeHost(2, peers: [peer(1): []])
        let client = makeHost(1, peers: [peer(3): []])
        try await withHosts(impostor, client) {
            await client.add(peer(3), addresses: try await impostor.bind())
            let reason = try await client.first { event in
                if case .dialFailed(peer(3), let reason) = event { reason } else { nil }
            }
            #expect(reason == .upgrade(.noise(.wrongPeer(peer(2)))))
            #expect(await client.status().map(\.isConnected) == [false])
        }
    }

    @Test("an open gate lets strangers in and forgets them when they go")
    func openGate() async throws {
        let relay = makeHost(2) { $0.isGateOpen = true }
        let client = makeHost(1, listens: false, peers: [peer(2): []])
        try await withHosts(relay) {
            try await withHosts(client) {
                await client.add(relay.peer, addresses: try await relay.bind())
                _ = try await relay.first { if case .connected(client.peer, .inbound, _) = $0 { true } else { nil } }
                #expect(await relay.status().map(\.peer) == [client.peer])
            }
            _ = try await relay.first { if case .disconnected(client.peer, _, true) = $0 { true } else { nil } }
            #expect(await relay.status().isEmpty)
        }
    }

    // MARK: Connections come and go

    @Test("a removed peer is cut off and refused, an added one is let in again")
    func removeAndAdd() async throws {
        try await withPair(configureServer: Self.serveEcho) { client, server in
            await server.remove(client.peer)
            _ = try await client.first { if case .disconnected(server.peer, _, true) = $0 { true } else { nil } }
            _ = try await client.first { if case .connected(server.peer, _, _) = $0 { true } else { nil } }
            _ = try await client.first { if case .disconnected(server.peer, _, true) = $0 { true } else { nil } }
            await server.add(client.peer, addresses: [])
            let stream = try await server.newStream(to: client.peer, protocols: [Host.pingProtocolID])
            try await stream.write([UInt8](repeating: 5, count: 32))
            #expect(try await stream.read(exactly: 32) == [UInt8](repeating: 5, count: 32))
        }
    }

    @Test("dials again after the peer restarts; streams of the old connection fail")
    func redial() async throws {
        let client = makeHost(1, listens: false, peers: [peer(2): []])
        try await withHosts(client) {
            var address = Multiaddr([.ip4(0x7f00_0001), .tcp(0)])
            let first = makeHost(2, peers: [peer(1): []])
            Self.serveEcho(first)
            let old = try await withHosts(first) {
                address = try #require(try await first.bind().first)
                await client.add(peer(2), addresses: [address])
                return try await client.newStream(to: peer(2), protocols: [Self.echo])
            }
            await #expect(throws: StreamError.self) { while try await old.read() != nil {} }
            _ = try await client.first { if case .dialFailed = $0 { true } else { nil } }
            guard case .tcp(let port) = address.components[1] else { throw CancellationError() }
            let second = makeHost(2, port: port, peers: [peer(1): []])
            Self.serveEcho(second)
            try await withHosts(second) {
                let stream = try await client.newStream(to: peer(2), protocols: [Self.echo], within: .seconds(30))
                try await stream.writeMessage([3], closing: true)
                #expect(try await stream.readMessage(limit: 10) == [3])
            }
        }
    }

    @Test("both dial at once: both can talk")
    func simultaneousDial() async throws {
        let one = makeHost(1, peers: [peer(2): []])
        let two = makeHost(2, peers: [peer(1): []])
        Self.serveEcho(one)
        Self.serveEcho(two)
        try await withHosts(one, two) {
            let (first, second) = (try await one.bind(), try await two.bind())
            async let a: Void = one.add(two.peer, addresses: second)
            async let b: Void = two.add(one.peer, addresses: first)
            _ = await (a, b)
            for (from, to) in [(one, two), (two, one)] {
                for _ in 0..<20 {
                    let stream = try await from.newStream(to: to.peer, protocols: [Self.echo])
                    try await stream.writeMessage([3], closing: true)
                    #expect(try await stream.readMessage(limit: 10) == [3])
                }
            }
        }
    }

    @Test("nobody to connect to: an error in time, and at once for strangers")
    func notConnected() async throws {
        let client = makeHost(1, listens: false, peers: [peer(2): []])
        try await withHosts(client) {
            await #expect(throws: StreamError.notConnected(peer(2))) {
                _ = try await client.newStream(to: peer(2), protocols: ["/x"], within: .milliseconds(20))
            }
            await #expect(throws: StreamError.unknownPeer(peer(3))) {
                _ = try await client.newStream(to: peer(3), protocols: ["/x"])
            }
        }
    }

    @Test("a dead address does not keep a good one waiting")
    func severalAddresses() async throws {
        let server = makeHost(2, peers: [peer(1): []])
        let client = makeHost(1, listens: false, peers: [peer(2): []])
        try await withHosts(server, client) {
            // TEST-NET-1 never answers.
            let dead = [try Multiaddr("/ip4/192.0.2.1/tcp/9"), try Multiaddr("/ip4/127.0.0.1/tcp/1")]
            let good = try await server.bind()
            await client.add(server.peer, addresses: dead + good)
            let connection = try await client.connection(to: server.peer, within: .seconds(30))
            #expect(connection.peer == server.peer && connection.remoteAddress == good.first)
        }
    }

    @Test("why a dial failed is told in the system's words")
    func deadAddress() async throws {
        let client = makeHost(1, listens: false, peers: [peer(2): [try Multiaddr("/ip4/127.0.0.1/tcp/1")]])
        try await withHosts(client) {
            let reason = try await client.first { if case .dialFailed(_, let reason) = $0 { reason } else { nil } }
            #expect(reason == .socket("connect to /ip4/127.0.0.1/tcp/1: Connection refused"))
        }
    }

    @Test("addresses learned from identify are handed out, and announced ones come first")
    func learnedAddresses() async throws {
        let (learned, sink) = AsyncStream.makeStream(of: [Multiaddr].self)
        let announced = [try Multiaddr("/dns/node.example/tcp/3610")]
        let server = makeHost(2, peers: [peer(1): []]) { $0.announced = announced }
        var configuration = HostConfiguration(identity: key(1), agentVersion: "test")
        configuration.peers = [server.peer: []]
        let client = Host(configuration, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }) {
            if $0 == server.peer { sink.yield($1) }
        }
        try await withHosts(server, client) {
            let bound = try await server.bind()
            await client.add(server.peer, addresses: bound)
            var iterator = learned.makeAsyncIterator()
            #expect(await iterator.next() == announced + bound)
            let more = [try Multiaddr("/ip4/10.1.2.3/tcp/3610")]
            _ = try await client.first { if case .identified = $0 { true } else { nil } }
            _ = try await server.first { if case .identified = $0 { true } else { nil } }
            await server.announce(more)
            #expect(await iterator.next() == more + bound)
        }
    }

    @Test(
        "sockets that do not finish their handshake are closed",
        arguments: [[], [0x13], Array("GET / HTTP/1.1\r\n\r\n".utf8)])
    func slowLoris(bytes: [UInt8]) async throws {
        let server = makeHost(2, peers: [peer(1): []]) { $0.timing.handshakeTimeout = .milliseconds(50) }
        try await withHosts(server) {
            let endpoint = try #require(try await server.bind().first?.endpoint)
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: endpoint.host, port: endpoint.port).get()
            if !bytes.isEmpty { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
            try await channel.closeFuture.get()
            // The client may see the end before the server has counted it.
            try await CircuitRelayTests.waitUntil { !server.faults().isEmpty }
            #expect(server.faults() == [PeerFaultCount(peer: nil, fault: .handshake, count: 1)])
        }
    }

    @Test("sockets that have not proved anything are bounded")
    func pendingBound() async throws {
        let server = makeHost(2, peers: [peer(1): []]) { $0.limits.pendingInboundMax = 2 }
        try await withHosts(server) {
            let endpoint = try #require(try await server.bind().first?.endpoint)
            var channels: [any Channel] = []
            for _ in 0..<3 {
                channels.append(
                    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(host: endpoint.host, port: endpoint.port).get())
            }
            // Whichever the server saw first is closed.
            await withTaskGroup { group in
                for channel in channels { group.addTask { try? await channel.closeFuture.get() } }
                await group.next()
                for channel in channels { channel.close(promise: nil) }
            }
            try await CircuitRelayTests.waitUntil { !server.faults().isEmpty }
            #expect(server.faults() == [PeerFaultCount(peer: nil, fault: .tooManyPending, count: 1)])
        }
    }
}
