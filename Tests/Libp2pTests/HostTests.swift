import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Libp2p

@Suite(.timeLimit(.minutes(2))) struct HostTests {
    static let echo = "/test/echo/1"

    static func serveEcho(_ host: Host) {
        host.handle(echo, timeout: nil, concurrentPerPeer: 2000) { stream, _ in
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
    }

    @Test("10 MB there and back, both directions at once")
    func echoMegabytes() async throws {
        try await withPair(configureServer: Self.serveEcho) { client, server in
            Self.serveEcho(client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (from, to) in [(client, server), (server, client)] {
                    group.addTask {
                        var generator = SeededGenerator(seed: 1)
                        let block = generator.bytes(10_000)
                        let stream = try await from.newStream(to: to.peer, protocols: [Self.echo])
                        async let sent: Void = {
                            for _ in 0..<1000 { try await stream.write(block) }
                            try await stream.closeWrite()
                        }()
                        for _ in 0..<1000 {
                            guard try await stream.read(exactly: 10_000) == block else { throw StreamError.truncated }
                        }
                        #expect(try await stream.read() == nil)
                        try await sent
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("one message of 10 MB in one write")
    func bigMessage() async throws {
        try await withPair(configureServer: { host in
            host.handle("/size", timeout: .seconds(60)) { stream, _ in
                let message = try await stream.readMessage(limit: 20 << 20)
                try await stream.writeMessage(message.reversed())
            }
        }) { client, server in
            var generator = SeededGenerator(seed: 2)
            let message = generator.bytes(10 << 20)
            let stream = try await client.newStream(to: server.peer, protocols: ["/size"])
            try await stream.writeMessage(message, closing: true)
            let answer = try await stream.readMessage(limit: 20 << 20)
            #expect(answer == message.reversed())
        }
    }

    @Test("1000 streams at once, more than the backlog")
    func manyStreams() async throws {
        try await withPair(configureServer: Self.serveEcho) { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<1000 {
                    group.addTask {
                        let body = [UInt8](repeating: UInt8(index % 251), count: index)
                        let stream = try await client.newStream(
                            to: server.peer, protocols: [Self.echo], within: .seconds(60))
                        try await stream.writeMessage(body, closing: true)
                        #expect(try await stream.readMessage(limit: 1000) == body)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("identify and ping on both sides, shown in the status")
    func identifyAndPing() async throws {
        try await withPair { client, server in
            for (host, other, number) in [(client, server, 2), (server, client, 1)] {
                let message = try await host.first { if case .identified(_, let message) = $0 { message } else { nil } }
                #expect(message.peer == other.peer)
                #expect(message.agentVersion == "test/\(number)")
                #expect(message.listenAddresses == (try await other.bind()))
                #expect(message.protocols.contains(Host.pingProtocolID))
                _ = try await host.first { if case .pinged(let peer, let rtt) = $0 { (peer, rtt).1 } else { nil } }
                let status = try #require(await host.status().first)
                #expect(status.peer == other.peer && status.isConnected && status.links.count == 1)
                #expect(status.agentVersion == "test/\(number)")
                #expect(status.rtt != nil)
                #expect(status.knownAddresses == (try await other.bind()))
            }
        }
    }

    @Test("half-close: the answer comes after the end of the request")
    func halfClose() async throws {
        try await withPair(configureServer: { host in
            host.handle("/count") { stream, _ in
                var count = 0
                while let bytes = try await stream.read() { count += bytes.readableBytes }
                try await stream.write(Array("\(count)".utf8))
            }
        }) { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: ["/count"])
            try await stream.write([1, 2, 3])
            try await stream.write([4])
            try await stream.closeWrite()
            await #expect(throws: StreamError.writeClosed) { try await stream.write([5]) }
            #expect(try await stream.read(exactly: 1) == Array("4".utf8))
            #expect(try await stream.read() == nil)
        }
    }

    @Test("protocols are tried in order; none served is an error")
    func negotiation() async throws {
        try await withPair(configureServer: Self.serveEcho) { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: ["/none", Self.echo, "/other"])
            #expect(stream.protocolID == Self.echo)
            await #expect(throws: StreamError.refused(["/none", "/never"])) {
                _ = try await client.newStream(to: server.peer, protocols: ["/none", "/never"])
            }
        }
    }

    @Test("a protocol the peer no longer serves fails the stream, not the connection")
    func staleKnowledge() async throws {
        try await withPair(configureServer: Self.serveEcho) { client, server in
            let connection = try await client.connection(to: server.peer, within: .seconds(1))
            let stream = connection.openLazily("/gone")
            try await stream.writeMessage([1], closing: true)
            await #expect(throws: StreamError.refused(["/gone"])) { try await stream.readMessage(limit: 10) }
            let good = try await client.newStream(to: server.peer, protocols: [Self.echo])
            try await good.writeMessage([7], closing: true)
            #expect(try await good.readMessage(limit: 10) == [7])
        }
    }

    // MARK: Misbehaviour

    @Test("a message above the limit, a handler's error and a slow handler")
    func handlerLimits() async throws {
        try await withPair(configureServer: { host in
            host.handle("/small") { stream, _ in _ = try await stream.readMessage(limit: 10) }
            host.handle("/slow", timeout: .milliseconds(50)) { stream, _ in _ = try await stream.readMessage(limit: 10)
            }
        }) { client, server in
            let big = try await client.newStream(to: server.peer, protocols: ["/small"])
            try await big.writeMessage([UInt8](repeating: 1, count: 11))
            // As Charon does: an end without an answer.
            #expect(try await big.readMessageIfAny(limit: 10) == nil)
            let slow = try await client.newStream(to: server.peer, protocols: ["/slow"])
            await #expect(throws: StreamError.reset(code: 0)) {
                try await slow.write([5, 1])
                _ = try await slow.read()
            }
            func faults() -> [PeerFault] {
                server.faults().filter { $0.peer == client.peer }.map(\.fault).sorted { $0.rawValue < $1.rawValue }
            }
            try await CircuitRelayTests.waitUntil { faults().count == 2 }
            #expect(faults() == [.handlerFailed, .handlerTimedOut])
        }
    }

    @Test("messages in hand of one connection are bounded together, and leave room when they are done")
    func messageBudget() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        let message = [UInt8](repeating: 7, count: 1000)
        try await withPair(
            configureServer: { host in
                host.handle("/large") { stream, _ in
                    let message = try await stream.readMessage(limit: 1000)
                    arrival.yield()
                    for await _ in released { break }
                    try await stream.writeMessage(message)
                }
            }, change: { $0.limits.messageBytesPerConnectionMax = 1500 }
        ) { client, server in
            let held = try await client.newStream(to: server.peer, protocols: ["/large"])
            try await held.writeMessage(message)
            for await _ in arrived { break }
            let refused = try await client.newStream(to: server.peer, protocols: ["/large"])
            try await refused.writeMessage(message)
            #expect(try await refused.readMessageIfAny(limit: 1000) == nil)
            try await CircuitRelayTests.waitUntil { !server.faults().isEmpty }
            let faults = server.faults().filter { $0.peer == client.peer }
            #expect(faults == [PeerFaultCount(peer: client.peer, fault: .tooManyBytesInHand, count: 1)])
            release.yield()
            #expect(try await held.readMessage(limit: 1000) == message)
            #expect(try await held.readMessageIfAny(limit: 1000) == nil)
            held.close()
            let next = try await client.newStream(to: server.peer, protocols: ["/large"])
            try await next.writeMessage(message)
            release.yield()
            #expect(try await next.readMessage(limit: 1000) == message)
        }
    }

    @Test("streams of one peer beyond a protocol's limit are reset")
    func concurrencyLimit() async throws {
        let (held, sink) = AsyncStream.makeStream(of: Stream.self)
        try await withPair(configureServer: { host in
            host.handle("/hold", timeout: nil, concurrentPerPeer: 2) { stream, _ in
                sink.yield(stream)
                while try await stream.read() != nil {}
            }
        }) { client, server in
            var streams: [Stream] = []
            for _ in 0..<2 { streams.append(try await client.newStream(to: server.peer, protocols: ["/hold"])) }
            var iterator = held.makeAsyncIterator()
            for _ in 0..<2 { _ = await iterator.next() }
            let third = try await client.newStream(to: server.peer, protocols: ["/hold"])
            await #expect(throws: StreamError.reset(code: 0)) { try await third.read() }
        }
    }

    @Test("a reset reaches the other side, and a dropped stream is reset")
    func resets() async throws {
        let (ends, sink) = AsyncStream.makeStream(of: String.self)
        try await withPair(configureServer: { host in
            host.handle("/end", timeout: nil) { stream, _ in
                try await stream.write([1])
                do { _ = try await stream.read() } catch { sink.yield("\(error)") }
            }
        }) { client, server in
            var iterator = ends.makeAsyncIterator()
            let first = try await client.newStream(to: server.peer, protocols: ["/end"])
            #expect(try await first.read(exactly: 1) == [1])
            first.reset(code: 42)
            await #expect(throws: StreamError.reset(code: 42)) { try await first.read() }
            #expect(await iterator.next() == "reset(code: 42)")
            #expect(
                try await client.newStream(to: server.peer, protocols: ["/end"]).read(exactly: 1) == [1])
            #expect(await iterator.next() == "reset(code: 0)")
        }
    }

    @Test("what a reset stream left unread is dropped, what came before a clean end is not", arguments: [true, false])
    func unreadOfReset(resets: Bool) async throws {
        let (looks, look) = AsyncStream.makeStream(of: Void.self)
        let (answers, sink) = AsyncStream.makeStream(of: String.self)
        try await withPair(configureServer: { host in
            Self.serveEcho(host)
            host.handle("/late", timeout: nil) { stream, _ in
                for await _ in looks { break }
                do { sink.yield("\(try await stream.read()?.array ?? [])") } catch { sink.yield("\(error)") }
            }
        }) { client, server in
            // One connection keeps the order of its streams, so an echo tells that what went before has arrived.
            func echo() async throws {
                let stream = try await client.newStream(to: server.peer, protocols: [Self.echo])
                try await stream.writeMessage([1], closing: true)
                #expect(try await stream.readMessage(limit: 1) == [1])
            }
            let stream = try await client.newStream(to: server.peer, protocols: ["/late"])
            try await stream.write([2, 3])
            try await echo()
            if resets { stream.reset(code: 7) } else { try await stream.closeWrite() }
            try await echo()
            look.yield()
            var iterator = answers.makeAsyncIterator()
            #expect(await iterator.next() == (resets ? "reset(code: 7)" : "[2, 3]"))
        }
    }

    @Test("cancelling a read leaves the stream usable, cancelling a write resets it")
    func cancellation() async throws {
        try await withPair(configureServer: { host in
            Self.serveEcho(host)
            host.handle("/deaf", timeout: nil) { stream, _ in
                try await stream.write([1])
                // Never reads: the window fills.
                try await Task.sleep(for: .seconds(3600))
            }
        }) { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: [Self.echo])
            let reading = Task { try await stream.read() }
            reading.cancel()
            await #expect(throws: CancellationError.self) { try await reading.value }
            try await stream.writeMessage([9], closing: true)
            #expect(try await stream.readMessage(limit: 9) == [9])

            let deaf = try await client.newStream(to: server.peer, protocols: ["/deaf"])
            #expect(try await deaf.read(exactly: 1) == [1])
            let writing = Task { try await deaf.write([UInt8](repeating: 0, count: 2 << 20)) }
            writing.cancel()
            await #expect(throws: CancellationError.self) { try await writing.value }
            await #expect(throws: StreamError.reset(code: 0)) { try await deaf.read() }
        }
    }

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
