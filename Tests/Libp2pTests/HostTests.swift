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

    @Test("messages in hand of one peer are bounded together, and leave room when they are done")
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
            }, change: { $0.limits.messageBytesPerPeerMax = 1500 }
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
            #expect(await iterator.next() == "the stream was reset, code 42")
            #expect(
                try await client.newStream(to: server.peer, protocols: ["/end"]).read(exactly: 1) == [1])
            #expect(await iterator.next() == "the stream was reset, code 0")
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
            #expect(await iterator.next() == (resets ? "the stream was reset, code 7" : "[2, 3]"))
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
}
