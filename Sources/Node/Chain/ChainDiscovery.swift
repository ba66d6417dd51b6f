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
        /// What one node is asked for.
        typealias OfNode<Answer> = @Sendable (_ node: Int) async throws(BeaconError) -> Answer

        /// Names of all nodes, primary ones first.
        var nodes: [String]
        var genesis: OfNode<Genesis>
        var specOf: OfNode<ChainSpec>
        var syncingOf: OfNode<SyncingStatus>
        /// Of any node in use.
        var syncing: @Sendable () async throws(BeaconError) -> SyncingStatus
        var use: @Sendable (_ nodes: Set<Int>) -> Void
        /// Nodes to ask last.
        var setIdle: @Sendable (_ nodes: Set<Int>) -> Void
        var sleep: @Sendable (Duration) async throws -> Void

        init(
            nodes: [String], genesis: @escaping OfNode<Genesis>, specOf: @escaping OfNode<ChainSpec>,
            syncingOf: @escaping OfNode<SyncingStatus>,
            syncing: @escaping @Sendable () async throws(BeaconError) -> SyncingStatus,
            use: @escaping @Sendable (Set<Int>) -> Void, setIdle: @escaping @Sendable (Set<Int>) -> Void,
            sleep: @escaping @Sendable (Duration) async throws -> Void
        ) {
            self.nodes = nodes
            self.genesis = genesis
            self.specOf = specOf
            self.syncingOf = syncingOf
            self.syncing = syncing
            self.use = use
            self.setIdle = setIdle
            self.sleep = sleep
        }

        init(_ client: BeaconClient) {
            self.init(
                nodes: client.nodes.map(\.description),
                genesis: { node async throws(BeaconError) in try await client.genesis(of: node) },
                specOf: { node async throws(BeaconError) in try await client.spec(of: node) },
                syncingOf: { node async throws(BeaconError) in try await client.syncing(of: node) },
                syncing: { () async throws(BeaconError) in try await client.syncing() },
                use: { client.use(only: $0) }, setIdle: { client.setIdle($0) },
                sleep: { try await Task.sleep(for: $0) })
        }
    }

    private static let backoff = Backoff(base: .milliseconds(100), max: .seconds(5))

    let questions: Questions
    /// Of the cluster lock.
    let forkVersion: ForkVersion
    /// The lock's; nil for a network nobody knows.
    let network: Network?
    let logger: Logger
    let reconnections: Reconnections
    /// Nodes known to be of the cluster's chain.
    let members = Members()
    let words = LastWords()

    /// - Parameter reconnections: told by the client.
    init(
        questions: Questions, forkVersion: ForkVersion, network: Network?,
        reconnections: Reconnections = Reconnections(), logger: Logger
    ) {
        self.reconnections = reconnections
        self.questions = questions
        self.forkVersion = forkVersion
        self.network = network
        self.logger = logger
    }

    /// Returns once a node of the cluster's chain follows it.
    ///
    /// - Parameter waiting: called with each reason why that takes so long; without names of nodes.
    func learn(waiting: @escaping @Sendable (String) -> Void = { _ in }) async throws -> (ChainContext, Root) {
        let told = ToldOnce(waiting: waiting)
        let genesis = try await agree(told)
        let spec = try await agreeOnSpec(told)
        _ = try await untilAnswered(told) { () throws(BeaconError) in
            let status = try await questions.syncing()
            guard !status.isSyncing else {
                throw BeaconError(endpoint: BeaconEndpoint.syncing.name, node: "", cause: .syncing)
            }
            return status
        }
        let domains = SigningDomains(
            spec: spec, genesisValidatorsRoot: genesis.validatorsRoot, exitVersion: exitVersion(of: spec.forks))
        warn(aboutUnknownForkOf: spec)
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

    /// Exits are of Capella for ever; what that is on a chain nobody knows, its beacon nodes say.
    func exitVersion(of forks: ForkSchedule) -> ForkVersion {
        network?.capellaForkVersion ?? forks.version(of: .capella) ?? forkVersion
    }

    /// Asks all nodes until one is of the cluster's chain.
    private func agree(_ told: ToldOnce) async throws -> Genesis {
        var backoff = Self.backoff
        var generator = SystemRandomNumberGenerator()
        while true {
            let answers = await answers(of: Array(questions.nodes.indices), questions.genesis) {
                told.note($0, logger)
            }
            try Task.checkCancellation()
            let verdict = GenesisVerdict(
                answers.map { ($0.node, $0.answer) }, forkVersion: forkVersion, network: network)
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

    /// Asks the nodes of the chain until one describes it.
    private func agreeOnSpec(_ told: ToldOnce) async throws -> ChainSpec {
        var backoff = Self.backoff
        var generator = SystemRandomNumberGenerator()
        while true {
            let answers = await answers(of: members.all, questions.specOf) { told.note($0, logger) }
            try Task.checkCancellation()
            let verdict = SpecVerdict(words.note(answers), forkVersion: forkVersion, current: nil)
            if let agreed = verdict.agreed { return agreed }
            for (node, why) in verdict.dissenters.sorted(by: { $0.key < $1.key }) {
                told.note("spec at \(questions.nodes[node]): \(why)", logger, brief: why)
            }
            try await questions.sleep(backoff.next(using: &generator))
        }
    }

    /// The answers that came, in the nodes' order. A node that is slow or absent holds up its own answer's time-out only.
    func answers<Answer: Sendable>(
        of nodes: [Int], _ question: @escaping Questions.OfNode<Answer>,
        failed: @escaping @Sendable (BeaconError) -> Void = { _ in }
    ) async -> [(node: Int, answer: Answer)] {
        await withTaskGroup(of: (Int, Answer)?.self) { group in
            for node in nodes {
                group.addTask {
                    do throws(BeaconError) { return (node, try await question(node)) } catch {
                        failed(error)
                        return nil
                    }
                }
            }
            var answers: [(node: Int, answer: Answer)] = []
            for await answer in group { if let answer { answers.append((answer.0, answer.1)) } }
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
                told.note(error, logger)
            }
            try await questions.sleep(backoff.next(using: &generator))
        }
    }

    func tellForeign(_ node: Int, _ why: String, _ told: ToldOnce) {
        told.waiting("it is of another chain than the cluster: \(why)")
        guard told.isNews("\(node) \(why)") else { return }
        logger.error(
            "beacon node is of another chain than the cluster and is not used",
            metadata: ["node": "\(questions.nodes[node])", "reason": "\(why)"])
    }
}

/// Nodes, from any thread.
final class Members: Sendable {
    private let nodes = Mutex<Set<Int>>([])

    var all: [Int] { nodes.withLock { $0.sorted() } }

    func contains(_ node: Int) -> Bool { nodes.withLock { $0.contains(node) } }

    /// Returns all of them.
    func insert(_ new: Set<Int>) -> Set<Int> {
        nodes.withLock { nodes in
            nodes.formUnion(new)
            return nodes
        }
    }
}

/// What each node said last of the chain's forks and constants.
final class LastWords: Sendable {
    private let words = Mutex<[Int: ChainSpec]>([:])

    /// Returns those of all nodes that ever said something, in the nodes' order.
    func note(_ answers: [(node: Int, answer: ChainSpec)]) -> [(node: Int, spec: ChainSpec)] {
        words.withLock { words in
            for (node, spec) in answers { words[node] = spec }
            return words.sorted { $0.key < $1.key }.map { (node: $0.key, spec: $0.value) }
        }
    }
}

/// What an operator has been told. The bound holds against nodes that answer something new each time.
final class ToldOnce: Sendable {
    private static let linesMax = 64
    /// Told each time, for those who ask why.
    let waiting: @Sendable (String) -> Void
    private let lines = Mutex<Set<String>>([])

    init(waiting: @escaping @Sendable (String) -> Void = { _ in }) {
        self.waiting = waiting
    }

    func isNews(_ line: String) -> Bool {
        lines.withLock { $0.count < Self.linesMax && $0.insert(line).inserted }
    }

    /// A call that was given up, because the node ends, is no news.
    func note(_ error: BeaconError, _ logger: Logger) {
        if error.cause != .cancelled { note("\(error)", logger, brief: error.message) }
    }

    /// - Parameter brief: the reason without the node's name.
    func note(_ reason: String, _ logger: Logger, brief: String) {
        waiting(brief)
        if isNews(reason) { logger.warning("waiting for a beacon node", metadata: ["reason": "\(reason)"]) }
    }
}
