import BLS
import Cluster
import Demo
import DutyWorkflow
import Ethereum
import Foundation
import Libp2p
import Node
import Program

/// Keys, chain and node processes of one measurement.
struct ProcessCluster {
    /// What is measured.
    struct Setting: Sendable {
        var nodes = 4
        /// Operators whose node is started, the first of all; nil starts everybody's.
        var honest: Int?
        let validators: Int
        let slotDuration: Duration
        let slotsPerEpoch: UInt64
        var duties = DemoDuties.attester
        var payload = DemoPayload.small
        var makesBlindedBlocks = true
        /// Where the journals lie; nil for each beside its node's keys.
        var journals: ScratchFolder?
        /// What does not count before the slots that do; nil for what the duties need.
        var warmUpSlots: UInt64?
    }

    /// Times of one type of duty, in milliseconds.
    struct Times: Sendable {
        /// One for each node and duty, like the next two.
        var decided: [Double] = []
        var broadcast: [Double] = []
        /// For the disk, in all commits until the duty was done.
        var waited: [Double] = []
        /// From the start of the duty until the beacon node had the first copy, one for each validator.
        var included: [Double] = []
    }

    struct Result: Sendable {
        var times: [DutyType: Times] = [:]
        /// From the moment the first node could have a block until the first node handed it in, one for each slot.
        var fetchToBroadcast: [Double] = []
        /// Percent of all decisions.
        var firstRoundPercent = 0.0
        /// Of one core, over the counted slots; the highest of all nodes.
        var cpuPercent = 0.0
        var memoryMiB = 0.0
        /// Of `/metrics` of the first node.
        var scrape = MetricsScrape()
        /// Of one core, milliseconds for each duty and node.
        var cpuPerDuty = 0.0
        /// One for each attester duty and node.
        var work: [DutyWork] = []
        /// Of the journal, in each slot on average, for everything that it does; one for each node. Of all duties only.
        var commitsPerSlot: [Double] = []
        /// From the first process's start to the last one's "ready".
        var readySeconds = 0.0
        /// From before keys were made.
        var firstSeconds = 0.0
    }

    let folder: ScratchFolder
    private let program: String
    let creation: ClusterCreation
    let chain: DemoChain
    private let threads: CryptoThreads
    private let expectations: DemoExpectations
    private let begun: Int64
    private let nodes: Int
    /// Operators whose node is started: the first of all.
    private let honest: Int
    /// Where the first node serves its metrics.
    private let monitoringPort: Int
    /// Slots that do not count. At genesis nodes sign the selections of a whole epoch at once; later they spread them over
    /// the half epoch before.
    private let warmUpSlots: UInt64
    private let journals: ScratchFolder?

    init(_ setting: Setting, folder: ScratchFolder) throws {
        self.folder = folder
        nodes = setting.nodes
        honest = setting.honest ?? setting.nodes
        warmUpSlots = setting.warmUpSlots ?? (setting.duties == .all ? 2 : 0)
        journals = setting.journals
        monitoringPort = try FreePorts.take(1)[0]
        begun = Clock.wall.nanoseconds
        program = try Self.styx()
        var options = ClusterOptions()
        options.name = "styx benchmarks"
        options.nodes = nodes
        options.validators = setting.validators
        options.feeRecipients = ["0x" + String(repeating: "11", count: 20)]
        options.withdrawalAddresses = ["0x" + String(repeating: "22", count: 20)]
        options.network = .hoodi  // the demo chain's fork version
        options.insecureKeys = true
        var random = SystemRandomNumberGenerator()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        creation = try ClusterCreation(options, now: SystemClock.now(), using: &random)
        try creation.write(to: folder.path("cluster"), concurrency: cores, using: &random)
        threads = CryptoThreads(threads: cores)
        let genesis = Instant(unixSeconds: UInt64(SystemClock.now().unixSeconds) + 4)
        var wanted = DemoChain.Options(
            pubKeys: try creation.lock.validators.map { try PublicKey(bytes: $0.publicKey).bytes },
            genesis: genesis, slotDuration: setting.slotDuration, slotsPerEpoch: setting.slotsPerEpoch)
        wanted.duties = setting.duties
        wanted.payload = setting.payload
        wanted.makesBlindedBlocks = setting.makesBlindedBlocks
        chain = try DemoChain(wanted, verifier: SignatureVerifier(threads: threads))
        expectations = try DemoExpectations(chain, creation)
    }

