import NIOCore
import Testing

@testable import Libp2p

/// What one peer may have a host hold does not grow with its connections.
@Suite("what a peer may have in hand", .timeLimit(.minutes(2))) struct PeerBudgetTests {
    private static let id = "/test/budget/1"

    /// Two processes with one key, so that the server has two connections of one peer.
    private func withTwins(
        change: (inout HostConfiguration) -> Void = { _ in }, configureServer: (Host) -> Void,
        body: (_ server: Host, _ one: Host, _ two: Host) async throws -> Void
    ) async throws {
        let server = makeHost(2, peers: [peer(1): []], change: change)
        configureServer(server)
        let (one, two) = (makeHost(1, listens: false), makeHost(1, listens: false))
        try await withHosts(server, one, two) {
            let addresses = try await server.bind()
            for client in [one, two] {
                await client.add(server.peer, addresses: addresses)
                _ = try await client.connection(to: server.peer, within: .seconds(10))
            }
            try await FloodTests.waitUntil { await server.connectionCount(of: peer(1)) == 2 }
            try await body(server, one, two)
        }
    }

    private func count(_ fault: PeerFault, at server: Host) -> UInt64 {
        server.faults().first { $0.peer == peer(1) && $0.fault == fault }?.count ?? 0
    }

    @Test("messages count together, whichever connection brings them")
    func messages() async throws {
        let box = Mailbox()
        let body = [UInt8](repeating: 7, count: 1000)
        try await withTwins(
            change: { $0.limits.messageBytesPerPeerMax = 1500 },
            configureServer: { $0.handleMessages(Self.id, limit: 1000) { box.take($0) } },
            body: { server, one, two in
                #expect(await one.deliver(body, to: server.peer, Self.id) == .success)
                await box.wait(for: 1)
                let refused = try await two.newStream(to: server.peer, protocols: [Self.id])
                try await refused.writeMessage(body, closing: true)
                #expect(try await refused.read() == nil)
                #expect(count(.tooManyBytesInHand, at: server) == 1)
                box.letGo()
                #expect(await two.deliver(body, to: server.peer, Self.id) == .success)
                await box.wait(for: 1)
                #expect(box.bodies.count == 1)
            })
    }

    @Test("they count after their connection is gone")
    func formerConnection() async throws {
        let box = Mailbox()
        let body = [UInt8](repeating: 7, count: 1000)
        let server = makeHost(2, peers: [peer(1): []]) { $0.limits.messageBytesPerPeerMax = 1500 }
        server.handleMessages(Self.id, limit: 1000) { box.take($0) }
        try await withHosts(server) {
            let addresses = try await server.bind()
            let one = makeHost(1, listens: false, peers: [server.peer: addresses])
            try await withHosts(one) {
                #expect(await one.deliver(body, to: server.peer, Self.id) == .success)
                await box.wait(for: 1)
            }
            try await FloodTests.waitUntil { await server.connectionCount(of: peer(1)) == 0 }
            let two = makeHost(1, listens: false, peers: [server.peer: addresses])
            try await withHosts(two) {
                let refused = try await two.newStream(to: server.peer, protocols: [Self.id])
                try await refused.writeMessage(body, closing: true)
                #expect(try await refused.read() == nil)
                #expect(count(.tooManyBytesInHand, at: server) == 1)
            }
        }
    }

    @Test("two blocks of 10 MB at once are taken, three are not")
    func blocks() async throws {
        let box = Mailbox()
        let block = [UInt8](repeating: 7, count: 10_000_000)
        try await withTwins(
            configureServer: { $0.handleMessages(Self.id, limit: 16 << 20, timeout: .seconds(60)) { box.take($0) } },
            body: { server, one, two in
                #expect(await one.deliver(block, to: server.peer, Self.id) == .success)
                #expect(await two.deliver(block, to: server.peer, Self.id) == .success)
                await box.wait(for: 2)
                #expect(count(.tooManyBytesInHand, at: server) == 0)
                _ = await one.deliver(block, to: server.peer, Self.id)
                try await FloodTests.waitUntil { count(.tooManyBytesInHand, at: server) == 1 }
                #expect(box.bodies.count == 2)
            })
    }

    @Test("bytes that nobody reads count together, and only the stream that is too much is reset")
    func unread() async throws {
        try await withTwins(
            change: { $0.limits.unreadPerPeerMax = 400_000 },
            configureServer: { server in
                server.handle(Self.id, timeout: nil) { _, _ in try await Task.sleep(for: .seconds(3600)) }
            },
            body: { server, one, two in
                let first = try await one.newStream(to: server.peer, protocols: [Self.id])
                try await first.write([UInt8](repeating: 1, count: 250_000))
                try await FloodTests.waitUntil { await server.unread(of: peer(1)) >= 250_000 }
                let second = try await two.newStream(to: server.peer, protocols: [Self.id])
                try await second.write([UInt8](repeating: 1, count: 250_000))
                await #expect(throws: StreamError.reset(code: 0)) { try await second.read() }
                #expect(count(.unreadBytes, at: server) == 1)
                let third = try await two.newStream(to: server.peer, protocols: [Self.id])
                try await third.write([UInt8](repeating: 1, count: 100_000))
                try await FloodTests.waitUntil { await server.unread(of: peer(1)) >= 350_000 }
                #expect(await server.unread(of: peer(1)) <= 400_000)
                first.reset()
                third.reset()
            })
    }

    @Test("a session keeps to less than its own limits when it is told to")
    func session() throws {
        var session = Yamux(role: .listener)
        var input = ByteBuffer(bytes: YamuxTests.data(1, [1, 2, 3, 4], .syn) + YamuxTests.data(3, [1, 2], .syn))
        var events: [Yamux.Event] = []
        while let event = try session.next(&input, unreadMax: 5) { events.append(event) }
        #expect(events == [.opened(1), .data(1, ByteBuffer(bytes: [1, 2, 3, 4])), .opened(3), .overflowed(3)])
        #expect(session.unread == 4)
        // Nothing of a window that may not grow: half of it is granted again, and no more.
        let half = Yamux.initialWindow / 2
        for round in 0..<3 {
            let now = YamuxTests.now + .milliseconds(Int64(round))
            _ = try YamuxTests.receive(&session, YamuxTests.data(1, [UInt8](repeating: 1, count: half)))
            _ = YamuxTests.take(&session)
            session.consumed(session.unread, on: 1, now: now, windowMax: Yamux.initialWindow)
            var output = ByteBuffer(bytes: YamuxTests.take(&session))
            let grant = try #require(try YamuxHeader.read(&output))
            #expect(grant.length <= UInt32(half + 4))
        }
    }
}

extension Host {
    fileprivate func connectionCount(of peer: PeerID) -> Int { records[peer]?.connections.count ?? 0 }

    fileprivate func unread(of peer: PeerID) -> Int {
        records[peer]?.connections.reduce(0) { $0 + $1.unread } ?? 0
    }
}
