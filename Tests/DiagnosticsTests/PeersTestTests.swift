import BeaconTestSupport
import Cluster
import ClusterSetup
import Libp2p
import Logging
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct PeersTestTests {
    private let own: PrivateKey
    private let other: PrivateKey

    init() {
        var generator = SeededGenerator(seed: 5)
        own = PrivateKey.random(using: &generator)
        other = PrivateKey.random(using: &generator)
    }

    private static var logger: Logger {
        var logger = Logger(label: "peers test")
        logger.logLevel = .critical
        return logger
    }

    private func options() -> PeersTest.Options {
        var options = PeersTest.Options()
        options.records = [own, other].map { ENR(signedBy: $0) }
        options.node.p2pTCPAddresses = ["127.0.0.1:0"]
        return options
    }

    private func run(
        _ options: PeersTest.Options, selection: [String] = []
    ) async throws -> [String: [CaseResult]] {
        let clock = TestClock().clock
        let result = try await WebClient.with(patience: 10) { web in
            try await PeersTest(options, identity: own, web: web, clock: clock, logger: Self.logger)
                .withNode(selection: selection) { await $0.run(timeout: .seconds(3600), clock: clock) }
        }
        return Dictionary(uniqueKeysWithValues: result.targets.map { ($0.name, $0.results) })
    }

    /// The other operator's node, for as long as `body` runs; given its address.
    private func withPeer<R: Sendable>(_ body: @Sendable (Multiaddr) async throws -> R) async throws -> R {
        var configuration = HostConfiguration(identity: other, agentVersion: "test")
        configuration.listen = [try Multiaddr("/ip4/127.0.0.1/tcp/0")]
        configuration.peers = [PeerID(own.publicKey): []]
        let host = Libp2p.Host(configuration, logger: Self.logger)
        let address = try #require(try await host.bind().first)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await host.run() }
            defer { group.cancelAll() }
            return try await body(address.appending(.p2p(host.peer)))
        }
    }

    @Test("a peer that is there is pinged, alone and under load, and reached directly; the own port is open")
    func reached() async throws {
        var options = options()
        options.loadDuration = .seconds(1)
        let results = try await withPeer { [options] address in
            var options = options
            options.node.p2pPeers = ["\(address)"]
            return try await run(options)
        }
        let peer = try #require(results["peer \(PeerID(other.publicKey))"])
        #expect(peer.map(\.name) == ["Ping", "PingMeasure", "PingLoad", "DirectConn"])
        #expect(peer[0].finding == .ok && peer[3].finding == .ok)
        for measured in peer[1...2] {
            #expect([.good, .average, .poor].contains(measured.verdict))
            #expect(measured.finding.measurement != nil && measured.finding.error.isEmpty)
        }
        #expect(results["self \(PeerID(own.publicKey))"]?.map(\.finding) == [.ok])
        #expect(results.count == 2)
    }

    @Test("a peer that nothing leads to fails, with what would help")
    func unreachable() async throws {
        let results = try await run(options(), selection: ["Ping", "DirectConn"])
        let peer = try #require(results["peer \(PeerID(other.publicKey))"])
        #expect(peer.map(\.verdict) == [.fail, .fail])
        #expect(peer[0].finding.error.contains("--p2p-relays"))
        #expect(peer[1].finding.error.contains("no direct connection within 2m0s, not reached at all"))
    }

    @Test("relays are asked by HTTP; those given by address are not")
    func relays() async throws {
        try await FakeBeaconNode.with({ _ in .json("[]") }, { _ in FakeBeaconNode.Answer(status: 302) }) {
            good, moved in
            var options = options()
            let address = "/ip4/127.0.0.1/tcp/1/p2p/\(PeerID(other.publicKey))"
            options.relays = [good.url, moved.url, address]
            let results = try await run(options, selection: ["PingRelay", "PingMeasureRelay"])
            #expect(results["relay \(good.url)"]?.first?.finding == .ok)
            #expect(results["relay \(good.url)"]?.last?.finding.error == "")
            #expect(results["relay \(moved.url)"]?.map(\.verdict) == [.ok, .fail])
            #expect(results["relay \(address)"]?.map(\.verdict) == [.skip, .skip])
            #expect(results.count == 3)
        }
    }

    @Test("a node without a listening address has no port to open")
    func outgoingOnly() async throws {
        var options = options()
        options.node.p2pTCPAddresses = []
        let results = try await run(options, selection: ["Libp2pTCPPortOpen"])
        #expect(results.values.flatMap { $0 }.map(\.finding) == [.skipped("no --p2p-tcp-address")])
    }

    @Test("something else on the port is told")
    func notLibp2p() async throws {
        try await FakeBeaconNode.with({ _ in FakeBeaconNode.Answer() }) { node in
            let port = try #require(node.url.split(separator: ":").last.flatMap { Int($0) })
            let endpoint = try #require(try Multiaddr("/ip4/0.0.0.0/tcp/\(port)").endpoint)
            let failure = await #expect(throws: CaseFailure.self) { try await MultistreamProbe.check(endpoint) }
            #expect(failure?.description.contains("127.0.0.1:\(port)") == true)
        }
    }

    @Test("a cluster that is none yet is told from others by its operators, in any order")
    func clusterHash() {
        let hash = PeersTest.clusterHash(["enr:b", "enr:a"], own: "enr:c")
        #expect(hash == SHA256.hash(Array("enr:a,enr:b,enr:c".utf8)))
        #expect(PeersTest.clusterHash(["enr:c", "enr:a", "enr:b"], own: "enr:c") == hash)
    }

    @Test("interrupted, it ends with what the tests have said")
    func interrupted() async throws {
        let begun = Gate()
        let result = try await WebClient.with { web in
            let test = try PeersTest(
                options(), identity: own, web: web, clock: TestClock().clock, logger: Self.logger)
            return try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask {
                    try await test.withNode(selection: []) { _ in
                        begun.open()
                        await Gate().wait()
                        return "done"
                    }
                }
                await begun.wait()
                group.cancelAll()
                return try await group.next()
            }
        }
        #expect(result == "done")
    }

    @Test("nobody else is nothing to test")
    func alone() async throws {
        var options = PeersTest.Options()
        options.records = [ENR(signedBy: own)]
        let error = await #expect(throws: DiagnosticsError.self) {
            try await WebClient.with { [options] web in
                _ = try PeersTest(options, identity: own, web: web, clock: .system, logger: Self.logger)
            }
        }
        #expect(error?.description.contains("--enrs") == true)
    }
}
