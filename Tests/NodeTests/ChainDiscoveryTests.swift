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
        /// By node and turn, the last one for ever, nil for silence; phase0 alone for nodes without.
        let specs = Mutex<[Int: [ChainSpec?]]>([:])
        let statuses = Mutex<[Int: SyncingStatus]>([:])
        let idle = Mutex<[Set<Int>]>([])
        let specQuestions = Mutex(0)

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
                specOf: { [self] node async throws(BeaconError) in
                    specQuestions.withLock { $0 += 1 }
                    // Empty for nodes without.
                    let scripted: [ChainSpec?] = specs.withLock { specs in
                        let turn = Array(specs[node, default: []].prefix(1))
                        if specs[node, default: []].count > 1 { specs[node]?.removeFirst() }
                        return turn
                    }
                    if let spec = scripted.compactMap({ $0 }).first { return spec }
                    guard scripted.isEmpty else {
                        throw BeaconError(endpoint: "spec", node: "http://node\(node)", cause: .timeout)
                    }
                    let version = specVersion.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                    let entry = ForkSchedule.Entry(fork: .phase0, version: version, epoch: 0)
                    guard let forks = try? ForkSchedule([entry]) else {
                        throw BeaconError(endpoint: "spec", node: "", cause: .malformed("forks"))
                    }
                    return ChainSpec(forks: forks)
                },
                syncingOf: { [self] node async throws(BeaconError) in
                    statuses.withLock { $0[node] } ?? SyncingStatus(headSlot: 1, syncDistance: 0, isSyncing: false)
                },
                syncing: { () async throws(BeaconError) in SyncingStatus(headSlot: 1, syncDistance: 0, isSyncing: false)
                },
                use: { [self] nodes in uses.withLock { $0.append(nodes) } },
                setIdle: { [self] nodes in idle.withLock { $0.append(nodes) } },
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
        let reasons = Mutex<[String]>([])
        let (chain, root) = try await script.discovery(log: log).learn { why in reasons.withLock { $0.append(why) } }
        #expect(root == Self.hoodi.validatorsRoot)
        // Each attempt's, for whoever asks in between; names of nodes stay in the log.
        #expect(reasons.withLock { $0.filter { $0 == "http request timeout" }.count } == 9)
        #expect(reasons.withLock { $0.allSatisfy { !$0.contains("node") || $0.contains("another chain") } })
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

    @Test("a question that was given up, because the node ends, is no reason to wait", arguments: [true, false])
    func givenUp(isCancelled: Bool) {
        let log = LineLog()
        let reasons = Mutex<[String]>([])
        let told = ToldOnce { why in reasons.withLock { $0.append(why) } }
        let error = BeaconError(endpoint: "genesis", node: "", cause: isCancelled ? .cancelled : .timeout)
        told.note(error, Logger(label: "test") { _ in log })
        #expect(log.lines.isEmpty == isCancelled && reasons.withLock { $0.isEmpty } == isCancelled)
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
        await discovery.watch(chain, root: root, slot: { 1 }) { _ in }
        #expect(script.used == [[0], [0, 1]])
        #expect(log.lines.filter { $0.contains("another chain") }.count == 1)
    }

    // MARK: Forks

    private static func spec(fulu: Epoch) throws -> ChainSpec {
        try SpecVerdictTests.spec(fulu: fulu, genesis: hoodi.forkVersion)
    }

    /// Watches until the script's naps are over; each look is in the next epoch if `epochs`, else all in one.
    private static func forks(
        _ script: Script, napsMax: Int, epochs: Bool = true, log: LineLog = LineLog(),
        during: @escaping @Sendable (ChainDiscovery, Int) -> Void = { _, _ in }
    ) async throws -> [Epoch] {
        let discovery = script.discovery(napsMax: napsMax, log: log)
        let (chain, root) = try await discovery.learn()
        let looks = Mutex(0)
        let changes = Mutex<[Epoch]>([])
        await discovery.watch(chain, root: root) {
            // Asked twice in each look.
            let calls = looks.withLock { looks in
                looks += 1
                return looks
            }
            if calls % 2 == 0 { during(discovery, calls / 2) }
            return Slot(epochs ? UInt64(calls / 2) * 32 : 1)
        } onForksChanged: { forks in
            changes.withLock { $0.append(forks.epoch(of: .fulu)) }
        }
        return changes.withLock { $0 }
    }

    @Test("exits are of the Capella version that is known of the network, or else that the beacon node says")
    func exitVersion() throws {
        let (told, known) = (ForkVersion(padding: [4]), ForkVersion(padding: [9]))
        let forks = try ForkSchedule([
            .init(fork: .phase0, version: .zero, epoch: 0), .init(fork: .capella, version: told, epoch: 3),
        ])
        func version(_ capella: ForkVersion?, isKnown: Bool = true) -> ForkVersion {
            let network = Network(
                name: "mine", chainID: 7, genesisForkVersion: .zero, genesisTime: Instant(unixSeconds: 1),
                capellaForkVersion: capella, slotDuration: .seconds(12))
            return ChainDiscovery(
                questions: Script([]).discovery().questions, forkVersion: .zero, network: isKnown ? network : nil,
                logger: Logger(label: "test") { _ in LineLog() }
            ).exitVersion(of: forks)
        }
        #expect(version(nil) == told && version(nil, isKnown: false) == told && version(known) == known)
    }

    @Test("a fork that is added, moved or withdrawn is followed in the next epoch")
    func followsForks() async throws {
        let script = Script([[Self.hoodi]])
        let (never, five, nine) = (
            try Self.spec(fulu: .farFuture), try Self.spec(fulu: 5), try Self.spec(fulu: 9)
        )
        // The first is what the start reads.
        script.specs.withLock { $0 = [0: [never, never, nine, nine, five, never]] }
        let changes = try await Self.forks(script, napsMax: 6)
        #expect(changes == [9, 5, .farFuture])
    }

    @Test("within an epoch forks are read once, and again when a node was away")
    func readsOnce() async throws {
        let quiet = Script([[Self.hoodi]])
        _ = try await Self.forks(quiet, napsMax: 6, epochs: false)
        #expect(quiet.specQuestions.withLock { $0 } == 2)
        let script = Script([[Self.hoodi]])
        _ = try await Self.forks(script, napsMax: 6, epochs: false) { discovery, look in
            if look == 3 { discovery.reconnections.note(0) }
        }
        #expect(script.specQuestions.withLock { $0 } == 3)
    }

    @Test("a beacon node that disagrees is named once, and when it agrees again; the others are followed")
    func disagreement() async throws {
        let script = Script([[Self.hoodi], [Self.hoodi], [Self.hoodi]])
        let (seven, nine) = (try Self.spec(fulu: 7), try Self.spec(fulu: 9))
        script.specs.withLock { $0 = [0: [seven], 1: [nine, nine, nine, nine, seven], 2: [seven]] }
        let log = LineLog()
        let changes = try await Self.forks(script, napsMax: 6, log: log)
        #expect(changes.isEmpty)
        let lines = log.lines.filter { $0.contains("disagrees") }
        #expect(
            lines.count == 1 && lines[0].contains("node1") && lines[0].contains("fulu at epoch 9 instead of at epoch 7")
        )
    }

    @Test("a node that is away leaves the forks not to one that disagrees; who disagrees is named, not who was away")
    func lastWords() async throws {
        let script = Script([[Self.hoodi], [Self.hoodi]])
        let (seven, nine) = (try Self.spec(fulu: 7), try Self.spec(fulu: 9))
        // The first is what the start reads: of as many the first configured is right.
        script.specs.withLock { $0 = [0: [seven, nil, nil, seven], 1: [nine]] }
        let log = LineLog()
        let changes = try await Self.forks(script, napsMax: 5, log: log)
        #expect(changes.isEmpty)
        let lines = log.lines.filter { $0.contains("disagrees") }
        #expect(lines.count == 1 && lines[0].contains("http://node1"))
        // It changes its mind: now nobody says what we go by.
        let changed = Script([[Self.hoodi], [Self.hoodi]])
        changed.specs.withLock { $0 = [0: [seven, nil, nine], 1: [nine]] }
        let moved = try await Self.forks(changed, napsMax: 5)
        #expect(moved == [9])
    }

    @Test("other constants are told once, not taken; that they are as before again is told, too")
    func constants() async throws {
        let script = Script([[Self.hoodi]])
        let spec = try Self.spec(fulu: 7)
        var slower = spec
        slower.slotDuration = .seconds(5)
        script.specs.withLock { $0 = [0: [spec, slower, slower, slower, spec]] }
        let log = LineLog()
        let changes = try await Self.forks(script, napsMax: 6, log: log)
        #expect(changes.isEmpty)
        #expect(log.lines.filter { $0.contains("restart this node") }.count == 1)
        #expect(log.lines.filter { $0.contains("no restart is needed") }.count == 1)
    }

    @Test("a beacon node that lies about the chain does not hold up the start")
    func lyingSpec() async throws {
        let script = Script([[Self.hoodi], [Self.hoodi]])
        let wrong = try SpecVerdictTests.spec(fulu: 7, genesis: Network.mainnet.genesisForkVersion)
        let right = try Self.spec(fulu: 7)
        script.specs.withLock { $0 = [0: [wrong], 1: [right]] }
        let (chain, _) = try await script.discovery(napsMax: 0).learn()
        #expect(chain.spec == right)
    }

    @Test("a node that stops following the chain is asked last and told once, until it follows again")
    func idle() async throws {
        let script = Script([[Self.hoodi], [Self.hoodi]])
        let log = LineLog()
        _ = try await Self.forks(script, napsMax: 9, epochs: false, log: log) { _, look in
            script.statuses.withLock { statuses in
                statuses[1] = SyncingStatus(headSlot: 1, syncDistance: 7, isSyncing: (3...5).contains(look))
            }
        }
        let idle = script.idle.withLock { $0 }
        #expect(idle.contains([1]) && idle.first == [] && idle.last == [])
        #expect(log.lines.filter { $0.contains("asked last") && $0.contains("node1") }.count == 1)
    }

    @Test("of two nodes one stands still and does not know it: that is told once, and again when it happens again")
    func apart() async throws {
        let script = Script([[Self.hoodi], [Self.hoodi]])
        let log = LineLog()
        _ = try await Self.forks(script, napsMax: 9, log: log) { _, look in
            // For the next look, whose slot it is.
            script.statuses.withLock { statuses in
                for node in 0...1 {
                    let isFrozen = node == 1 && [3, 4, 5, 7].contains(look)
                    statuses[node] = SyncingStatus(
                        headSlot: isFrozen ? 1 : Slot(UInt64(look) * 32), syncDistance: 0, isSyncing: false)
                }
            }
        }
        #expect(log.lines.filter { $0.contains("may stand still") && $0.contains("node1") }.count == 2)
        #expect(script.idle.withLock { $0.allSatisfy(\.isEmpty) })
    }
}
