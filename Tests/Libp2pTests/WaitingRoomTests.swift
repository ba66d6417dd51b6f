import Testing

@testable import Libp2p

@Suite struct WaitingRoomTests {
    static let limits: HostConfiguration.Limits = {
        var limits = HostConfiguration.Limits()
        limits.pendingInboundMax = 4
        limits.pendingCircuitsPerRelayMax = 3
        limits.pendingCircuitsPerRelayAndPeerMax = 2
        return limits
    }()

    static func socket(_ host: String) throws -> WaitingRoom.Guest {
        .socket(try Multiaddr(host).components[0].neighbourhood)
    }

    /// Enters sockets from these hosts in order.
    ///
    /// - Returns: who lost its place for each; nil where nobody had to.
    static func displaced(_ hosts: [String]) throws -> [Int?] {
        var room = WaitingRoom()
        return try hosts.enumerated().map { id, host in
            switch room.enter(id, try socket(host), limits) {
            case .entered: return nil
            case .enteredInsteadOf(let other):
                #expect(room.count == limits.pendingInboundMax)
                return other
            case .full:
                Issue.record("a socket was refused")
                return nil
            }
        }
    }

    @Test(
        "a socket always gets in; the oldest of the most crowded neighbourhood gives way",
        arguments: [
            // One /64 displaces itself, and never the one from elsewhere.
            (
                ["/ip6/2a00::1", "/ip6/2a00::2", "/ip6/2a01::1", "/ip6/2a00::3:0:4", "/ip6/2a00::5", "/ip6/2a00::6"],
                [nil, nil, nil, nil, 0, 1]
            ),
            (
                ["/ip6/2a00::1", "/ip6/2a00::2", "/ip6/2a00::3", "/ip6/2a00::4", "/ip4/1.2.3.4"],
                [nil, nil, nil, nil, 0]
            ),
            // So does a /24, also when a socket for both families tells of it.
            (
                ["/ip4/1.2.3.4", "/ip4/9.9.9.9", "/ip6/::ffff:1.2.3.5", "/ip6/::ffff:8.8.8.8", "/ip4/1.2.3.6"],
                [nil, nil, nil, nil, 0]
            ),
            // All from different places: the one that had the most time.
            (
                ["/ip4/1.0.0.1", "/ip4/2.0.0.1", "/ip4/3.0.0.1", "/ip4/4.0.0.1", "/ip4/5.0.0.1"],
                [nil, nil, nil, nil, 0]
            ),
        ] as [([String], [Int?])])
    func sockets(hosts: [String], displaced: [Int?]) throws {
        #expect(try Self.displaced(hosts) == displaced)
    }

    @Test("circuits are counted by relay, and by whom each relay names; one relay takes nothing from another")
    func circuits() throws {
        var room = WaitingRoom()
        func enter(_ id: Int, relay: UInt8, peer number: UInt8) -> Bool {
            room.enter(id, .circuit(relay: peer(relay), peer: peer(number)), Self.limits) == .entered
        }
        #expect(enter(1, relay: 8, peer: 1) && enter(2, relay: 8, peer: 1))
        #expect(!enter(3, relay: 8, peer: 1))
        #expect(enter(4, relay: 8, peer: 2) && !enter(5, relay: 8, peer: 3))
        #expect(enter(6, relay: 9, peer: 1) && enter(7, relay: 9, peer: 1) && enter(8, relay: 9, peer: 3))
        room.left(2)
        #expect(enter(9, relay: 8, peer: 3) && room.count == 6)
        // Nor do circuits and sockets take places from each other.
        for id in 10...14 { #expect(room.enter(id, try Self.socket("/ip4/1.2.3.4"), Self.limits) != .full) }
        #expect(room.count == 10)
    }
}
