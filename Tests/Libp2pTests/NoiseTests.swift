import Crypto
import NIOCore
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import Libp2p

@Suite struct NoiseTests {
    static let yamux = "/yamux/1.0.0"

    /// Runs a handshake; `tamper` may change message 1, 2 or 3 on its way.
    static func handshake(
        initiatorMuxers: [String] = [yamux], responderMuxers: [String] = [yamux], expected: PeerID? = nil,
        tamper: (Int, ByteBuffer) -> ByteBuffer = { $1 }
    ) throws -> Pair {
        var initiator = NoiseHandshake(
            role: .initiator, identity: key(1), muxers: initiatorMuxers, expectedPeer: expected)
        var responder = NoiseHandshake(role: .responder, identity: key(2), muxers: responderMuxers, expectedPeer: nil)
        guard case .reply(let second) = try responder.receive(tamper(1, initiator.start())) else { throw Unexpected() }
        guard case .established(let mine, let third?) = try initiator.receive(tamper(2, second)) else {
            throw Unexpected()
        }
        guard case .established(let theirs, nil) = try responder.receive(tamper(3, third)) else { throw Unexpected() }
        return Pair(initiator: mine, responder: theirs)
    }

    struct Unexpected: Error {}
    struct Pair: ~Copyable {
        var initiator: NoiseSession
        var responder: NoiseSession
    }

    @Test("both sides know each other and the muxer")
    func completes() throws {
        let pair = try Self.handshake(expected: peer(2))
        #expect(pair.initiator.peer == peer(2))
        #expect(pair.responder.peer == peer(1))
        #expect(pair.initiator.muxer == Self.yamux)
        #expect(pair.responder.muxer == Self.yamux)
    }

    @Test(
        "the initiator's first common muxer wins; without one it is negotiated later",
        arguments: [
            (["/a", "/b"], ["/b", "/a"], "/a"), (["/x", "/b"], ["/b", "/a"], "/b"), ([], ["/b"], nil),
            (["/b"], [], nil),
            (["/a"], ["/b"], nil),
        ] as [([String], [String], String?)])
    func earlyMuxer(initiator: [String], responder: [String], agreed: String?) throws {
        let pair = try Self.handshake(initiatorMuxers: initiator, responderMuxers: responder)
        #expect(pair.initiator.muxer == agreed)
        #expect(pair.responder.muxer == agreed)
    }

    @Test("aborts when somebody else answers")
    func wrongPeer() {
        #expect(throws: NoiseError.wrongPeer(peer(2))) { _ = try Self.handshake(expected: peer(3)) }
    }

