import BLS
import BeaconAPI
import BeaconClient
import Cluster
import DutyWorkflow
import Ethereum
import Foundation
import Libp2p
import Logging
import Node
import Program
import Synchronization

/// A whole cluster on one machine: a demo chain served over the Beacon API, N nodes as separate libp2p hosts with their
/// own journals and ports, the first half driven by a validator client over HTTP, the others signing by themselves. In
/// one of the last slots every operator hands in the last validator's exit, with its share.
package struct DemoCluster: Sendable {
    package struct Options: Sendable {
        package var nodes = 4
        package var validators = 8
        /// Slots that count; 0 for no end.
        package var slots: UInt64 = 16
        package var slotDuration: Duration = .seconds(3)
        package var slotsPerEpoch: UInt64 = 8
        package var duties = DemoDuties.all
        /// Validators in the sync committee.
        package var syncMembers = 4
        /// Port of node 0's `/metrics`, on loopback; the others follow. nil for none.
        package var monitoringPortBase: Int?
        /// Nodes with a validator client of their own: the first half.
        package var validatorClients: Int { nodes / 2 }
        /// Of every node.
        package var tracing = TracingFlags()
        /// Where keys and journals go.
        package var directory: String
        /// Of the first node's debug pages, `ip:port`; empty for none.
        package var debugAddress = ""
        /// Nodes that stop, and whether the first node's beacon node does: `outageAfter` slots after the cluster is
        /// complete.
        package var stoppedNodes: Set<Int> = []
        package var stopsBeaconNode = false
        let outageAfter: UInt64 = 4

        package init(directory: String) { self.directory = directory }
    }

    private let options: Options
    private let board: DemoBoard
    private let logger: Logger
    private let started: Instant

    package init(_ options: Options, board: DemoBoard, logger: Logger) {
        self.options = options
        self.board = board
        self.logger = logger
        started = SystemClock.now()
    }

    /// - Parameter show: called about every 50 ms while it runs, and in the end.
    package func run(show: @escaping @Sendable (DemoExpectations) async -> Void) async throws -> DemoSummary {
        let creation = try makeCluster()
        let threads = CryptoThreads(threads: max(1, ProcessInfo.processInfo.activeProcessorCount))
        var wanted = DemoChain.Options(
            pubKeys: try creation.lock.validators.map { try PublicKey(bytes: $0.publicKey).bytes },
            genesis: genesis(), slotDuration: options.slotDuration, slotsPerEpoch: options.slotsPerEpoch)
        wanted.duties = options.duties
        wanted.syncMembers = options.syncMembers
        let chain = try DemoChain(wanted, verifier: SignatureVerifier(threads: threads))
        let expectations = try DemoExpectations(chain, creation)
        let ports = try FreePorts.take(options.nodes)
        let summary = try await withThrowingTaskGroup(of: DemoSummary?.self) { group in
            let port = try await startBeaconNode(chain, stops: false, in: &group)
            let first = options.stopsBeaconNode ? try await startBeaconNode(chain, stops: true, in: &group) : port
            for node in 0..<options.nodes {
                group.addTask {
                    let beaconPort = node == 0 ? first : port
                    try await run(node, creation, chain.clock, beaconPort: beaconPort, ports: ports, threads: threads)
                    return nil
                }
            }
            group.addTask { try await watch(expectations, show) }
            group.addTask {
                // Endless runs have no end to leave before.
                guard options.duties == .all, options.slots > 0 else { return nil }
                try await exit(creation, expectations, board.firstSlot(), threads: threads)
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
        try? await threads.shutdown()
        return summary
    }

    // MARK: Parts

    private func makeCluster() throws -> ClusterCreation {
        var wanted = ClusterOptions()
        wanted.name = "styx demo"
        wanted.nodes = options.nodes
        wanted.validators = options.validators
        wanted.feeRecipients = ["0x" + String(repeating: "11", count: 20)]
        wanted.withdrawalAddresses = ["0x" + String(repeating: "22", count: 20)]
        wanted.network = .hoodi
        wanted.insecureKeys = true
        var random = SystemRandomNumberGenerator()
        let creation = try ClusterCreation(wanted, now: started, using: &random)
        try creation.write(
            to: options.directory, concurrency: ProcessInfo.processInfo.activeProcessorCount, using: &random)
        return creation
    }

    /// A few seconds ahead, so that nodes start before their chain does; whole seconds, as the API gives them.
    private func genesis() -> Instant { Instant(unixSeconds: UInt64(SystemClock.now().unixSeconds) + 4) }

    /// - Parameter stops: whether it is there until the outage only.
    /// - Returns: its port.
    private func startBeaconNode(
        _ chain: DemoChain, stops: Bool, in group: inout ThrowingTaskGroup<DemoSummary?, any Error>
    ) async throws -> Int {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        group.addTask {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await DemoBeaconNode(chain: chain, port: 0) { announce.yield($0) }.run() }
                if stops { group.addTask { try await outage(chain.clock) } }
                try await group.next()
                group.cancelAll()
            }
            return nil
        }
        guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
        return port
    }

    /// Returns when what is to stop stops: in the middle of a slot.
    private func outage(_ clock: SlotClock) async throws {
        let slot = try await board.firstSlot() + options.outageAfter
        try await Task.sleep(for: max(.zero, clock.start(of: slot) + clock.slotDuration / 2 - SystemClock.now()))
    }

    private func run(
        _ index: Int, _ creation: ClusterCreation, _ clock: SlotClock, beaconPort: Int, ports: [Int],
        threads: CryptoThreads
    ) async throws {
        let directory = options.directory + "/node\(index)"
        var node = NodeConfiguration()
        node.lockFile = directory + "/cluster-lock.json"
        node.privateKeyFile = directory + "/charon-enr-private-key"
        node.journalFile = directory + "/styx-journal.sqlite"
        // The keys were made a moment ago.
        node.acceptsNewJournal = true
        node.validatorKeysDirectory = directory + "/validator_keys"
        node.beaconNodeEndpoints = ["http://127.0.0.1:\(beaconPort)"]
        node.validatorAPIAddress = "127.0.0.1:0"
        node.p2pTCPAddresses = ["127.0.0.1:\(ports[index])"]
        node.p2pPeers = ports.indices.filter { $0 != index }.map { peer in
            "/ip4/127.0.0.1/tcp/\(ports[peer])/p2p/\(PeerID(creation.nodes[peer].identity.publicKey))"
        }
        node.signing = index < options.validatorClients ? .off : .keystores
        node.nickname = "demo-\(index)"
        // Every other block of the chain is a builder's.
        node.usesBuilder = true
        if let base = options.monitoringPortBase { node.monitoringAddress = "127.0.0.1:\(base + index)" }
        node.tracing = options.tracing
        if index == 0 { node.debugAddress = options.debugAddress }
        let (apiPort, announce) = AsyncStream.makeStream(of: Int.self)
        var hooks = StyxNode.Hooks()
        hooks.report = { board.heard($0, from: index) }
        hooks.peers = { board.peers(of: index, connected: $0) }
        hooks.validatorAPI = { port in
            board.ready(index, port: port)
            announce.yield(port)
        }
        let styx = try await StyxNode(node, hooks: hooks, threads: threads, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await styx.run() }
            if options.stoppedNodes.contains(index) { group.addTask { try await outage(clock) } }
            if index < options.validatorClients {
                group.addTask {
                    guard let port = await apiPort.first(where: { _ in true }) else { return }
                    try await runValidatorClient(creation.nodes[index].shares, port: port, threads: threads)
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func runValidatorClient(_ shares: [SecretKey], port: Int, threads: CryptoThreads) async throws {
        try await withValidatorClient(shares, port: port, threads: threads) { client in
            do { try await client.run() } catch { if !Task.isCancelled { throw error } }
        }
    }

    private func withValidatorClient(
        _ shares: [SecretKey], port: Int, threads: CryptoThreads,
        _ body: (DemoValidatorClient) async throws -> Void
    ) async throws {
        var configuration = BeaconClientConfiguration(primaries: [try BeaconNodeAddress("http://127.0.0.1:\(port)")])
        // The node answers when the cluster has decided, within its own bound.
        configuration.readTimeout = .seconds(10)
        configuration.submitTimeout = .seconds(10)
        let client = BeaconClient(configuration: configuration, logger: logger)
        do {
            try await body(
                DemoValidatorClient(
                    client: client, keys: shares, performs: options.duties, threads: threads, logger: logger))
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// All operators have the last validator leave, four slots before the end: those with a validator client, and by the
    /// same way those whose node signs by itself.
    private func exit(
        _ creation: ClusterCreation, _ expectations: DemoExpectations, _ first: Slot, threads: CryptoThreads
    ) async throws {
        let clock = expectations.chain.clock
        let slot = first + (options.slots - min(options.slots, 4))
        let index = ValidatorIndex(UInt64(options.validators - 1))
        let time = clock.start(of: slot) + clock.slotDuration / 2
        expectations.expectExit(of: index, in: slot, at: time)
        try await Task.sleep(for: max(.zero, time - SystemClock.now()))
        await withDiscardingTaskGroup { group in
            for (node, port) in board.ports {
                group.addTask {
                    do {
                        try await withValidatorClient(creation.nodes[node].shares, port: port, threads: threads) {
                            try await $0.exit(index, epoch: clock.epoch(of: slot))
                        }
                    } catch {
                        // What is missing is told by the chain.
                        logger.warning("exit of validator \(index) at node \(node): \(error)")
                    }
                }
            }
        }
    }

    /// Waits for the cluster to be complete, lets the wanted slots pass, and judges them.
    private func watch(
        _ expectations: DemoExpectations, _ show: @escaping @Sendable (DemoExpectations) async -> Void
    ) async throws -> DemoSummary {
        var summary = DemoSummary()
        let (chain, clock) = (expectations.chain, expectations.chain.clock)
        var first: Slot?
        while true {
            try await Task.sleep(for: .milliseconds(50))
            await show(expectations)
            let now = SystemClock.now()
            if first == nil, isComplete {
                summary.startToReady = now - started
                // Duties of the slot under way may have begun without some node.
                let next = clock.slot(at: now).map { $0 + 1 } ?? .zero
                first = next
                board.begin(next)
            }
            if summary.startToFirstAttestation == nil, let one = await chain.firstAttestation {
                summary.startToFirstAttestation = one.arrival - started
            }
            guard let first else {
                guard now - started < .seconds(120) else { throw DemoFailure(board: board, nodes: options.nodes) }
                continue
            }
            // The last slot's duties have until well into the next one.
            if options.slots > 0, now >= clock.start(of: first + options.slots) + clock.slotDuration * 3 / 4 {
                await show(expectations)
                await summary.judge(expectations, first.rawValue..<(first + options.slots).rawValue)
                await summary.judge(board.failures, chain)
                return summary
            }
        }
    }

    private var isComplete: Bool {
        let connected = board.connected
        return connected.count == options.nodes && connected.values.allSatisfy { $0 == options.nodes - 1 }
            && board.ports.count == options.nodes
    }
}

/// The cluster did not come together.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(board: DemoBoard, nodes: Int) {
        let connected = (0..<nodes).map { "node \($0): \(board.connected[$0] ?? 0) of \(nodes - 1) peers" }
        description =
            "the cluster did not come together within two minutes (\(connected.joined(separator: ", ")))."
            + " Run again with --verbose to see the nodes' logs."
    }
}

/// TCP ports that were free a moment ago.
package enum FreePorts {
    struct Failure: Error {}

    package static func take(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { sockets.forEach { close($0) } }
        return try (0..<count).map { _ in
            guard let port = try bound(0, &sockets) else { throw Failure() }
            return port
        }
    }

    /// Ports that no outgoing connection takes meanwhile: for what listens again and again at the same port.
    ///
    /// - Parameter first: where to begin to look; below the ports that the system gives out, which begin at 32768.
    package static func take(_ count: Int, from first: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { sockets.forEach { close($0) } }
        var ports: [Int] = []
        for port in first..<32_768 where ports.count < count {
            if let port = try bound(port, &sockets) { ports.append(port) }
        }
        guard ports.count == count else { throw Failure() }
        return ports
    }

    /// - Parameter port: 0 for any.
    /// - Returns: nil if it is taken.
    private static func bound(_ port: Int, _ sockets: inout [Int32]) throws -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure() }
        sockets.append(descriptor)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
