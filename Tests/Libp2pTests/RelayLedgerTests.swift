import Testing

@testable import Libp2p

@Suite struct RelayLedgerTests {
    static func ledger(_ change: (inout RelayLedger.Limits) -> Void = { _ in }) -> RelayLedger {
        var limits = RelayLedger.Limits()
        change(&limits)
        return RelayLedger(limits: limits)
    }

    static func ip4(_ last: UInt32) -> Multiaddr { Multiaddr([.ip4(0x0a00_0000 | last), .tcp(4000)]) }

    @Test("a reservation is granted for an hour, prolonged on request, and over after that")
    func granted() {
        var ledger = Self.ledger()
        #expect(ledger.reserve(peer(1), from: Self.ip4(1), isRelayed: false, at: 100) == .granted(expires: 3700))
        #expect(ledger.reserve(peer(1), from: Self.ip4(1), isRelayed: false, at: 200) == .granted(expires: 3800))
        #expect(ledger.reservationCount == 1)
        #expect(ledger.hasReservation(peer(1), at: 3799))
        #expect(!ledger.hasReservation(peer(1), at: 3800))
        ledger.expire(at: 3800)
        #expect(ledger.reservationCount == 0)
    }

    @Test("a reservation ends with the peer's connection")
    func disconnected() {
        var ledger = Self.ledger { $0.reservationsPerAddressMax = 1 }
        _ = ledger.reserve(peer(1), from: Self.ip4(1), isRelayed: false, at: 0)
        ledger.disconnected(peer(1))
        #expect(!ledger.hasReservation(peer(1), at: 1))
        // Its place is free again, and a second end changes nothing.
        ledger.disconnected(peer(1))
        #expect(ledger.reserve(peer(2), from: Self.ip4(1), isRelayed: false, at: 1) == .granted(expires: 3601))
    }

    @Test("nobody reserves or connects through another relay")
    func relayed() {
        var ledger = Self.ledger()
        #expect(ledger.reserve(peer(1), from: nil, isRelayed: true, at: 0) == .refused(.permissionDenied))
        _ = ledger.reserve(peer(1), from: nil, isRelayed: false, at: 0)
        #expect(ledger.connect(from: peer(2), to: peer(1), isRelayed: true, at: 1) == .refused(.permissionDenied))
        #expect(ledger.connect(from: peer(1), to: peer(1), isRelayed: false, at: 1) == .refused(.permissionDenied))
    }

    @Test("reservations are refused beyond the total, and given again when others have expired")
    func total() {
        var ledger = Self.ledger { $0.reservationsMax = 2 }
        _ = ledger.reserve(peer(1), from: Self.ip4(1), isRelayed: false, at: 0)
        _ = ledger.reserve(peer(2), from: Self.ip4(2), isRelayed: false, at: 1000)
        #expect(ledger.reserve(peer(3), from: Self.ip4(3), isRelayed: false, at: 2000) == .refused(.reservationRefused))
        // Those who have one keep it.
        #expect(ledger.reserve(peer(2), from: Self.ip4(2), isRelayed: false, at: 2000) == .granted(expires: 5600))
        #expect(ledger.reserve(peer(3), from: Self.ip4(3), isRelayed: false, at: 3600) == .granted(expires: 7200))
        #expect(ledger.reservationCount == 2)
    }

    @Test(
        "reservations are counted by IPv4 address and by IPv6 /64",
        arguments: [
            ("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/2", true),
            ("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1", false),
            ("/ip6/2001:db8::1/tcp/1", "/ip6/2001:db8::ffff/tcp/1", true),
            ("/ip6/2001:db8::1/tcp/1", "/ip6/2001:db8:0:1::1/tcp/1", false),
        ])
    func perAddress(first: String, second: String, isSame: Bool) throws {
        var ledger = Self.ledger { $0.reservationsPerAddressMax = 1 }
        _ = ledger.reserve(peer(1), from: try Multiaddr(first), isRelayed: false, at: 0)
        let answer = ledger.reserve(peer(2), from: try Multiaddr(second), isRelayed: false, at: 0)
        #expect(answer == (isSame ? .refused(.reservationRefused) : .granted(expires: 3600)))
    }

    @Test("a peer that comes back from elsewhere is counted there")
    func moved() {
        var ledger = Self.ledger { $0.reservationsPerAddressMax = 1 }
        _ = ledger.reserve(peer(1), from: Self.ip4(1), isRelayed: false, at: 0)
        #expect(ledger.reserve(peer(1), from: Self.ip4(2), isRelayed: false, at: 0) == .granted(expires: 3600))
        #expect(ledger.reserve(peer(2), from: Self.ip4(1), isRelayed: false, at: 0) == .granted(expires: 3600))
        #expect(ledger.reserve(peer(3), from: Self.ip4(2), isRelayed: false, at: 0) == .refused(.reservationRefused))
        // Refused where it moves to, it keeps what it had.
        #expect(ledger.reserve(peer(2), from: Self.ip4(2), isRelayed: false, at: 0) == .refused(.reservationRefused))
        #expect(ledger.hasReservation(peer(2), at: 1))
    }

    @Test("a circuit needs a reservation of its target that has not expired")
    func circuits() {
        var ledger = Self.ledger()
        #expect(ledger.connect(from: peer(1), to: peer(2), isRelayed: false, at: 0) == .refused(.noReservation))
        _ = ledger.reserve(peer(2), from: nil, isRelayed: false, at: 0)
        #expect(ledger.connect(from: peer(1), to: peer(2), isRelayed: false, at: 1) == .opening(1))
        #expect(ledger.connect(from: peer(1), to: peer(2), isRelayed: false, at: 3600) == .refused(.noReservation))
        #expect(ledger.circuitCount == 1)
        ledger.ended(1)
        ledger.ended(1)
        #expect(ledger.circuitCount == 0)
    }

    @Test("circuits are counted at both ends and in all, and given back")
    func circuitLimits() {
        var ledger = Self.ledger {
            $0.circuitsPerPeerMax = 2
            $0.circuitsMax = 3
        }
        for number: UInt8 in 1...4 { _ = ledger.reserve(peer(number), from: nil, isRelayed: false, at: 0) }
        let exceeded = RelayLedger.Connect.refused(.resourceLimitExceeded)
        #expect(ledger.connect(from: peer(1), to: peer(2), isRelayed: false, at: 1) == .opening(1))
        #expect(ledger.connect(from: peer(3), to: peer(2), isRelayed: false, at: 1) == .opening(2))
        // The target is full, then as a source.
        #expect(ledger.connect(from: peer(4), to: peer(2), isRelayed: false, at: 1) == exceeded)
        #expect(ledger.connect(from: peer(2), to: peer(4), isRelayed: false, at: 1) == exceeded)
        #expect(ledger.connect(from: peer(4), to: peer(1), isRelayed: false, at: 1) == .opening(3))
        // All are taken.
        #expect(ledger.connect(from: peer(4), to: peer(3), isRelayed: false, at: 1) == exceeded)
        ledger.ended(1)
        #expect(ledger.connect(from: peer(4), to: peer(3), isRelayed: false, at: 1) == .opening(4))
        // A circuit outlives the reservation it was opened under.
        ledger.disconnected(peer(3))
        #expect(ledger.circuitCount == 3)
        for circuit in 1...4 { ledger.ended(circuit) }
        #expect(ledger.circuitCount == 0)
    }
}
