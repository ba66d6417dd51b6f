import NIOCore
import NIOPosix
import Testing

@testable import Libp2p

/// A configured peer, properly authenticated, that then misbehaves on the wire.
@Suite(.timeLimit(.minutes(1))) struct HostilePeerTests {
    static let goAway = YamuxTests.frame(.goAway, 0, 1)

    /// Connects as peer 1, sends `frames`, and collects what comes back until the end. Peer 3 is connected all the
    /// while, and must not notice.
    static func attack(
        _ frames: [UInt8], tamper: @Sendable (ByteBuffer) -> ByteBuffer = { $0 }
    ) async throws -> (answer: [UInt8], faults: [PeerFaultCount]) {
        let server = makeHost(2, peers: [peer(1): [], peer(3): []]) {
            // Silence, so that only the attack and its answer are on the wire; identify still asks.
            $0.timing.pingInterval = .seconds(3600)
        }
        let bystander = makeHost(3, listens: false) { $0.timing.pingInterval = .seconds(3600) }
        return try await withHosts(server, bystander) {
            let address = try #require(try await server.bind().first)
            let endpoint = try #require(address.endpoint)
            await bystander.add(server.peer, addresses: [address])
            let unharmed = try await bystander.connection(to: server.peer, within: .seconds(10))
            defer { #expect(unharmed.isOpen) }
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: endpoint.host, port: endpoint.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            let answer = try await channel.executeThenClose { inbound, outbound in
                var upgrade = Upgrade(role: .dialer, identity: key(1), expectedPeer: peer(2))
                var output = ByteBuffer()
                var input = ByteBuffer()
                var plaintext = ByteBuffer()
                upgrade.start(into: &output)
                try await outbound.write(output)
                var iterator = inbound.makeAsyncIterator()
                while var bytes = try await iterator.next() {
                    input.writeBuffer(&bytes)
                    output.clear()
                    guard var upgraded = try upgrade.receive(&input, output: &output) else {
                        try await outbound.write(output)
                        continue
                    }
                    try await outbound.write(output)
                    var plain = ByteBuffer(bytes: frames)
                    var sealed = ByteBuffer()
                    try upgraded.transport.seal(&plain, into: &sealed)
                    try await outbound.write(tamper(sealed))
                    while true {
                        while try upgraded.transport.open(&input, into: &plaintext) {}
                        // A reset instead of an end is an end too.
                        guard var bytes = try? await iterator.next() else { return plaintext.array }
                        input.writeBuffer(&bytes)
                    }
                }
                return []
            }
            // Its loop is done with the connection when it answers.
            _ = await server.status()
            return (answer, server.faults())
        }
    }

    @Test(
        "a broken frame ends the session with GoAway(1) and is counted",
        arguments: [
            [9] + YamuxTests.frame(.ping, .syn, 0, 0),
            YamuxTests.frame(.windowUpdate, .syn, 2, 0),
            YamuxTests.frame(.data, .syn, 1, 262_145),
            YamuxTests.frame(.windowUpdate, .syn, 1, .max),
        ])
    func brokenFrames(bytes: [UInt8]) async throws {
        let result = try await Self.attack(bytes)
        #expect(result.answer.suffix(12) == Self.goAway[...])
        #expect(result.faults.contains(PeerFaultCount(peer: peer(1), fault: .frame, count: 1)))
    }

    @Test("a tampered noise frame ends the connection without a word")
    func tamperedFrame() async throws {
        let result = try await Self.attack(YamuxTests.frame(.ping, .syn, 0, 0)) { frame in
            var bytes = frame.array
            bytes[5] ^= 1
            return ByteBuffer(bytes: bytes)
        }
        #expect(result.answer.suffix(12) != Self.goAway[...])
        #expect(result.faults.contains(PeerFaultCount(peer: peer(1), fault: .frame, count: 1)))
    }

    @Test("a stream that does not negotiate is reset, the session goes on until the peer ends it")
    func brokenNegotiation() async throws {
        let result = try await Self.attack(
            YamuxTests.data(1, [0xff, 0xff, 0xff], .syn) + YamuxTests.data(3, [1, 0x20], .syn)
                + YamuxTests.frame(.goAway, 0, 0))
        let reset = YamuxTests.frame(.windowUpdate, .rst, 3, 0)
        #expect(result.answer.count >= 12)
        #expect(
            stride(from: 0, through: result.answer.count - 12, by: 1).contains {
                Array(result.answer[$0..<$0 + 12]) == reset
            })
        #expect(result.faults.contains(PeerFaultCount(peer: peer(1), fault: .negotiation, count: 1)))
    }
}
