import NIOCore
import Testing

@testable import Libp2p

@Suite struct ReachTests {
    @Test(
        "who can be at an address",
        arguments: [
            ("/ip4/127.0.0.1", Multiaddr.Reach.loopback), ("/ip4/127.255.0.9", .loopback), ("/ip6/::1", .loopback),
            ("/ip6/::ffff:127.0.0.1", .loopback), ("/ip4/10.0.0.1", .privateNetwork),
            ("/ip4/172.16.0.1", .privateNetwork), ("/ip4/172.31.255.1", .privateNetwork),
            ("/ip4/172.32.0.1", .publicNetwork), ("/ip4/192.168.1.1", .privateNetwork),
            ("/ip4/169.254.169.254", .privateNetwork), ("/ip4/100.64.0.1", .privateNetwork),
            ("/ip4/100.128.0.1", .publicNetwork), ("/ip4/8.8.8.8", .publicNetwork), ("/ip4/0.0.0.0", nil),
            ("/ip4/0.1.2.3", nil), ("/ip4/224.0.0.1", nil), ("/ip4/255.255.255.255", nil), ("/ip4/192.0.2.1", nil),
            ("/ip4/198.19.0.1", nil), ("/ip6/::", nil), ("/ip6/::2", nil), ("/ip6/fe80::1", .privateNetwork),
            ("/ip6/fd00::1", .privateNetwork), ("/ip6/fc00::1", .privateNetwork), ("/ip6/ff02::1", nil),
            ("/ip6/2001:db8::1", nil), ("/ip6/2a00::1", .publicNetwork), ("/ip6/::ffff:10.0.0.1", .privateNetwork),
            ("/dns/a.example", nil),
        ])
    func reach(address: String, reach: Multiaddr.Reach?) throws {
        #expect(try Multiaddr("\(address)/tcp/1").reach == reach)
    }

    static let offered = [
        "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/2", "/ip4/8.8.8.8/tcp/3", "/ip4/8.8.8.8/tcp/3", "/ip4/8.8.4.4/tcp/0",
        "/dns/a.example/tcp/4", "/ip4/8.8.8.8/udp/5/quic-v1", "/ip4/0.0.0.0/tcp/6", "/ip6/2a00::1/tcp/7",
    ]

    @Test(
        "a hole punch dials nothing that is nearer than the relay",
        arguments: [
            ("/ip4/1.1.1.1/tcp/9", [3, 7]), ("/ip4/192.168.0.2/tcp/9", [2, 3, 7]),
            ("/ip4/127.0.0.1/tcp/9", [1, 2, 3, 7]),
            ("/dns/relay.example/tcp/9", [3, 7]),
        ])
    func punchable(relay: String, ports: [UInt16]) throws {
        let circuit = Multiaddr.circuit(to: peer(1), through: peer(9), at: try Multiaddr(relay))
        let kept = Multiaddr.punchable(try Self.offered.map { try Multiaddr($0) }, relay: circuit, max: 8)
        #expect(kept.map { $0.endpoint?.port } == ports.map { Int($0) })
        #expect(Multiaddr.punchable(kept, relay: circuit, max: 1).count == 1)
    }

    @Test("a peer can make us dial for it six times in ten minutes")
    func budget() {
        var budget = DialBudget()
        let start = NIODeadline.uptimeNanoseconds(1 << 40)
        let first = (0..<10).map { _ in budget.take(now: start) }
        #expect(first.count { $0 } == DialBudget.max)
        let second = (0..<10).map { _ in budget.take(now: start + .minutes(9)) }
        #expect(second.allSatisfy { !$0 })
        let third = (0..<10).map { _ in budget.take(now: start + DialBudget.window) }
        #expect(third.count { $0 } == DialBudget.max)
    }

    @Test("a round takes circuits that come up, and drops them when one stands")
    func round() throws {
        let direct = try Multiaddr("/ip4/10.0.0.1/tcp/1")
        let circuits = [7, 8].map { Multiaddr.circuit(to: peer(1), through: peer($0)) }
        var round = DialRound([direct])
        let first = round.start(peer: peer(1), number: 1)
        round.append(circuits)
        round.append(circuits + [direct])
        let second = round.start(peer: peer(1), number: 2)
        #expect(round.waiting == [circuits[1]] && second?.address == circuits[0])
        let dropped = round.dropCircuits()
        #expect(dropped.map { $0 } == [second] && round.waiting.isEmpty && round.inFlight.map { $0 } == [first])
        #expect(!round.isOver)
    }
}
