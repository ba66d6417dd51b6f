import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import Program
import SSZ
import Synchronization
import Timing

/// Learns from the beacon nodes what chain the cluster is on, however long they take to answer, and keeps nodes of other
/// chains out: each is asked for its own genesis before it is asked for anything else.
struct ChainDiscovery: Sendable {
    /// What is asked; tests script it.
    struct Questions: Sendable {
        /// Names of all nodes, primary ones first.
        var nodes: [String]
        var genesis: @Sendable (_ node: Int) async throws(BeaconError) -> Genesis
        /// Of any node in use.
        var spec: @Sendable () async throws(BeaconError) -> ChainSpec
        var syncing: @Sendable () async throws(BeaconError) -> SyncingStatus
        var use: @Sendable (_ nodes: Set<Int>) -> Void
        var sleep: @Sendable (Duration) async throws -> Void

        init(
            nodes: [String], genesis: @escaping @Sendable (Int) async throws(BeaconError) -> Genesis,
            spec: @escaping @Sendable () async throws(BeaconError) -> ChainSpec,
            syncing: @escaping @Sendable () async throws(BeaconError) -> SyncingStatus,
            use: @escaping @Sendable (Set<Int>) -> Void, sleep: @escaping @Sendable (Duration) async throws -> Void
        ) {
            self.nodes = nodes
            self.genesis = genesis
            self.spec = spec
            self.syncing = syncing
            self.use = use
            self.sleep = sleep
        }

        init(_ client: BeaconClient) {
            self.init(
                nodes: client.nodes.map(\.description),
                genesis: { node async throws(BeaconError) in try await client.genesis(of: node) },
                spec: { () async throws(BeaconError) in try await client.spec() },
                syncing: { () async throws(BeaconError) in try await client.syncing() },
                use: { client.use(only: $0) }, sleep: { try await Task.sleep(for: $0) })
        }
    }

    /// Between two looks at nodes that are not in use.
    private static let lookEvery = Duration.seconds(10)
    private static let backoff = Backoff(base: .milliseconds(100), max: .seconds(5))

    let questions: Questions
    /// Of the cluster lock.
    let forkVersion: ForkVersion
    /// The lock's; nil for a network nobody knows.
    let network: Network?
    let logger: Logger
    /// Nodes known to be of the cluster's chain.
    private let members = Members()

    init(questions: Questions, forkVersion: ForkVersion, network: Network?, logger: Logger) {
        self.questions = questions
        self.forkVersion = forkVersion
        self.network = network
        self.logger = logger
    }

    /// Returns once a node of the cluster's chain follows it.
    func learn() async throws -> (ChainContext, Root) {
        let told = ToldOnce()
        let genesis = try await agree(told)
        let spec = try await untilAnswered(told) { () throws(BeaconError) in
            let spec = try await questions.spec()
            guard spec.forks.genesisVersion == forkVersion else {
                let what = "GENESIS_FORK_VERSION is not \(forkVersion), as in the cluster lock"
                throw BeaconError(endpoint: BeaconEndpoint.spec.name, node: "", cause: .malformed(what))
            }
            return spec
        }
        _ = try await untilAnswered(told) { () throws(BeaconError) in
            let status = try await questions.syncing()
            guard !status.isSyncing else {
                throw BeaconError(endpoint: BeaconEndpoint.syncing.name, node: "", cause: .syncing)
            }
            return status
        }
        let exitVersion = network?.capellaForkVersion ?? spec.forks.version(of: .capella) ?? forkVersion
        let domains = SigningDomains(
            spec: spec, genesisValidatorsRoot: genesis.validatorsRoot, exitVersion: exitVersion)
        if let unknown = spec.forks.firstUnknownEpoch {
            logger.warning(
                "the chain has a fork this version does not know; update before it", metadata: ["epoch": "\(unknown)"])
        }
        logger.info(
            "beacon node ready",
            metadata: [
                "network": "\(network?.name ?? spec.configName)",
                "slot_seconds": "\(GoDuration.format(spec.slotDuration))",
                "genesis_validators_root": "\(genesis.validatorsRoot)",
            ])
        let clock = spec.clock(genesis: Instant(unixSeconds: genesis.time))
        return (ChainContext(clock: clock, domains: domains, spec: spec), genesis.validatorsRoot)
    }

