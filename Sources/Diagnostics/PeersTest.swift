import Cluster
import ClusterSetup
import Libp2p
import Logging
import Node
import Program
import SSZ
import Secp256k1

/// Whether the other operators' nodes can be reached, how fast, and by which way. Source: spec/operations.md §4.2.
///
/// A node of its own runs for it, with this operator's identity: a node of the cluster must not run beside it.
package struct PeersTest: Sendable {
    package struct Options: Sendable {
        /// Of all operators; the own one may be among them.
        package var records: [ENR] = []
        package var relays: [String] = []
        /// Only what is about peer-to-peer is used.
        package var node = NodeConfiguration()
        package var loadDuration = Duration.seconds(30)
        package var directTimeout = Duration.seconds(120)

        package init() {}
    }

    private static let retryPause = Duration.seconds(3)
    private static let pingTimeout = Duration.seconds(10)
    private static let directPause = Duration.seconds(1)
    private static let relayCharactersMax = 200

    private let options: Options
    private let identity: PrivateKey
    private let peers: [PeerID]
    /// Stands for the lock hash, which there is none of yet.
    private let clusterHash: Root
    private let web: WebClient
    private let clock: ProbeClock
    private let logger: Logger

    package init(
        _ options: Options, identity: PrivateKey, web: WebClient, clock: ProbeClock, logger: Logger
    ) throws(DiagnosticsError) {
        self.options = options
        self.identity = identity
        self.web = web
        self.clock = clock
        self.logger = logger
        let own = PeerID(identity.publicKey)
        var peers: [PeerID] = []
        for peer in options.records.map({ PeerID($0.publicKey) }) where peer != own && !peers.contains(peer) {
            peers.append(peer)
        }
        guard !peers.isEmpty else { throw .flag("enrs", "name no operator but this one") }
        self.peers = peers
        clusterHash = Self.clusterHash(options.records.map(\.text), own: ENR(signedBy: identity).text)
    }

    /// SHA-256 of all records, sorted and joined by commas.
    static func clusterHash(_ records: [String], own: String) -> Root {
        SHA256.hash(Array(Set(records + [own]).sorted().joined(separator: ",").utf8))
    }

    /// Runs the node for as long as `body` runs. Cancelled, it still returns what `body` does.
    package func withNode<R: Sendable>(
        selection: [String], _ body: @escaping @Sendable (CategoryTest) async throws -> R
    ) async throws -> R {
        let host = Libp2p.Host(try hostConfiguration(), logger: logger)
        let relays = RelayWatch(
            entries: options.relays,
            headers: [
                ("Charon-Cluster", String(clusterHash.hex.dropFirst(2).prefix(7))),
                ("Cluster-Uuid", String(clusterHash.hex.dropFirst(2))), ("User-Agent", BuildInfo.userAgent),
            ], logger: logger
        ) { await host.setRelays($0) }
        let listening: [Multiaddr]
        do { listening = try await host.bind() } catch let error as ListenError {
            throw ConfigurationError(flag: "p2p-tcp-address", address: error.address, cannotListen: error.cause)
        }
        let test = try CategoryTest(.peers, targets(host, listening), selection: selection)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            for part in [{ try await host.run() }, { try await relays.run() }] as [@Sendable () async throws -> Void] {
                group.addTask {
                    // Cancelled, it leaves the last word to `body`.
                    do { try await part() } catch { if !Task.isCancelled { throw error } }
                    return nil
                }
            }
            group.addTask {
                for await event in host.events {
                    switch event {
                    case .relayReplaced(let relay): relays.relayReplaced(relay)
                    case .reservation(let relay, .granted): relays.relayFound(relay)
                    default: break
                    }
                }
                return nil
            }
            group.addTask { try await body(test) }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let next { return next }
            }
            throw CancellationError()
        }
    }

    private func hostConfiguration() throws -> HostConfiguration {
        var host = HostConfiguration(identity: identity, agentVersion: BuildInfo.userAgent)
        host.listen = try options.node.listenAddresses()
        host.announced = try options.node.announcedAddresses()
        host.reusesPort = options.node.isReusingPort
        var known: [PeerID: [Multiaddr]] = [:]
        for text in options.node.p2pPeers {
            guard let address = try? Multiaddr(text), let peer = address.peer, let transport = address.transport else {
                throw DiagnosticsError.flag(
                    "p2p-peers", "has an entry that is no address; write e.g. /ip4/10.0.0.7/tcp/3610/p2p/16Uiu2HA…")
            }
            known[peer, default: []].append(transport)
        }
        for peer in peers { host.peers[peer] = known[peer] ?? [] }
        // Whoever is reached through a relay is tried directly as often as the case looks.
        host.timing.upgradeInterval = .seconds(1)
        return host
    }

    // MARK: Cases

    private func targets(_ host: Libp2p.Host, _ listening: [Multiaddr]) -> [CategoryTest.Target] {
        var targets = peers.map { CategoryTest.Target(name: "peer \($0)", cases: cases($0, host)) }
        let selfTest = TestCase("Libp2pTCPPortOpen") { try await portOpen(listening) }
        targets.append(CategoryTest.Target(name: "self \(host.peer)", cases: [selfTest]))
        for relay in options.relays {
            let url = try? ServiceURL(relay)
            let name = url.map { "\($0)" } ?? String(relay.prefix(Self.relayCharactersMax))
            targets.append(CategoryTest.Target(name: "relay \(name)", cases: relayCases(url)))
        }
        return targets
    }

    private func cases(_ peer: PeerID, _ host: Libp2p.Host) -> [TestCase] {
        [
            TestCase("Ping") { try await ping(peer, host) },
            TestCase("PingMeasure") { .measured(try await roundTrip(peer, host), .peerRoundTrip) },
            TestCase("PingLoad") {
                let load = PingLoad(duration: options.loadDuration, clock: clock)
                return .measured(try await load.longest { try await roundTrip(peer, host) }, .peerRoundTrip)
            },
            TestCase("DirectConn") { try await direct(peer, host) },
        ]
    }

    private func roundTrip(_ peer: PeerID, _ host: Libp2p.Host) async throws -> Duration {
        do { return try await host.ping(peer, within: Self.pingTimeout) } catch {
            let status = await host.status().first { $0.peer == peer }
            throw CaseFailure.unexpected(status?.lastFailure.map { "\($0)" } ?? "no ping answered: \(error)")
        }
    }

    /// Other operators may start theirs later, so it waits as long as there is time.
    private func ping(_ peer: PeerID, _ host: Libp2p.Host) async throws -> Finding {
        while true {
            do {
                _ = try await roundTrip(peer, host)
                return .ok
            } catch {
                let hasWay = await host.status().contains { $0.peer == peer && !$0.knownAddresses.isEmpty }
                if !hasWay, options.relays.isEmpty {
                    throw CaseFailure.unexpected("no address of it is known and no relay: give --p2p-relays")
                }
                try await clock.sleep(Self.retryPause)
            }
        }
    }

    private func direct(_ peer: PeerID, _ host: Libp2p.Host) async throws -> Finding {
        let end = clock.now() + options.directTimeout
        while true {
            let status = await host.status().first { $0.peer == peer }
            if status?.links.contains(where: { $0.path == .direct }) == true { return .ok }
            guard clock.now() < end else {
                let way = status?.path.map { "reached \($0)" } ?? "not reached at all"
                throw CaseFailure.unexpected(
                    "no direct connection within \(GoDuration.format(options.directTimeout)), \(way); one of two nodes "
                        + "should have a --p2p-tcp-address that the other can reach, and announce it")
            }
            try await clock.sleep(Self.directPause)
        }
    }

    private func portOpen(_ listening: [Multiaddr]) async throws -> Finding {
        guard !listening.isEmpty else { return .skipped("no --p2p-tcp-address") }
        for endpoint in listening.compactMap(\.endpoint) { try await MultistreamProbe.check(endpoint) }
        return .ok
    }

    private func relayCases(_ url: ServiceURL?) -> [TestCase] {
        guard let url else {
            return ["PingRelay", "PingMeasureRelay"].map { name in
                TestCase(name) { .skipped("given by address: there is no URL to ask") }
            }
        }
        let relay = HTTPService(url: url, web: web, clock: clock)
        return [
            TestCase("PingRelay") {
                _ = try await relay.ask("")
                return .ok
            },
            TestCase("PingMeasureRelay") {
                let answer = try await relay.ask("")
                guard answer.status == 200 else { throw CaseFailure.unexpected("status \(answer.status)") }
                return .measured(answer.headDelay, .peerRoundTrip)
            },
        ]
    }
}
