import Logging
import NIOCore
import Testing

@testable import Libp2p

/// What one connection puts on the wire.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    @Test("header, proposal, request and end leave in one write, and so does everything the answer needs")
    func coalescing() async throws {
        try await withPair(
            configureServer: { host in
                host.handle("/answer") { stream, _ in
                    _ = try await stream.readMessage(limit: 10)
                    try await stream.writeMessage([2], closing: true)
                }
            },
            change: { configuration in
                configuration.timing.pingInterval = .seconds(3600)
                configuration.timing.sweepInterval = .hours(1)
                configuration.timing.answerHold = .hours(1)
            }
        ) { client, server in
            for host in [client, server] { _ = try await host.first { if case .identified = $0 { true } else { nil } } }
            let before = await (client.sent(), server.sent())
            let stream = try await client.newStream(to: server.peer, protocols: ["/answer"])
            try await stream.writeMessage([1], closing: true)
            #expect(try await stream.readMessage(limit: 10) == [2])
            // Header 20, proposal 9, message 2, yamux headers of data and end, one noise frame.
            let sent = await (client.sent() - before.0, server.sent() - before.1)
            #expect(sent.0 == 20 + 9 + 2 + 2 * 12 + 18)
            #expect(sent.1 == 20 + 9 + 2 + 2 * 12 + 18)
            // Two messages of two bytes: what the muxer and negotiation add is of no protocol.
            for host in [client, server] {
                let status = try #require(await host.status().first)
                #expect(status.carried["/answer"] == StreamTraffic(bytesReceived: 2, bytesSent: 2))
            }
        }
    }

    @Test("open streams are counted by protocol and direction, and what was carried outlives the connection")
    func traffic() async throws {
        try await withPair(configureServer: { host in
            host.handle("/hold") { stream, _ in while try await stream.read() != nil {} }
        }) { client, server in
            let handshake = try await client.first { event in
                if case .upgraded(let handshake, _) = event { handshake } else { nil }
            }
            #expect(handshake.isMuxerEarly && handshake.took > .zero && handshake.took < .seconds(60))
            let stream = try await client.newStream(to: server.peer, protocols: ["/hold"])
            try await stream.write([1, 2, 3])
            let open = try #require(await client.status().first)
            #expect(open.streams[.init(protocolID: "/hold", direction: .outbound)] == 1)
            #expect(open.carried["/hold"]?.bytesSent == 3)
            try await client.connection(to: server.peer, within: .seconds(10)).close()
            _ = try await client.first { if case .disconnected = $0 { true } else { nil } }
            let status = try #require(await client.status().first)
            #expect(status.carried["/hold"]?.bytesSent == 3)
            #expect(status.streams[.init(protocolID: "/hold", direction: .outbound)] == nil)
        }
    }
}

extension Host {
    fileprivate func sent() -> UInt64 { status().flatMap(\.links).map(\.bytesSent).reduce(0, +) }
}