    /// Looks at nodes that did not answer before or were of another chain, and takes those of ours into use. Until
    /// cancelled.
    func watch(_ chain: ChainContext, root: Root) async {
        let told = ToldOnce()
        let wanted = Genesis(
            time: UInt64(clamping: chain.clock.genesis.unixSeconds), validatorsRoot: root, forkVersion: forkVersion)
        while !Task.isCancelled {
            let open = questions.nodes.indices.filter { !members.contains($0) }
            for (node, genesis) in await answers(of: open) {
                if genesis == wanted {
                    logger.info(
                        "beacon node is of the cluster's chain", metadata: ["node": "\(questions.nodes[node])"])
                    questions.use(members.insert([node]))
                } else {
                    tellForeign(node, "genesis \(genesis.validatorsRoot) at \(genesis.time)", told)
                }
            }
            do { try await questions.sleep(Self.lookEvery) } catch { return }
        }
    }

    /// Asks all nodes until one is of the cluster's chain.
    private func agree(_ told: ToldOnce) async throws -> Genesis {
        var backoff = Self.backoff
        var generator = SystemRandomNumberGenerator()
        while true {
            let answers = await answers(of: Array(questions.nodes.indices)) { told.note("\($0)", logger) }
            try Task.checkCancellation()
            let verdict = GenesisVerdict(answers, forkVersion: forkVersion, network: network)
            for (node, why) in verdict.foreign { tellForeign(node, why, told) }
            if let agreed = verdict.agreed {
                if verdict.isUnlikeNetwork, let network {
                    logger.warning(
                        "genesis is not that of the network with this fork version; right for a private chain only",
                        metadata: ["network": "\(network.name)", "genesis_validators_root": "\(agreed.validatorsRoot)"])
                }
                questions.use(members.insert(verdict.members))
                return agreed
            }
            try await questions.sleep(backoff.next(using: &generator))
        }
    }

    /// The answers that came, in the nodes' order.
    private func answers(
        of nodes: [Int], failed: @escaping @Sendable (BeaconError) -> Void = { _ in }
    ) async -> [(node: Int, genesis: Genesis)] {
        await withTaskGroup(of: (Int, Genesis)?.self) { group in
            for node in nodes {
                group.addTask {
                    do throws(BeaconError) { return (node, try await questions.genesis(node)) } catch {
                        failed(error)
                        return nil
                    }
                }
            }
            var answers: [(node: Int, genesis: Genesis)] = []
            for await answer in group { if let answer { answers.append(answer) } }
            return answers.sorted { $0.node < $1.node }
        }
    }

    private func untilAnswered<Answer: Sendable>(
        _ told: ToldOnce, _ call: () async throws(BeaconError) -> Answer
    ) async throws -> Answer {
        var backoff = Self.backoff
        var generator = SystemRandomNumberGenerator()
        while true {
            do throws(BeaconError) { return try await call() } catch {
                try Task.checkCancellation()
                told.note("\(error)", logger)
            }
            try await questions.sleep(backoff.next(using: &generator))
        }
    }

    private func tellForeign(_ node: Int, _ why: String, _ told: ToldOnce) {
        guard told.isNews("\(node) \(why)") else { return }
        logger.error(
            "beacon node is of another chain than the cluster and is not used",
            metadata: ["node": "\(questions.nodes[node])", "reason": "\(why)"])
    }
}

private final class Members: Sendable {
    private let nodes = Mutex<Set<Int>>([])

    func contains(_ node: Int) -> Bool { nodes.withLock { $0.contains(node) } }

    /// Returns all of them.
    func insert(_ new: Set<Int>) -> Set<Int> {
        nodes.withLock { nodes in
            nodes.formUnion(new)
            return nodes
        }
    }
}

/// What an operator has been told. The bound holds against nodes that answer something new each time.
private final class ToldOnce: Sendable {
    private static let linesMax = 64
    private let lines = Mutex<Set<String>>([])

    func isNews(_ line: String) -> Bool {
        lines.withLock { $0.count < Self.linesMax && $0.insert(line).inserted }
    }

    func note(_ reason: String, _ logger: Logger) {
        if isNews(reason) { logger.warning("waiting for a beacon node", metadata: ["reason": "\(reason)"]) }
    }
}
