import TestSupport
import Testing

@testable import Libp2p

@Suite struct PeerRecordTests {
    static func record(_ addresses: [String] = []) throws -> PeerRecord {
        PeerRecord(addresses: try addresses.map { try Multiaddr($0) }, isConfigured: true, timing: .init())
    }

    @Test("dials configured addresses first, each endpoint once, and only what TCP reaches")
    func dialable() throws {
        var record = try Self.record([
            "/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.1/udp/1/quic-v1", "/ip4/10.0.0.1/tcp/1/p2p/\(PeerIDTests.text)",
        ])
        let learned = try ["/ip4/10.0.0.1/tcp/1", "/dns/a.example/tcp/2"].map { try Multiaddr($0) }
        let changed = record.learn(learned, from: nil, peer: peer(1), max: 8)
        #expect(changed)
        #expect(record.dialable.map(\.description) == ["/ip4/10.0.0.1/tcp/1", "/dns/a.example/tcp/2"])
    }

    @Test(
        "believes only useful claims",
        arguments: [
            ("/ip4/10.0.0.1/tcp/1", "/ip4/1.1.1.1/tcp/9", true), ("/ip4/127.0.0.1/tcp/1", "/ip4/1.1.1.1/tcp/9", false),
            ("/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/9", true), ("/ip6/::1/tcp/1", "/ip4/1.1.1.1/tcp/9", false),
            ("/ip4/0.0.0.0/tcp/1", "/ip4/127.0.0.1/tcp/9", false), ("/ip6/::/tcp/1", "/ip4/127.0.0.1/tcp/9", false),
            ("/ip4/224.0.0.1/tcp/1", "/ip4/1.1.1.1/tcp/9", false), ("/ip4/10.0.0.1/tcp/0", "/ip4/1.1.1.1/tcp/9", false),
            ("/ip4/10.0.0.1/tcp/1/p2p/\(PeerIDTests.text)", "/ip4/1.1.1.1/tcp/9", false),
            ("/ip4/1.1.1.1/tcp/1/p2p/\(PeerIDTests.text)/p2p-circuit", "/ip4/1.1.1.1/tcp/9", false),
            ("/ip4/10.0.0.1/tcp/1", "/ip4/1.1.1.1/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", false),
            ("/ip4/8.8.8.8/tcp/1", "/ip4/1.1.1.1/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", true),
            ("/dns/a.example/tcp/1", "/ip4/1.1.1.1/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", true),
            ("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.9/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", true),
            ("/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.9/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", false),
        ])
    func learning(claim: String, remote: String, isKept: Bool) throws {
        var record = try Self.record()
        _ = record.learn([try Multiaddr(claim)], from: try Multiaddr(remote), peer: peer(1), max: 8)
        #expect(record.dialable.isEmpty != isKept)
    }

    @Test(
        "a name of a peer may lead no nearer than an address of it; one of the operator leads anywhere",
        arguments: [
            ("/ip4/1.1.1.1/tcp/9", .privateNetwork, true), ("/ip4/127.0.0.1/tcp/9", .loopback, true),
            ("/ip4/1.1.1.1/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", .publicNetwork, false),
            ("/ip4/10.0.0.9/tcp/9/p2p/\(peer(9))/p2p-circuit/p2p/\(peer(1))", .privateNetwork, true),
        ] as [(String, Multiaddr.Reach, Bool)])
    func names(remote: String, nearest: Multiaddr.Reach, isMemorable: Bool) throws {
        let (told, given) = (try Multiaddr("/dns/a.example/tcp/1"), try Multiaddr("/dns/b.example/tcp/1"))
        var record = try Self.record(["\(given)"])
        _ = record.learn([told, given], from: try Multiaddr(remote), peer: peer(1), max: 8)
        #expect(record.nearest(told) == nearest && record.nearest(given) == nil)
        #expect(record.memorable.contains(told) == isMemorable)
        // Not told any more: an attempt that is still waiting for its turn.
        _ = record.learn([], from: try Multiaddr(remote), peer: peer(1), max: 8)
        #expect(record.nearest(told) == .publicNetwork)
    }

    @Test("a remembered name was told by a direct connection, though perhaps not from this host")
    func rememberedName() throws {
        let name = try Multiaddr("/dns/a.example/tcp/1")
        let record = PeerRecord(addresses: [], remembered: [name], isConfigured: true, timing: .init())
        #expect(record.dialable == [name] && record.nearest(name) == .privateNetwork)
    }

    @Test("claims are bounded, and the latest count")
    func bounded() throws {
        var record = try Self.record()
        let many = try (1...20).map { try Multiaddr("/ip4/10.0.0.1/tcp/\($0)") }
        let changes = [many, many, [many[19]]].map { record.learn($0, from: nil, peer: peer(1), max: 8) }
        #expect(changes == [true, false, true])
        #expect(record.dialable == [many[19]])
    }

    @Test("a round tries every address once and ends when all have failed")
    func round() throws {
        let addresses = try (1...3).map { try Multiaddr("/ip4/10.0.0.1/tcp/\($0)") }
        var round = DialRound(addresses)
        let attempts = (1...4).map { round.start(peer: peer(1), number: $0) }
        #expect(attempts.map { $0?.address } == addresses + [nil])
        for attempt in attempts.compactMap({ $0 }) {
            #expect(!round.isOver)
            let ended = [round.end(attempt), round.end(attempt)]
            #expect(ended == [true, false])
        }
        #expect(round.isOver)
    }
}
