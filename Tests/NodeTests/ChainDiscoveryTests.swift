import BeaconAPI
import Ethereum
import Logging
import SSZ
import Synchronization
import Testing

@testable import Node

@Suite("which chain the cluster is on")
struct ChainDiscoveryTests {
    private static let hoodi = Genesis(
        time: 1_742_213_400, validatorsRoot: Network.hoodi.genesisValidatorsRoot ?? .zero,
        forkVersion: Network.hoodi.genesisForkVersion)
    private static func genesis(root: UInt8 = 1, time: UInt64 = 5, version: ForkVersion? = nil) -> Genesis {
        Genesis(time: time, validatorsRoot: Root(padding: [root]), forkVersion: version ?? hoodi.forkVersion)
    }

    private static func judge(_ answers: [Genesis], network: Network? = .hoodi) -> GenesisVerdict {
        GenesisVerdict(
            answers.enumerated().map { ($0.offset, $0.element) }, forkVersion: hoodi.forkVersion, network: network)
    }

    @Test("a node of another network is named, whatever the others say")
    func forkVersion() {
        let mainnet = Self.genesis(version: Network.mainnet.genesisForkVersion)
        let verdict = Self.judge([mainnet, mainnet, Self.hoodi])
        #expect(verdict.agreed == Self.hoodi && verdict.members == [2] && !verdict.isUnlikeNetwork)
        #expect(verdict.foreign.map(\.node) == [0, 1])
        #expect(verdict.foreign.allSatisfy { $0.why.contains("0x00000000") && $0.why.contains("hoodi") })
        let none = Self.judge([mainnet])
        #expect(none.agreed == nil && none.members.isEmpty)
    }

    @Test("the public network's genesis wins over any number of others")
    func knownNetwork() {
        let other = Self.genesis()
        let verdict = Self.judge([other, Self.hoodi, other])
        #expect(verdict.agreed == Self.hoodi && verdict.members == [1])
        #expect(verdict.foreign.map(\.node) == [0, 2])
        // The right root with another time is another chain, too.
        var late = Self.hoodi
        late.time += 12
        #expect(Self.judge([late, Self.hoodi]).members == [1])
    }

    @Test("on a private chain most nodes are right, of as many the first")
    func majority() {
        let (a, b) = (Self.genesis(root: 1), Self.genesis(root: 2))
        let borrowed = Self.judge([a, b, b])
        #expect(borrowed.agreed == b && borrowed.members == [1, 2] && borrowed.isUnlikeNetwork)
        #expect(borrowed.foreign.map(\.node) == [0])
        let unknown = Self.judge([a, b], network: nil)
        #expect(unknown.agreed == a && !unknown.isUnlikeNetwork)
    }

    // MARK: Asking

    /// Beacon nodes that answer from a script: a list of answers each, the last one for ever.
    private final class Script: Sendable {
        private let answers: [[Genesis?]]
        private let asked = Mutex<[Int: Int]>([:])
        private let uses = Mutex<[Set<Int>]>([])
        private let naps = Mutex(0)
        let specVersion = Mutex([Network.hoodi.genesisForkVersion])

        init(_ answers: [[Genesis?]]) { self.answers = answers }

        var used: [Set<Int>] { uses.withLock { $0 } }
        var sleeps: Int { naps.withLock { $0 } }

        /// - Parameter napsMax: then sleeping ends as if cancelled.
        func discovery(napsMax: Int = 100, log: LineLog = LineLog()) -> ChainDiscovery {
            let questions = ChainDiscovery.Questions(
                nodes: answers.indices.map { "http://node\($0)" },
                genesis: { [self] node async throws(BeaconError) in
                    let turn = asked.withLock { asked in
                        defer { asked[node, default: 0] += 1 }
                        return asked[node, default: 0]
                    }
                    guard let genesis = answers[node][min(turn, answers[node].count - 1)] else {
                        throw BeaconError(endpoint: "genesis", node: "http://node\(node)", cause: .timeout)
                    }
                    return genesis
                },
                spec: { [self] () async throws(BeaconError) in
                    let version = specVersion.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                    let entry = ForkSchedule.Entry(fork: .phase0, version: version, epoch: 0)
                    guard let forks = try? ForkSchedule([entry]) else {
                        throw BeaconError(endpoint: "spec", node: "", cause: .malformed("forks"))
                    }
                    return ChainSpec(forks: forks)
                },
                syncing: { () async throws(BeaconError) in SyncingStatus(headSlot: 1, syncDistance: 0, isSyncing: false)
                },
                use: { [self] nodes in uses.withLock { $0.append(nodes) } },
                sleep: { [self] _ in
                    let count = naps.withLock { naps in
                        naps += 1
                        return naps
                    }
                    if count > napsMax { throw CancellationError() }
                })
            return ChainDiscovery(
                questions: questions, forkVersion: ChainDiscoveryTests.hoodi.forkVersion, network: .hoodi,
                logger: Logger(label: "test") { _ in log })
        }
    }

    /// Keeps what was logged at warning and above.
    private final class LineLog: LogHandler, Sendable {
        private let kept = Mutex<[String]>([])
        var lines: [String] { kept.withLock { $0 } }
        var logLevel: Logger.Level {
            get { .warning }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            kept.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }

    @Test("waits for nodes in any order, and uses those of the chain only")
    func waits() async throws {
        let mainnet = Self.genesis(version: Network.mainnet.genesisForkVersion)
        let script = Script([[nil, nil, mainnet], [nil, nil, nil, Self.hoodi], [nil]])
        let log = LineLog()
        let (chain, root) = try await script.discovery(log: log).learn()
        #expect(root == Self.hoodi.validatorsRoot)
        #expect(chain.clock.genesis == Network.hoodi.genesisTime)
        #expect(script.used == [[1]])
        #expect(script.sleeps == 3)
        // One line for each reason, not for each attempt.
        #expect(log.lines.filter { $0.contains("waiting for a beacon node") }.count == 3)
        #expect(log.lines.filter { $0.contains("another chain") && $0.contains("node0") }.count == 1)
    }

    @Test("no node of the chain: the node waits and says so, it never ends")
    func neverEnds() async throws {
        let script = Script([[Self.genesis(version: Network.mainnet.genesisForkVersion)]])
        let log = LineLog()
        await #expect(throws: CancellationError.self) { try await script.discovery(napsMax: 20, log: log).learn() }
        #expect(script.used.isEmpty && log.lines.count == 1)
    }

    @Test("a specification of another chain is not taken")
    func specification() async throws {
        let script = Script([[Self.hoodi]])
        script.specVersion.withLock { $0 = [Network.mainnet.genesisForkVersion, Self.hoodi.forkVersion] }
        let (chain, _) = try await script.discovery().learn()
        #expect(chain.spec.forks.genesisVersion == Self.hoodi.forkVersion && script.sleeps == 1)
    }

    @Test("a node that comes later is looked at before it is used")
    func later() async throws {
        let script = Script([[Self.hoodi], [nil, nil, Self.hoodi], [nil, nil, Self.genesis()]])
        let log = LineLog()
        let discovery = script.discovery(napsMax: 8, log: log)
        let (chain, root) = try await discovery.learn()
        await discovery.watch(chain, root: root)
        #expect(script.used == [[0], [0, 1]])
        #expect(log.lines.filter { $0.contains("another chain") }.count == 1)
    }
}
