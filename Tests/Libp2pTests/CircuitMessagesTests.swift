import NIOCore
import SSZ
import TestSupport
import Testing

@testable import Libp2p

@Suite struct CircuitMessagesTests {
    static let relayAddress = Multiaddr([.ip4(0x0102_0304), .tcp(9), .p2p(peer(9))])

    static let hops: [HopMessage] = [
        HopMessage(.reserve), HopMessage(.connect, peer: CircuitPeer(peer(2))),
        HopMessage(.connect, peer: CircuitPeer(peer(2), addresses: [relayAddress])),
        HopMessage(
            .status, reservation: Reservation(expire: .max, addresses: [relayAddress], voucher: [1, 2]),
            limit: CircuitLimit(duration: .max, data: .max), status: .ok),
        HopMessage(.status, limit: CircuitLimit(duration: 0, data: 0), status: CircuitStatus(rawValue: 0)),
        HopMessage(.status, limit: CircuitLimit(), status: CircuitStatus(rawValue: 999)),
    ]

    static let stops: [StopMessage] = [
        StopMessage(.connect, peer: CircuitPeer(peer(1)), limit: CircuitLimit(duration: 3600, data: 32 << 20)),
        StopMessage(.connect, peer: CircuitPeer(peer(1))), StopMessage(.status, status: .noReservation),
    ]

    @Test("what is written reads the same", arguments: hops)
    func hopRoundTrip(message: HopMessage) throws {
        #expect(try HopMessage(message.encode()) == message)
    }

    @Test("what is written reads the same", arguments: stops)
    func stopRoundTrip(message: StopMessage) throws {
        #expect(try StopMessage(message.encode()) == message)
    }

    @Test("a hole punch reads the same", arguments: [HolePunch(.sync), HolePunch(.connect, addresses: [relayAddress])])
    func punchRoundTrip(message: HolePunch) throws {
        #expect(try HolePunch(message.encode()) == message)
    }

    @Test("bytes as others write them: a kind of zero is there")
    func knownBytes() throws {
        #expect(HopMessage(.reserve).encode() == [8, 0])
        #expect(StopMessage(.status, status: .ok).encode() == [8, 1, 0x20, 100])
        #expect(HopMessage(.status, status: .noReservation).encode() == [8, 2, 0x28, 0xcc, 1])
        #expect(HolePunch(.sync).encode() == [8, 0xac, 2])
        let connect = StopMessage(.connect, peer: CircuitPeer(peer(1)), limit: CircuitLimit(duration: 60, data: 300))
        #expect(connect.encode() == [8, 0, 0x12, 41, 10, 39] + peer(1).bytes + [0x1a, 5, 8, 60, 0x10, 0xac, 2])
        // An unknown address of 3 bytes, an unknown field 9, fields in another order.
        let hop = try HopMessage([0x4a, 1, 7, 0x1a, 7, 0x12, 3, 0x84, 0x01, 0, 8, 5, 8, 2])
        #expect(hop == HopMessage(.status, reservation: Reservation(expire: 5)))
    }

    @Test(
        "hop: refuses",
        arguments: [
            ([], .missing(field: 1)), ([8], .malformed), ([8, 3], .unknownKind(3)), ([8, 0, 8, 0], .malformed),
            ([10, 0], .malformed), ([8, 1, 0x12, 0], .missing(field: 1)), ([8, 1, 0x12, 2, 10, 0], .unsupportedPeer),
            ([8, 1, 0x10, 0], .malformed), ([8, 2, 0x1a, 0], .missing(field: 1)),
            ([8, 2, 0x1a, 4, 8, 1, 8, 1], .malformed), ([8, 2, 0x22, 2, 10, 0], .malformed),
            ([8, 2, 0x22, 6, 8, 0x80, 0x80, 0x80, 0x80, 0x10], .malformed),
            ([8, 2, 0x28, 0x80, 0x80, 0x80, 0x80, 0x10], .malformed), ([8, 2, 0x2a, 0], .malformed),
            ([8, 2, 0x1d, 0, 0, 0, 0], .malformed), ([8, 2, 0x1a, 5, 8, 1, 0x1a, 1], .malformed),
            ([UInt8](repeating: 0, count: 4097), .tooLong),
        ] as [([UInt8], Circuit.Failure)])
    func refusesHops(bytes: [UInt8], failure: Circuit.Failure) {
        #expect(throws: failure) { try HopMessage(bytes) }
    }

    @Test(
        "stop: refuses",
        arguments: [
            ([], .missing(field: 1)), ([8, 2], .unknownKind(2)), ([8, 0, 0x12, 1, 10], .malformed),
            ([8, 1, 0x22, 0], .malformed), ([8, 1, 0x20, 1, 0x20, 1], .malformed),
            ([UInt8](repeating: 0, count: 4097), .tooLong),
        ] as [([UInt8], Circuit.Failure)])
    func refusesStops(bytes: [UInt8], failure: Circuit.Failure) {
        #expect(throws: failure) { try StopMessage(bytes) }
    }

