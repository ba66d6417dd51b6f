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
        /// One for each attester duty and node.
        var work: [DutyWork] = []
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
    private let begun: Int64
    private let nodes: Int
    /// Operators whose node is started: the first of all.
    private let honest: Int

    init(
        folder: ScratchFolder, nodes: Int, honest: Int? = nil, validators: Int, slotDuration: Duration,
        slotsPerEpoch: UInt64
    ) throws {
        self.folder = folder
        self.nodes = nodes
        self.honest = honest ?? nodes
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
                    "--journal-file", directory + "/styx-journal.sqlite",
                    "--validator-keys-dir", directory + "/validator_keys", "--signer", "keystores",
                    "--accept-new-journal",
                    "--beacon-node-endpoints", "http://127.0.0.1:\(beaconPort)",
                    "--validator-api-address", "127.0.0.1:0",
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
            result.work += process.work().filter { duties.contains($0.key) }.map(\.value)
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
