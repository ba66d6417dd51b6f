import NIOCore
import TestSupport
import Testing

@testable import Libp2p

@Suite struct UpgradeTests {
    /// Lets two machines talk in pieces of `piece` bytes until both are done.
    static func connect(piece: Int, expecting: PeerID? = peer(2)) throws -> (dialed: PeerID?, accepted: PeerID?) {
        var dialer = Upgrade(role: .dialer, identity: key(1), expectedPeer: expecting)
        var listener = Upgrade(role: .listener, identity: key(2), expectedPeer: nil)
        var toListener = ByteBuffer()
        var toDialer = ByteBuffer()
        var dialerInput = ByteBuffer()
        var listenerInput = ByteBuffer()
        dialer.start(into: &toListener)
        listener.start(into: &toDialer)
        var dialed: PeerID?
        var accepted: PeerID?
        while toListener.readableBytes + toDialer.readableBytes > 0 {
            if let bytes = toListener.readSlice(length: min(piece, toListener.readableBytes)), bytes.readableBytes > 0 {
                listenerInput.writeImmutableBuffer(bytes)
                accepted = try listener.receive(&listenerInput, output: &toDialer)?.peer ?? accepted
            }
            if let bytes = toDialer.readSlice(length: min(piece, toDialer.readableBytes)), bytes.readableBytes > 0 {
                dialerInput.writeImmutableBuffer(bytes)
                dialed = try dialer.receive(&dialerInput, output: &toListener)?.peer ?? dialed
            }
        }
        return (dialed, accepted)
    }

    @Test("completes however the bytes are cut", arguments: [1, 2, 3, 7, 31, 100, 1000, 100_000])
    func pieces(piece: Int) throws {
        let result = try Self.connect(piece: piece)
        #expect(result.dialed == peer(2))
        #expect(result.accepted == peer(1))
    }

    @Test("ends when somebody else answers")
    func wrongPeer() {
        #expect(throws: Upgrade.Failure.noise(.wrongPeer(peer(2)))) {
            _ = try Self.connect(piece: 1000, expecting: peer(3))
        }
    }

    @Test("TLS first is declined, noise follows")
    func tlsDeclined() throws {
        var listener = Upgrade(role: .listener, identity: key(2), expectedPeer: nil)
        var input = ByteBuffer(bytes: MultistreamTests.header + MultistreamTests.message("/tls/1.0.0"))
        var output = ByteBuffer()
        #expect(try listener.receive(&input, output: &output) == nil)
        #expect(output.array == MultistreamTests.header + MultistreamTests.message("na"))
        input.writeBytes(MultistreamTests.message("/noise"))
        output.clear()
        #expect(try listener.receive(&input, output: &output) == nil)
        #expect(output.array == MultistreamTests.message("/noise"))
    }

    /// A peer that names no muxer in its payload: multistream inside the channel, with data right behind it.
    @Test("without an early muxer it is negotiated inside the channel", arguments: [false, true])
    func lateMuxer(coalesced: Bool) throws {
        var listener = Upgrade(role: .listener, identity: key(2), expectedPeer: nil)
        var input = ByteBuffer(bytes: MultistreamTests.header + MultistreamTests.message("/noise"))
        var output = ByteBuffer()
        var dialer = NoiseHandshake(role: .initiator, identity: key(1), muxers: [], expectedPeer: nil)
        NoiseFrame.write(dialer.start(), into: &input)
        #expect(try listener.receive(&input, output: &output) == nil)
        output.moveReaderIndex(forwardBy: MultistreamTests.header.count + MultistreamTests.message("/noise").count)
        let second = try #require(try NoiseFrame.read(&output))
        guard case .established(var session, let third?) = try dialer.receive(second) else {
            throw NoiseTests.Unexpected()
        }
        NoiseFrame.write(third, into: &input)
        #expect(session.muxer == nil)

        var opening = ByteBuffer(bytes: MultistreamTests.header + MultistreamTests.message("/mplex/6.7.0"))
        opening.writeBytes(MultistreamTests.message("/yamux/1.0.0") + [1, 2, 3])
        if coalesced {
            try session.transport.seal(&opening, into: &input)
        } else {
            while var byte = opening.readSlice(length: min(5, opening.readableBytes)), byte.readableBytes > 0 {
                try session.transport.seal(&byte, into: &input)
            }
        }
        guard var upgraded = try listener.receive(&input, output: &output) else { throw NoiseTests.Unexpected() }
        #expect(upgraded.peer == peer(1))
        var plaintext = upgraded.plaintext
        while try upgraded.transport.open(&input, into: &plaintext) {}
        #expect(plaintext.array == [1, 2, 3])
        var answer = ByteBuffer()
        while try session.transport.open(&output, into: &answer) {}
        #expect(
            answer.array
                == MultistreamTests.header + MultistreamTests.message("na") + MultistreamTests.message("/yamux/1.0.0"))
    }

    @Test(
        "hostile openings end it, and it stays ended",
        arguments: [
            Array("GET / HTTP/1.1\r\nHost: \(String(repeating: "a", count: 60))\r\n\r\n".utf8), [0],
            [0xff, 0xff, 0xff, 0xff, 0x0f],
            MultistreamTests.header + MultistreamTests.message("/noise") + [0xff, 0xff],
            MultistreamTests.header + MultistreamTests.message("/noise") + [0, 0],
            MultistreamTests.header + MultistreamTests.message("/noise") + [0, 33] + [UInt8](repeating: 9, count: 33),
        ])
    func hostile(bytes: [UInt8]) {
        var listener = Upgrade(role: .listener, identity: key(2), expectedPeer: nil)
        var input = ByteBuffer(bytes: bytes)
        var output = ByteBuffer()
        #expect(throws: Upgrade.Failure.self) { _ = try listener.receive(&input, output: &output) }
        #expect(throws: Upgrade.Failure.over) { _ = try listener.receive(&input, output: &output) }
    }

    @Test("random bytes never trap")
    func randomBytes() {
        var generator = SeededGenerator(seed: 21)
        for round in 0..<2000 {
            var listener = Upgrade(role: .listener, identity: key(2), expectedPeer: nil)
            let prefix = round % 2 == 0 ? [] : MultistreamTests.header + MultistreamTests.message("/noise")
            var input = ByteBuffer(bytes: prefix + generator.bytes(200))
            var output = ByteBuffer()
            do {
                while try listener.receive(&input, output: &output) == nil {
                    if Bool.random(using: &generator) { break }
                    input.writeBytes(generator.bytes(50))
                }
            } catch {}
        }
    }
}