    @Test(
        "hole punch: refuses",
        arguments: [
            ([0x12, 0], .missing(field: 1)), ([8, 0], .unknownKind(0)), ([8, 100, 0x10, 0], .malformed),
            ([8, 100, 8, 100], .malformed), ([UInt8](repeating: 0, count: 4097), .tooLong),
        ] as [([UInt8], Circuit.Failure)])
    func refusesPunches(bytes: [UInt8], failure: Circuit.Failure) {
        #expect(throws: failure) { try HolePunch(bytes) }
    }

    @Test("addresses are bounded, those we cannot read included")
    func addressesBounded() throws {
        let unknown: [UInt8] = [0x12, 2, 0x84, 0x01]
        let many = [UInt8](unknown.cycled(Circuit.addressesMax))
        #expect(try HolePunch([8, 100] + many) == HolePunch(.connect))
        #expect(throws: Circuit.Failure.tooManyAddresses) { try HolePunch([8, 100] + many + unknown) }
    }

    @Test("mutations and cuts never trap, and what is accepted reads the same again")
    func mutations() throws {
        var dice = SeededGenerator(seed: 5)
        let samples = Self.hops.map { $0.encode() } + Self.stops.map { $0.encode() }
        for round in 0..<20_000 {
            guard var bytes = samples.randomElement(using: &dice), !bytes.isEmpty else { continue }
            for _ in 0...dice.next() % 3 {
                bytes[Int(dice.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: dice.next())
            }
            if round % 2 == 0 { bytes.removeLast(Int(dice.next() % UInt64(bytes.count))) }
            if let message = try? HopMessage(bytes) { #expect(try HopMessage(message.encode()) == message) }
            if let message = try? StopMessage(bytes) { #expect(try StopMessage(message.encode()) == message) }
        }
    }

    // MARK: Vouchers

    static let voucher = ReservationVoucher(relay: peer(9), peer: peer(1), expiration: 1_800_000_000)

    @Test("a voucher opens, and names the relay that signed it")
    func voucher() throws {
        #expect(try ReservationVoucher(sealed: Self.voucher.sealed(with: key(9))) == Self.voucher)
    }

    @Test("a voucher signed by somebody else, for another purpose, of another kind, or damaged is refused")
    func badVouchers() throws {
        let good = Self.voucher.sealed(with: key(9))
        #expect(throws: SignedEnvelope.Failure.badSignature) {
            try ReservationVoucher(sealed: Self.voucher.sealed(with: key(8)))
        }
        let envelope = try SignedEnvelope(good, domain: ReservationVoucher.domain)
        #expect(throws: SignedEnvelope.Failure.badSignature) { try SignedEnvelope(good, domain: "other") }
        let other = SignedEnvelope(
            payload: envelope.payload, payloadType: [3, 1], domain: ReservationVoucher.domain, signedBy: key(9))
        #expect(throws: SignedEnvelope.Failure.otherPayload) { try ReservationVoucher(sealed: other.encode()) }
        for index in good.indices {
            var bytes = good
            bytes[index] ^= 1
            #expect(throws: SignedEnvelope.Failure.self) { try ReservationVoucher(sealed: bytes) }
            #expect(throws: SignedEnvelope.Failure.self) { try ReservationVoucher(sealed: Array(good[..<index])) }
        }
        #expect(throws: SignedEnvelope.Failure.malformed) { try ReservationVoucher(sealed: good + good) }
    }

    // MARK: Addresses

    @Test(
        "circuit addresses",
        arguments: [
            ("/ip4/1.2.3.4/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", true),
            ("/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", true), ("/p2p/\(peer(9))/p2p-circuit", false),
            ("/p2p-circuit/p2p/\(peer(1))", false), ("/ip4/1.2.3.4/tcp/9/p2p-circuit/p2p/\(peer(1))", false),
            ("/ip4/1.2.3.4/tcp/9/p2p/\(peer(9))", false),
            ("/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))/p2p-circuit/p2p/\(peer(2))", false),
        ])
    func circuits(text: String, isCircuit: Bool) throws {
        let address = try Multiaddr(text)
        guard let circuit = address.circuit else {
            #expect(!isCircuit)
            return
        }
        #expect(isCircuit && circuit.relay == peer(9) && circuit.peer == peer(1))
        #expect(.circuit(to: circuit.peer, through: circuit.relay, at: circuit.transport) == address)
        #expect(address.isRelayed && address.endpoint == nil)
    }
}

extension [UInt8] {
    fileprivate func cycled(_ count: Int) -> [UInt8] { (0..<count).flatMap { _ in self } }
}
