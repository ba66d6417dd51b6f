import Cluster
import Foundation
import Libp2p
import Logging
import Monitoring
import NIOCore
import NIOPosix
import PeerProtocols
import Program
import SSZ
import Secp256k1
import Synchronization

/// A relay: nodes that cannot reach each other meet here. Holds no key but its own and sees only ciphertext.
package struct RelayNode: Sendable {
    /// What an embedding program wants to hear of.
    package struct Hooks: Sendable {
        /// Everything listens: the relay's multiaddrs, each ending in its peer id, and the port of the HTTP server. Those
        /// that it tells; where it tells none, those that it listens on.
        package var ready: @Sendable ([String], _ httpPort: Int?) -> Void = { _, _ in }
        package var monitoring: @Sendable (Int) -> Void = { _ in }
        /// The relay's key is read.
        package var identified: @Sendable (PeerID) -> Void = { _ in }

        package init() {}
    }

    private static let resolveInterval = Duration.seconds(300)
    /// Nodes ask every two minutes, and may hold their connection for some seconds.
    private static let httpConnectionsMax = 1024
    /// Peers asked at once who they are.
    private static let asksMax = 64

    package let peer: PeerID
    private let configuration: RelayConfiguration
    private let hooks: Hooks
    private let logger: Logger
    private let identity: PrivateKey

    /// - Throws: `ConfigurationError` or `ClusterError`, worded for the operator.
    package init(_ configuration: RelayConfiguration, hooks: Hooks = Hooks(), logger: Logger) throws {
        try configuration.validate()
        self.configuration = configuration
        self.hooks = hooks
        self.logger = logger
        identity = try Self.loadKey(configuration, logger)
        peer = PeerID(identity.publicKey)
        hooks.identified(peer)
    }

    private static func loadKey(_ configuration: RelayConfiguration, _ logger: Logger) throws -> PrivateKey {
        let path = configuration.dataDirectory + "/" + IdentityKeyFile.name
        guard !FileManager.default.fileExists(atPath: path) else { return try IdentityKeyFile.load(path) }
        guard configuration.makesKey else {
            throw ConfigurationError(
                flag: "auto-p2pkey", what: "is false and there is no key at \(path)",
                cure: "put the relay's key there, or let one be made with --auto-p2pkey")
        }
        try FileManager.default.createDirectory(
            atPath: configuration.dataDirectory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let key = PrivateKey.random()
        try IdentityKeyFile.create(path, key)
        logger.info("made a new identity key", metadata: ["path": "\(path)"])
        return key
    }

    /// Runs until SIGINT or SIGTERM.
    package static func runUntilSignalled(
        _ configuration: RelayConfiguration, hooks: Hooks, logger: Logger
    ) async throws {
        raiseDescriptorLimit(logger)
        let relay = try RelayNode(configuration, hooks: hooks, logger: logger)
        try await untilSignalled(logger: logger) { try await relay.run() }
    }

    /// Each peer costs a descriptor; shells give 1024.
    private static func raiseDescriptorLimit(_ logger: Logger) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            logger.warning("raise the limit of open files", metadata: ["errno": "\(errno)"])
        }
    }

    /// Runs until cancelled; throws when something fails that cannot be waited out.
    package func run() async throws {
        let host = Libp2p.Host(try configuration.hostConfiguration(identity: identity), logger: logger)
        let board = Board()
        let addresses: @Sendable () async -> RelayAddresses = { [configuration] in
            RelayAddresses(
                bound: await host.advertised, externalIP: configuration.p2pExternalIP,
                hostname: configuration.p2pExternalHostname, resolved: board.resolved,
                advertisesPrivate: configuration.advertisesPrivateAddresses)
        }
        var circuitConfiguration = CircuitRelay.Configuration()
        circuitConfiguration.limits.reservationsMax = configuration.connectionsMax
        circuitConfiguration.limits.reservationsPerAddressMax = configuration.reservationsMax
        circuitConfiguration.limits.circuitsPerPeerMax = configuration.reservationsMax
        let circuits = CircuitRelay(
            on: host, circuitConfiguration, logger: logger, now: { UInt64(max(0, SystemClock.now().unixSeconds)) },
            addresses: { await addresses().all })
        circuits.serve()
        do {
            do { _ = try await host.bind() } catch let error as ListenError {
                throw ConfigurationError(flag: "p2p-tcp-address", address: error.address, cannotListen: error.cause)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await host.run() }
                group.addTask { for await event in host.events { board.change { $0.note(event) } } }
                group.addTask { try await watchClusters(on: host, board) }
                group.addTask { try await keepResolving(board) }
                group.addTask { try await serveHTTP(host, addresses) }
                group.addTask { try await serveMonitoring(host, addresses, board, circuits) }
                // Each of them runs for good: whichever ends, by error or cancellation, ends all.
                try await group.next()
                group.cancelAll()
            }
        } catch {
            logger.info("stopped")
            if error is CancellationError || Task.isCancelled { return }
            throw error
        }
        logger.info("stopped")
    }

    /// What the parts of a relay tell each other.
    private final class Board: Sendable {
        private let metrics = Mutex(RelayMetrics())
        private let address = Mutex<String?>(nil)

        /// IP address behind the external host name, once it is known.
        var resolved: String? {
            get { address.withLock { $0 } }
            set { address.withLock { $0 = newValue } }
        }

        func change(_ body: (inout RelayMetrics) -> Void) { metrics.withLock { body(&$0) } }
        var current: RelayMetrics { metrics.withLock { $0 } }
    }

    // MARK: HTTP

    private func serveHTTP(_ host: Libp2p.Host, _ addresses: @escaping @Sendable () async -> RelayAddresses)
        async throws
    {
        guard !configuration.httpAddress.isEmpty else {
            await announce(addresses(), nil)
            return try await untilCancelled()
        }
        let address = try SocketAddressText(configuration.httpAddress, flag: "http-address")
        let listening = AsyncStream.makeStream(of: Int.self)
        var pages = Self.health(addresses)
        pages["/enr"] = {
            guard let record = await addresses().record(signedBy: identity) else {
                logger.warning("no IPv4 address for an ENR: give --p2p-external-ip")
                return Page(status: 500, text: "")
            }
            return Page(text: record.text)
        }
        let server = MonitoringServer(
            host: address.host, port: address.port, pages: pages,
            fallback: {
                let list = JSONValue.array(await addresses().texts(of: peer).map { .string($0) })
                return Page(json: list.text())
            }, connectionsMax: Self.httpConnectionsMax, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await server.run { listening.continuation.yield($0) } } catch let error
                    where !(error is CancellationError)
                {
                    throw ConfigurationError(
                        flag: "http-address", address: configuration.httpAddress, cannotListen: error, orNone: true)
                }
            }
            group.addTask {
                for await port in listening.stream { await announce(addresses(), port) }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func announce(_ addresses: RelayAddresses, _ port: Int?) {
        let texts = addresses.texts(of: peer)
        if texts.isEmpty {
            logger.warning(
                """
                this machine has no public address, so nodes will not find the relay: give --p2p-external-ip, \
                --p2p-external-hostname or --p2p-advertise-private-addresses
                """)
        }
        hooks.ready(texts.isEmpty ? addresses.listening(peer) : texts, port)
    }

    private func serveMonitoring(
        _ host: Libp2p.Host, _ addresses: @escaping @Sendable () async -> RelayAddresses, _ board: Board,
        _ circuits: CircuitRelay
    ) async throws {
        guard !configuration.monitoringAddress.isEmpty else { return try await untilCancelled() }
        let address = try SocketAddressText(configuration.monitoringAddress, flag: "monitoring-address")
        var pages = Self.health(addresses)
        pages["/metrics"] = {
            let status = await host.status()
            board.change { $0.note(status) }
            let text = board.current.text(relay: peer, circuits: circuits.statistics())
            return Page(contentType: "text/plain; version=0.0.4; charset=utf-8", body: text)
        }
        let server = MonitoringServer(host: address.host, port: address.port, pages: pages, logger: logger)
        do { try await server.run(listening: hooks.monitoring) } catch let error where !(error is CancellationError) {
            throw ConfigurationError(
                flag: "monitoring-address", address: configuration.monitoringAddress, cannotListen: error,
                orNone: true)
        }
    }

    /// Alive whenever it answers; ready when nodes can be told where it is.
    private static func health(
        _ addresses: @escaping @Sendable () async -> RelayAddresses
    ) -> [String: Page.Maker] {
        [
            "/livez": { Page(text: "ok") },
            "/readyz": {
                await addresses().all.isEmpty
                    ? Page(status: 500, text: "no address to advertise") : Page(text: "ok")
            },
        ]
    }

    // MARK: In the background

    /// Learns which cluster each peer is of. Those that do not serve peerinfo stay unknown.
    private func watchClusters(on host: Libp2p.Host, _ board: Board) async throws {
        while true {
            try await Task.sleep(for: configuration.clusterInterval)
            let status = await host.status()
            board.change { $0.note(status) }
            let open = board.current.withoutCluster(status, serving: PeerInfoProtocol.id)
            await withDiscardingTaskGroup { group in
                // Whoever is left out has its turn when others are known.
                for peer in open.shuffled().prefix(Self.asksMax) {
                    group.addTask {
                        do {
                            let hash = try await PeerInfoProbe.lockHash(of: peer, on: host)
                            board.change { $0.note(peer, lockHash: hash) }
                        } catch {
                            logger.debug("ask for peerinfo", metadata: ["peer": "\(peer)", "error": "\(error)"])
                        }
                    }
                }
            }
        }
    }

    private func keepResolving(_ board: Board) async throws {
        guard let name = configuration.p2pExternalHostname else { return try await untilCancelled() }
        while true {
            // getaddrinfo blocks, and belongs on no shared thread.
            let address = try? await NIOThreadPool.singleton.runIfActive {
                try SocketAddress.makeAddressResolvingHost(name, port: 0).ipAddress
            }
            if address == nil { logger.warning("resolve --p2p-external-hostname", metadata: ["name": "\(name)"]) }
            // An answer once had is better than none.
            if let address { board.resolved = address }
            try await Task.sleep(for: Self.resolveInterval)
        }
    }

    private func untilCancelled() async throws {
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