    @Test("any changed bit of any message ends the handshake", arguments: 1...3)
    func tampering(message: Int) throws {
        var lengths: [Int: Int] = [:]
        _ = try Self.handshake {
            lengths[$0] = $1.readableBytes; return $1
        }
        for index in 0..<(lengths[message] ?? 0) where index % 7 == 0 || index < 33 {
            // Bit 255 of an X25519 key is ignored by the curve, but the transcript has it.
            #expect(throws: NoiseError.self) {
                _ = try Self.handshake { number, bytes in
                    guard number == message else { return bytes }
                    var changed = bytes.array
                    changed[index % changed.count] ^= 0x80
                    return ByteBuffer(bytes: changed)
                }
            }
        }
    }

    @Test("every truncation and any extra byte ends the handshake", arguments: 1...3)
    func truncation(message: Int) throws {
        var lengths: [Int: Int] = [:]
        _ = try Self.handshake {
            lengths[$0] = $1.readableBytes; return $1
        }
        for length in stride(from: 0, to: lengths[message] ?? 0, by: 5) {
            #expect(throws: NoiseError.self) {
                _ = try Self.handshake { $0 == message ? $1.split(at: length).0 : $1 }
            }
        }
        #expect(throws: NoiseError.self) {
            _ = try Self.handshake { $0 == message ? ByteBuffer(bytes: $1.array + [0]) : $1 }
        }
        #expect(throws: NoiseError.messageTooLong(5000)) {
            _ = try Self.handshake { $0 == message ? ByteBuffer(repeating: 0, count: 5000) : $1 }
        }
    }

    @Test("a zero key is weak")
    func weakKey() {
        #expect(throws: NoiseError.weakKey) {
            _ = try Self.handshake { $0 == 1 ? ByteBuffer(repeating: 0, count: 32) : $1 }
        }
    }

    @Test("nothing is accepted after the end, nor by an initiator before the start")
    func afterTheEnd() throws {
        var responder = NoiseHandshake(role: .responder, identity: key(2), muxers: [], expectedPeer: nil)
        #expect(throws: NoiseError.truncated) { _ = try responder.receive(ByteBuffer()) }
        #expect(throws: NoiseError.unexpectedMessage) { _ = try responder.receive(ByteBuffer()) }
        var initiator = NoiseHandshake(role: .initiator, identity: key(2), muxers: [], expectedPeer: nil)
        #expect(throws: NoiseError.unexpectedMessage) { _ = try initiator.receive(ByteBuffer(repeating: 1, count: 32)) }
    }

    // MARK: Payload

    static let staticKey = [UInt8](repeating: 5, count: 32)

    @Test("payload: the identity must sign the static key")
    func payloadSignature() throws {
        let good = NoisePayload.encode(identity: key(1), staticKey: Self.staticKey, muxers: ["/m"])
        let decoded = try NoisePayload(ByteBuffer(bytes: good), staticKey: Self.staticKey)
        #expect(decoded.identity == peer(1))
        #expect(decoded.muxers == ["/m"])
        #expect(throws: NoiseError.badSignature) {
            _ = try NoisePayload(ByteBuffer(bytes: good), staticKey: [UInt8](repeating: 6, count: 32))
        }
    }

    @Test("payload: a list of more than 100 muxers is ignored", arguments: [100, 101])
    func payloadMuxers(count: Int) throws {
        let bytes = NoisePayload.encode(
            identity: key(1), staticKey: Self.staticKey, muxers: [String](repeating: "/m", count: count))
        #expect(try NoisePayload(ByteBuffer(bytes: bytes), staticKey: Self.staticKey).muxers.count == count % 101)
    }

    @Test("payload: refuses what is missing, doubled, foreign or cut")
    func payloadHostile() throws {
        let good = NoisePayload.encode(identity: key(1), staticKey: Self.staticKey, muxers: ["/m"])
        let identity = Array(good[0..<39])
        let rest = Array(good[39...])
        func decode(_ bytes: [UInt8]) throws {
            _ = try NoisePayload(ByteBuffer(bytes: bytes), staticKey: Self.staticKey)
        }
        #expect(throws: NoiseError.malformedPayload) { try decode([]) }
        #expect(throws: NoiseError.malformedPayload) { try decode(identity) }
        #expect(throws: NoiseError.malformedPayload) { try decode(rest) }
        #expect(throws: NoiseError.malformedPayload) { try decode(identity + good) }
        #expect(throws: NoiseError.malformedPayload) { try decode([0x08, 0x01] + good) }
        // An Ed25519 key.
        let ed25519: [UInt8] = [0x0a, 0x24, 0x08, 0x01, 0x12, 0x20] + [UInt8](repeating: 1, count: 32)
        #expect(throws: NoiseError.unsupportedIdentity) { try decode(ed25519 + rest) }
        // No point of the curve: X = 5 has none.
        let offCurve: [UInt8] = [0x0a, 0x25, 0x08, 0x02, 0x12, 0x21, 2] + [UInt8](repeating: 0, count: 31) + [5]
        #expect(throws: NoiseError.unsupportedIdentity) { try decode(offCurve + rest) }
        // Unknown fields pass.
        try decode(good + [0x7a, 0x01, 0x00, 0x78, 0x05])
        let extensionBytes = 6
        for length in 0..<(good.count - extensionBytes) {
            #expect(throws: NoiseError.self) { try decode(Array(good.prefix(length))) }
        }
    }

    // MARK: Transport

    @Test("frames of any size pass both ways", arguments: [0, 1, 100, 65519, 65520, 200_000])
    func transport(count: Int) throws {
        var pair = try Self.handshake()
        var dice = SeededGenerator(seed: UInt64(count))
        for _ in 0..<2 {
            let bytes = dice.bytes(count)
            var plain = ByteBuffer(bytes: bytes)
            var wire = ByteBuffer()
            try pair.initiator.transport.seal(&plain, into: &wire)
            let frames = (count + NoiseTransport.plaintextBytesMax - 1) / NoiseTransport.plaintextBytesMax
            #expect(wire.readableBytes == count + frames * 18)
            var received = ByteBuffer()
            while try pair.responder.transport.open(&wire, into: &received) {}
            #expect(received.array == bytes)
            try pair.responder.transport.seal(&received, into: &wire)
            var echoed = ByteBuffer()
            while try pair.initiator.transport.open(&wire, into: &echoed) {}
            #expect(echoed.array == bytes)
        }
    }

    @Test("a frame waits until it is whole")
    func partialFrames() throws {
        var pair = try Self.handshake()
        var plain = ByteBuffer(string: "hello")
        var wire = ByteBuffer()
        try pair.initiator.transport.seal(&plain, into: &wire)
        for cut in 0..<wire.readableBytes {
            var (part, _) = wire.split(at: cut)
            var received = ByteBuffer()
            #expect(try !pair.responder.transport.open(&part, into: &received))
            #expect(part.readableBytes == cut)
        }
        var received = ByteBuffer()
        #expect(try pair.responder.transport.open(&wire, into: &received))
        #expect(received.array == Array("hello".utf8))
    }

    @Test("refuses tampered, replayed, reordered, foreign and short frames")
    func hostileFrames() throws {
        func frames(_ pair: inout Pair) throws -> [ByteBuffer] {
            try ["one", "two"].map { text in
                var plain = ByteBuffer(string: text)
                var wire = ByteBuffer()
                try pair.initiator.transport.seal(&plain, into: &wire)
                return wire
            }
        }
        func open(_ pair: inout Pair, _ wire: ByteBuffer) throws {
            var wire = wire
            var output = ByteBuffer()
            _ = try pair.responder.transport.open(&wire, into: &output)
        }
        var pair = try Self.handshake()
        let first = try frames(&pair)
        #expect(throws: NoiseError.decryption) { try open(&pair, first[1]) }
        pair = try Self.handshake()
        let second = try frames(&pair)
        try open(&pair, second[0])
        #expect(throws: NoiseError.decryption) { try open(&pair, second[0]) }
        pair = try Self.handshake()
        #expect(throws: NoiseError.decryption) { try open(&pair, first[0]) }
        pair = try Self.handshake()
        var tampered = try frames(&pair)[0].array
        tampered[4] ^= 1
        #expect(throws: NoiseError.decryption) { try open(&pair, ByteBuffer(bytes: tampered)) }
        #expect(throws: NoiseError.truncated) { try open(&pair, ByteBuffer(bytes: [0, 3, 1, 2, 3])) }
        #expect(throws: NoiseError.truncated) { try open(&pair, ByteBuffer(bytes: [0, 0])) }
    }
}