    /// The `styx` that was built beside this program.
    static func styx() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("styx").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchmarkError("\(path) is missing: build it with `swift build -c release --product styx`")
        }
        return path
    }

    // MARK: - Running

    func measure(slots: UInt64) async throws -> Result {
        try await withNodes { processes, _ in try await measure(slots: slots, processes) }
    }

    /// Runs chain and nodes as long as `body` does, which gets the nodes with their addresses before they are complete.
    func withNodes<Value: Sendable>(
        _ body: @escaping @Sendable ([NodeProcess], [Multiaddr]) async throws -> Value
    ) async throws -> Value {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let result = try await withThrowingTaskGroup(of: Value?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await DemoBeaconNode(chain: chain, port: 0) { announce.yield($0) }.run()
                return nil
            }
            group.addTask {
                await Interruption.wait()
                throw BenchmarkError("interrupted")
            }
            group.addTask {
                guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
                let (processes, addresses) = try startNodes(beaconPort: port)
                defer { processes.forEach { $0.stop() } }
                return try await body(processes, addresses)
            }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
        try await threads.shutdown()
        return result
    }

    private func measure(slots: UInt64, _ processes: [NodeProcess]) async throws -> Result {
        var result = Result()
        result.readySeconds = try await complete(processes)

        // Duties of the slot under way may have begun without some node.
        let clock = chain.clock
        let now = SystemClock.now()
        let first = (clock.slot(at: now).map { $0 + 1 } ?? .zero) + warmUpSlots
        let end = Slot(first.rawValue + slots)
        try await Task.sleep(for: clock.start(of: first) - now)
        let cpu = try processes.map { try $0.cpuSeconds() }
        let start = Clock.wall.nanoseconds
        try await Task.sleep(for: clock.start(of: end) - SystemClock.now())
        let seconds = Double(Clock.wall.nanoseconds - start) / 1e9
        var cpuSeconds = 0.0
        for (process, before) in zip(processes, cpu) {
            try process.requireRunning()
            cpuSeconds += try process.cpuSeconds() - before
            result.cpuPercent = max(result.cpuPercent, (try process.cpuSeconds() - before) / seconds * 100)
            result.memoryMiB = max(result.memoryMiB, try process.residentMiB())
        }
        result.scrape = try MetricsScrape(of: processes[0], port: monitoringPort)
        // What was due late in the last slot.
        try await Task.sleep(for: clock.start(of: end) + clock.slotDuration / 2 - SystemClock.now())
        let duties = try await judge(first.rawValue..<end.rawValue, processes, &result)
        result.cpuPerDuty = cpuSeconds * 1000 / Double(max(1, duties) * nodes)
        return result
    }

    private func startNodes(beaconPort: Int) throws -> ([NodeProcess], [Multiaddr]) {
        let ports = try FreePorts.take(honest)
        let addresses = zip(ports, creation.nodes).map { port, node in
            Multiaddr([.ip4(0x7f00_0001), .tcp(UInt16(port)), .p2p(PeerID(node.identity.publicKey))])
        }
        let processes = try (0..<honest).map { index in
            let directory = folder.path("cluster/node\(index)")
            let peers = addresses.enumerated().filter { $0.offset != index }.map { "\($0.element)" }
            return try NodeProcess(
                program: program,
                arguments: [
                    "--lock-file", directory + "/cluster-lock.json",
                    "--private-key-file", directory + "/charon-enr-private-key",
                    "--journal-file", journals?.path("node\(index).sqlite") ?? directory + "/styx-journal.sqlite",
                    "--validator-keys-dir", directory + "/validator_keys", "--signer", "keystores",
                    "--accept-new-journal",
                    "--beacon-node-endpoints", "http://127.0.0.1:\(beaconPort)",
                    "--validator-api-address", "127.0.0.1:0",
                    "--monitoring-address", index == 0 ? "127.0.0.1:\(monitoringPort)" : "",
                    "--p2p-relays", "", "--p2p-tcp-address", "127.0.0.1:\(ports[index])", "--p2p-peers",
                    peers.joined(separator: ","),
                ], log: folder.path("node\(index).log"))
        }
        return (processes, addresses)
    }

    /// Waits until all nodes are ready and have all others as peers.
    ///
    /// - Returns: seconds from the first start until all were ready.
    @discardableResult func complete(_ processes: [NodeProcess]) async throws -> Double {
        let start = processes.map(\.started).min() ?? 0
        var ready: Double?
        while true {
            for process in processes { try process.requireRunning() }
            let seconds = Double(Clock.wall.nanoseconds - start) / 1e9
            if ready == nil, processes.allSatisfy(\.isReady) { ready = seconds }
            if let ready, processes.allSatisfy({ $0.peers == nodes - 1 }) { return ready }
            guard seconds < 120 else { throw BenchmarkError("the cluster did not come together within two minutes") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// - Returns: how many duties there were.
    private func judge(
        _ slots: Range<UInt64>, _ processes: [NodeProcess], _ result: inout Result
    ) async throws -> Int {
        var summary = DemoSummary()
        await summary.judge(expectations, slots)
        if let rejection = summary.rejections.first { throw BenchmarkError("the chain refused \(rejection)") }
        if let missing = summary.missing.first { throw BenchmarkError("the chain misses \(missing)") }
        for (type, tally) in summary.tallies {
            result.times[type, default: Times()].included = tally.delays.map { $0 / .milliseconds(1) }
        }
        let duties = slots.flatMap { expectations.rows(in: Slot($0)).map(\.duty) }
        let attestations = Set(duties.filter { $0.type == .attester }.map { "\($0)" })
        var rounds: [Int] = []
        for process in processes {
            let (decided, broadcast, decisions) = (process.decided(), process.broadcast(), process.rounds())
            for duty in duties where duty.type.rules.isDecided {
                if let time = decided["\(duty)"] { result.times[duty.type]?.decided.append(time) }
                if let time = broadcast["\(duty)"] { result.times[duty.type]?.broadcast.append(time) }
                if let round = decisions["\(duty)"] { rounds.append(round) }
            }
            result.work += process.work().filter { attestations.contains($0.key) }.map(\.value)
            let waits = process.waits()
            for duty in duties {
                if let time = waits["\(duty)"] { result.times[duty.type]?.waited.append(time) }
            }
            // Each slot begins with a block.
            let commits = [slots.lowerBound, slots.upperBound].compactMap { slot in
                process.commits(until: "\(Duty(slot: Slot(slot), type: .proposer))")
            }
            if commits.count == 2 { result.commitsPerSlot.append((commits[1] - commits[0]) / Double(slots.count)) }
        }
        let attesting = duties.count { $0.type == .attester } * nodes
        let decided = result.times[.attester]?.decided.count ?? 0
        try require(decided == attesting, "\(decided) of \(attesting) decisions on attestations in the logs")
        result.firstRoundPercent = Double(rounds.count { $0 == 1 }) * 100 / Double(max(1, rounds.count))
        for slot in slots {
            if let time = await chain.fetchToBroadcast(Slot(slot)) {
                result.fetchToBroadcast.append(time / .milliseconds(1))
            }
        }
        if let one = await chain.firstAttestation {
            let ago = (SystemClock.now() - one.arrival) / .seconds(1)
            result.firstSeconds = Double(Clock.wall.nanoseconds - begun) / 1e9 - ago
        }
        return duties.count
    }
}
