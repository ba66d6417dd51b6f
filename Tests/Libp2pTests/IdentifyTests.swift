import NIOCore
import TestSupport
import Testing

@testable import Libp2p

@Suite struct IdentifyTests {
    static func sample() throws -> Identify {
        var message = Identify()
        message.peer = peer(1)
        message.listenAddresses = [try Multiaddr("/ip4/10.0.0.1/tcp/3610"), try Multiaddr("/dns/a.example/tcp/1")]
        message.protocols = [Identify.protocolID, "/charon/parsigex/2.0.0"]
        message.observedAddress = try Multiaddr("/ip4/1.2.3.4/tcp/5")
        message.protocolVersion = "ipfs/0.1.0"
        message.agentVersion = "obolnetwork-charon/v1.10.3"
        return message
    }

    @Test func roundTrip() throws {
        let message = try Self.sample()
        var decoded = Identify()
        try decoded.merge(ByteBuffer(bytes: message.encode()))
        #expect(decoded == message)
    }

    @Test("scalars overwrite, lists append")
    func merging() throws {
        var first = Identify()
        first.agentVersion = "a"
        first.protocols = ["/x"]
        var second = Identify()
        second.agentVersion = "b"
        second.protocols = ["/y"]
        var merged = Identify()
        try merged.merge(ByteBuffer(bytes: first.encode()))
        try merged.merge(ByteBuffer(bytes: second.encode()))
        #expect(merged.agentVersion == "b")
        #expect(merged.protocols == ["/x", "/y"])
    }

    @Test("unknown addresses, keys and fields are skipped")
    func skips() throws {
        var decoded = Identify()
        // listenAddrs of /sctp, publicKey of 2 bytes, a signed record, a varint field 9.
        try decoded.merge(ByteBuffer(bytes: [0x12, 3, 0x84, 0x01, 0, 0x0a, 2, 8, 1, 0x42, 1, 0xff, 0x48, 5]))
        #expect(decoded == Identify())
    }

    @Test(
        "refuses",
        arguments: [
            [0x0a], [0x0a, 5, 1], [0x0b], [0x0c], [0x07, 1], [0x18, 1], [0x1a, 1, 0xff], [0x1d, 0, 0, 0, 0], [0x00, 0],
            [0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [UInt8](repeating: 0xff, count: 11),
            [0x1a, 0x81, 0x02] + [UInt8](repeating: 0x61, count: 257),
        ] as [[UInt8]])
    func refuses(bytes: [UInt8]) {
        #expect(throws: Identify.Failure.malformed) {
            var decoded = Identify()
            try decoded.merge(ByteBuffer(bytes: bytes))
        }
    }

    @Test("lists are bounded")
    func bounded() throws {
        var many = Identify()
        many.protocols = (0...Identify.protocolsMax).map { "/\($0)" }
        var addresses = Identify()
        addresses.listenAddresses = try (0...Identify.addressesMax).map { try Multiaddr("/ip4/1.1.1.1/tcp/\($0)") }
        for message in [many, addresses] {
            #expect(throws: Identify.Failure.tooManyEntries) {
                var decoded = Identify()
                try decoded.merge(ByteBuffer(bytes: message.encode()))
            }
        }
    }

    @Test("mutations and cuts never trap")
    func mutations() throws {
        let bytes = try Self.sample().encode()
        var dice = SeededGenerator(seed: 3)
        for round in 0..<10_000 {
            var changed = bytes
            for _ in 0...dice.next() % 3 {
                changed[Int(dice.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: dice.next())
            }
            if round % 2 == 0 { changed.removeLast(Int(dice.next() % UInt64(changed.count))) }
            var decoded = Identify()
            try? decoded.merge(ByteBuffer(bytes: changed))
        }
    }
}
