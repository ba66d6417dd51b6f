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
    struct Result: Sendable {
        /// Milliseconds, one for each node and duty.
        var decided: [Double] = []
        var broadcast: [Double] = []
        /// Milliseconds from a third into the slot until the beacon node had the first copy, one per attestation.
        var included: [Double] = []
        /// Of one core, over the counted slots; the highest of all nodes.
        var cpuPercent = 0.0
        var memoryMiB = 0.0
        /// Of one core, milliseconds for each duty and node.
        var cpuPerDuty = 0.0
        /// For each duty and node.
        var handOffs = 0.0
        var commits = 0.0
        /// From the first process's start to the last one's "ready".
        var readySeconds = 0.0
        /// From before keys were made.
        var firstSeconds = 0.0
    }

    private let folder: ScratchFolder
    private let program: String
    private let creation: ClusterCreation
    private let chain: DemoChain
    private let threads: CryptoThreads
    private let begun: Int64
    private let nodes: Int

    init(
        folder: ScratchFolder, nodes: Int, validators: Int, slotDuration: Duration, slotsPerEpoch: UInt64
    ) throws {
        self.folder = folder
        self.nodes = nodes
        begun = Clock.wall.nanoseconds
        program = try Self.styx()
        var options = ClusterOptions()
        options.name = "styx benchmarks"
        options.nodes = nodes
        options.validators = validators
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
        chain = try DemoChain(
            DemoChain.Options(
                pubKeys: try creation.lock.validators.map { try PublicKey(bytes: $0.publicKey).bytes },
                genesis: genesis, slotDuration: slotDuration, slotsPerEpoch: slotsPerEpoch),
            verifier: SignatureVerifier(threads: threads))
    }

    /// The `styx` that was built beside this program.
    private static func styx() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("styx").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchmarkError("\(path) is missing: build it with `swift build -c release --product styx`")
        }
        return path
    }

    // MARK: - Running

    func measure(slots: UInt64) async throws -> Result {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let result = try await withThrowingTaskGroup(of: Result?.self) { group in
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
                return try await measure(slots: slots, beaconPort: port)
            }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
        try await threads.shutdown()
        return result
    }

    private func measure(slots: UInt64, beaconPort: Int) async throws -> Result {
        var result = Result()
        let processes = try startNodes(beaconPort: beaconPort)
        defer { processes.forEach { $0.stop() } }
        try await complete(processes, &result)

        // Duties of the slot under way may have begun without some node.
        let clock = chain.clock
        let now = SystemClock.now()
        let first = Slot(clock.slot(at: now).map { $0.rawValue + 1 } ?? 0)
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
        // What was due in the last slot was due two thirds of a slot ago.
        let duties = try await judge(first.rawValue..<end.rawValue, processes, &result)
        result.cpuPerDuty = cpuSeconds * 1000 / Double(max(1, duties) * nodes)
        let work = processes.map { $0.work() }.filter { $0.duties > 0 }
        let done = work.reduce(0) { $0 + $1.duties }
        result.handOffs = work.reduce(0) { $0 + $1.handOffs } / max(1, done)
        result.commits = work.reduce(0) { $0 + $1.commits } / max(1, done)
        return result
    }

    private func startNodes(beaconPort: Int) throws -> [NodeProcess] {
        let ports = try FreePorts.take(nodes)
        return try (0..<nodes).map { index in
            let directory = folder.path("cluster/node\(index)")
            let peers = (0..<nodes).filter { $0 != index }.map { peer in
                "/ip4/127.0.0.1/tcp/\(ports[peer])/p2p/\(PeerID(creation.nodes[peer].identity.publicKey))"
            }
            return try NodeProcess(
                program: program,
                arguments: [
                    "--lock-file", directory + "/cluster-lock.json",
                    "--private-key-file", directory + "/charon-enr-private-key",
                    "--journal-file", directory + "/styx-journal.sqlite",
                    "--validator-keys-dir", directory + "/validator_keys", "--signer", "keystores",
                    "--accept-new-journal",
                    "--beacon-node-endpoints", "http://127.0.0.1:\(beaconPort)",
                    "--validator-api-address", "127.0.0.1:0",
                    "--p2p-relays", "", "--p2p-tcp-address", "127.0.0.1:\(ports[index])", "--p2p-peers",
                    peers.joined(separator: ","),
                ], log: folder.path("node\(index).log"))
        }
    }

    /// Waits until all nodes are ready and know each other.
    private func complete(_ processes: [NodeProcess], _ result: inout Result) async throws {
        let start = processes.map(\.started).min() ?? 0
        while result.readySeconds == 0 || !processes.allSatisfy({ $0.peers == nodes - 1 }) {
            for process in processes { try process.requireRunning() }
            let seconds = Double(Clock.wall.nanoseconds - start) / 1e9
            if result.readySeconds == 0, processes.allSatisfy(\.isReady) { result.readySeconds = seconds }
            guard seconds < 120 else { throw BenchmarkError("the cluster did not come together within two minutes") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// - Returns: how many duties there were.
    private func judge(
        _ slots: Range<UInt64>, _ processes: [NodeProcess], _ result: inout Result
    ) async throws -> Int {
        for rejection in await chain.rejections {
            throw BenchmarkError("the chain refused an attestation of slot \(rejection.slot): \(rejection.why)")
        }
        var duties: Set<String> = []
        for slot in slots.map({ Slot($0) }) {
            let (expected, included) = (chain.duties(in: slot).count, await chain.inclusions(slot))
            try require(included.count == expected, "\(included.count) of \(expected) attestations in slot \(slot)")
            result.included += included.map { $0.delay / .milliseconds(1) }
            if expected > 0 { duties.insert("\(Duty.attester(slot: slot))") }
        }
        for process in processes {
            result.decided += process.decided().filter { duties.contains($0.key) }.map(\.value)
            result.broadcast += process.broadcast().filter { duties.contains($0.key) }.map(\.value)
        }
        try require(result.decided.count == duties.count * nodes, "\(result.decided.count) decisions in the logs")
        if let one = await chain.allInclusions().min(by: { $0.slot < $1.slot }) {
            let due = chain.clock.start(of: one.slot) + chain.clock.slotDuration / 3
            let ago = (SystemClock.now() - (due + one.delay)) / .seconds(1)
            result.firstSeconds = Double(Clock.wall.nanoseconds - begun) / 1e9 - ago
        }
        return duties.count
    }
}
