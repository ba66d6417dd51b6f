import NIOCore
import Synchronization
import Testing

@testable import Libp2p

/// Messages that came, kept as long as the test wants.
final class Mailbox: Sendable {
    private let held = Mutex<[InboundMessage]>([])
    private let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)

    func take(_ message: InboundMessage) {
        held.withLock { $0.append(message) }
        arrival.yield()
    }

    func wait(for count: Int) async {
        var iterator = arrivals.makeAsyncIterator()
        for _ in 0..<count { await iterator.next() }
    }

    var bodies: [[UInt8]] { held.withLock { $0.map(\.bytes) } }
    func letGo() { held.withLock { $0 = [] } }
    func done() { held.withLock { for message in $0 { message.done() } } }
}

@Suite("messages on the loop", .timeLimit(.minutes(2))) struct MessageTests {
    private static let id = "/test/message/1"

    private func server(
        _ box: Mailbox, limit: Int = 1000, timeout: Duration = .seconds(60), concurrentPerPeer: Int = 128
    ) -> (Host) -> Void {
        { host in
            host.handleMessages(
                Self.id, limit: limit, timeout: timeout, concurrentPerPeer: concurrentPerPeer
            ) { message in
                host.loop.preconditionInEventLoop()
                box.take(message)
            }
        }
    }

    /// How often a peer did this. Others are not looked at: on a busy machine an identify may time out.
    private func count(_ fault: PeerFault, of peer: PeerID, at host: Host) -> UInt64 {
        host.faults().first { $0.peer == peer && $0.fault == fault }?.count ?? 0
    }

    @Test("thousands of messages written at once arrive, and each is accepted")
    func thousands() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box, concurrentPerPeer: 5000)) { client, server in
            let results = await withTaskGroup(of: Outcome.self) { group in
                for number in 0..<3000 {
                    group.addTask {
                        await client.deliver([UInt8(number & 255), UInt8(number >> 8)], to: server.peer, Self.id)
                    }
                }
                return await group.reduce(0) { $0 + ($1 == .success ? 1 : 0) }
            }
            #expect(results == 3000)
            await box.wait(for: 3000)
            #expect(Set(box.bodies).count == 3000)
            #expect(box.bodies.allSatisfy { $0.count == 2 })
            box.letGo()
            #expect(count(.tooManyStreams, of: client.peer, at: server) == 0)
        }
    }

    @Test("a message of many windows arrives whole")
    func large() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box, limit: 20 << 20)) { client, server in
            let body = (0..<10 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(await client.deliver(body, to: server.peer, Self.id) == .success)
            await box.wait(for: 1)
            #expect(box.bodies == [body])
        }
    }

    @Test("its bytes count until it is let go of, or done", arguments: [true, false])
    func budget(isTold: Bool) async throws {
        let box = Mailbox()
        let body = [UInt8](repeating: 7, count: 1000)
        try await withPair(
            configureServer: server(box), change: { $0.limits.messageBytesPerPeerMax = 1500 }
        ) { client, server in
            #expect(await client.deliver(body, to: server.peer, Self.id) == .success)
            await box.wait(for: 1)
            let refused = try await client.newStream(to: server.peer, protocols: [Self.id])
            try await refused.writeMessage(body, closing: true)
            #expect(try await refused.read() == nil)
            #expect(count(.tooManyBytesInHand, of: client.peer, at: server) == 1)
            if isTold { box.done() } else { box.letGo() }
            #expect(await client.deliver(body, to: server.peer, Self.id) == .success)
            await box.wait(for: 1)
            #expect(box.bodies.count == (isTold ? 2 : 1))
        }
    }

    @Test("its stream counts until it is done: more of one peer are reset")
    func places() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box, concurrentPerPeer: 2)) { client, server in
            for _ in 0..<2 { #expect(await client.deliver([1], to: server.peer, Self.id) == .success) }
            await box.wait(for: 2)
            let third = try await client.newStream(to: server.peer, protocols: [Self.id])
            await #expect(throws: StreamError.reset(code: 0)) { try await third.read() }
            #expect(count(.tooManyStreams, of: client.peer, at: server) == 1)
            box.done()
            #expect(await client.deliver([1], to: server.peer, Self.id) == .success)
        }
    }

    @Test("too long, cut short, or empty-handed: an end without an answer, and a fault")
    func malformed() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box, limit: 10)) { client, server in
            let scripts: [(bytes: [UInt8], closes: Bool)] = [
                ([11] + [UInt8](repeating: 1, count: 11), false), ([5, 1], true), ([], true),
                ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], false),
            ]
            for script in scripts {
                let stream = try await client.newStream(to: server.peer, protocols: [Self.id])
                if !script.bytes.isEmpty { try await stream.write(script.bytes) }
                if script.closes { try await stream.closeWrite() }
                #expect(try await stream.read() == nil)
            }
            #expect(count(.handlerFailed, of: client.peer, at: server) >= 4)
            #expect(box.bodies.isEmpty)
        }
    }

    @Test("what follows the message is ignored")
    func trailing() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box)) { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: [Self.id])
            try await stream.write([1, 42, 1, 43, 0xff])
            #expect(try await stream.read() == nil)
            try await stream.write([UInt8](repeating: 1, count: 1 << 20), closing: true)
            try await stream.closeWrite()
            await box.wait(for: 1)
            #expect(box.bodies == [[42]])
        }
    }

    @Test("a message that takes too long is reset, and counted")
    func timeout() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box, timeout: .milliseconds(50))) { client, server in
            await #expect(throws: StreamError.reset(code: 0)) {
                let stream = try await client.newStream(to: server.peer, protocols: [Self.id])
                try await stream.write([5, 1])
                _ = try await stream.read()
            }
            #expect(count(.handlerTimedOut, of: client.peer, at: server) == 1)
        }
    }

    @Test("the sender hears why a message did not go")
    func failures() async throws {
        let box = Mailbox()
        try await withPair(configureServer: server(box)) { client, server in
            #expect(await client.deliver([1], to: server.peer, "/none") == .failure(.refused(["/none"])))
            #expect(await client.deliver([1], to: peer(9), Self.id) == .failure(.unknownPeer(peer(9))))
            await client.add(peer(8), addresses: [])
            let start = ContinuousClock.now
            #expect(
                await client.deliver([1], to: peer(8), Self.id, timeout: .milliseconds(100))
                    == .failure(.notConnected(peer(8))))
            #expect(ContinuousClock.now - start >= .milliseconds(100))
        }
    }

    @Test("a peer that agrees but does not read fails the message in time")
    func unread() async throws {
        try await withPair(configureServer: { host in
            host.handle(Self.id, timeout: nil) { _, _ in try await Task.sleep(for: .seconds(3600)) }
        }) { client, server in
            let body = [UInt8](repeating: 1, count: 1 << 20)
            #expect(
                await client.deliver(body, to: server.peer, Self.id, timeout: .milliseconds(100))
                    == .failure(.timedOut))
        }
    }

    @Test("without a connection the message waits for one")
    func waits() async throws {
        let box = Mailbox()
        let client = makeHost(1, peers: [peer(2): []])
        let server = makeHost(2, peers: [peer(1): []])
        self.server(box)(server)
        try await withHosts(client, server) {
            async let result = client.deliver([9], to: server.peer, Self.id, timeout: .seconds(60))
            await client.add(server.peer, addresses: try await server.bind())
            #expect(await result == .success)
            await box.wait(for: 1)
            #expect(box.bodies == [[9]])
        }
    }

    @Test("a connection that is lost, and a host that stops, leave no message without an answer")
    func lost() async throws {
        let client = makeHost(1, peers: [peer(2): []])
        let pending = Mutex<[Result<Void, StreamError>]>([])
        try await withHosts(client) {
            for _ in 0..<3 {
                client.loop.execute {
                    client.send(
                        Host.delimited([1]), to: peer(2), protocolID: Self.id, timeout: .seconds(3600)
                    ) { result in pending.withLock { $0.append(result) } }
                }
            }
            _ = await client.status()
        }
        #expect(
            pending.withLock { $0.map(Outcome.init) } == .init(repeating: .failure(.notConnected(peer(2))), count: 3))
        #expect(await client.deliver([1], to: peer(2), Self.id) == .failure(.notConnected(peer(2))))
    }

    @Test("a burst of costly messages gives others their turn after each")
    func turns() async throws {
        let box = Mailbox()
        let counts = Mutex<(handled: Int, seenByOthers: Int?)>((0, nil))
        try await withPair(configureServer: { host in
            host.handleMessages(Self.id, limit: 10) { message in
                let isFirst = counts.withLock { counts in
                    counts.handled += 1
                    return counts.handled == 1
                }
                // Stands for another connection that has something to do.
                if isFirst { host.loop.execute { counts.withLock { $0.seenByOthers = $0.handled } } }
                let end = NIODeadline.now() + ConnectionCore.turn
                while NIODeadline.now() < end {}
                box.take(message)
            }
        }) { client, server in
            // Knows the protocol, so that all of the burst goes out at once.
            let probe = try await client.newStream(to: server.peer, protocols: [Self.id])
            probe.reset()
            client.loop.execute {
                for number in 0..<50 as Range<UInt8> {
                    client.send(
                        Host.delimited([number]), to: server.peer, protocolID: Self.id, timeout: .seconds(60)
                    ) { _ in }
                }
            }
            await box.wait(for: 50)
            #expect(Set(box.bodies).count == 50)
            // All fifty without turns.
            #expect(counts.withLock { ($0.seenByOthers ?? 50) < 10 })
        }
    }
}

/// `Result<Void, StreamError>`, comparable.
enum Outcome: Equatable {
    case success
    case failure(StreamError)

    init(_ result: Result<Void, StreamError>) {
        switch result {
        case .success: self = .success
        case .failure(let error): self = .failure(error)
        }
    }
}

extension Host {
    nonisolated func deliver(
        _ body: [UInt8], to peer: PeerID, _ protocolID: String, timeout: TimeAmount = .seconds(60)
    ) async -> Outcome {
        await withCheckedContinuation { continuation in
            loop.execute {
                self.send(Host.delimited(body), to: peer, protocolID: protocolID, timeout: timeout) {
                    continuation.resume(returning: Outcome($0))
                }
            }
        }
    }
}
