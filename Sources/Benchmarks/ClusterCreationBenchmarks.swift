import Cluster
import Ethereum
import Foundation

/// `create cluster`: draw and split keys, sign, verify, encrypt, write.
enum ClusterCreationBenchmarks {
    private static let nodes = 4
    private static let draw = "cluster create 4 nodes, keys and signatures"
    private static let insecure = "cluster create 4 nodes, insecure keystores"
    private static let secure = "cluster create 4 nodes, secure keystores"
    private static let memory = "cluster create 4 nodes, memory"

    static func run(_ bench: inout Bench) throws {
        guard bench.wantsAny(of: [draw, insecure, secure, memory]) else { return }
        let n = bench.isQuick ? 5 : 100
        if bench.wants(memory) {
            let peak = try PeakMemory.mebibytes { try create(n, isInsecure: true) }
            bench.record(memory, n: n, peak, "MiB", nil)
        }
        try time(&bench, draw, n) { keep(try cluster(n)) }
        try time(&bench, insecure, n) { try create(n, isInsecure: true) }
        try time(&bench, secure, n) { try create(n, isInsecure: false) }
    }

    /// What the user waits, and what the work costs on all threads together.
    private static func time(_ bench: inout Bench, _ name: String, _ n: Int, _ body: () throws -> Void) throws {
        guard bench.wants(name) else { return }
        let start = (wall: Clock.wall.nanoseconds, work: Clock.process.nanoseconds)
        try body()
        bench.record(name, n: n, Double(Clock.wall.nanoseconds - start.wall) / 1e9, "s", .wall)
        bench.record(name, n: n, Double(Clock.process.nanoseconds - start.work) / 1e9, "s", .process)
    }

    private static func cluster(_ validators: Int, isInsecure: Bool = true) throws -> ClusterCreation {
        var options = ClusterOptions()
        options.name = "benchmark"
        options.nodes = nodes
        options.validators = validators
        options.feeRecipients = ["0x000000000000000000000000000000000000dEaD"]
        options.withdrawalAddresses = options.feeRecipients
        options.network = .hoodi
        options.insecureKeys = isInsecure
        var generator = SystemRandomNumberGenerator()
        return try ClusterCreation(options, now: Instant(unixSeconds: 1_795_467_579), using: &generator)
    }

    private static func create(_ validators: Int, isInsecure: Bool) throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        var generator = SystemRandomNumberGenerator()
        let creation = try cluster(validators, isInsecure: isInsecure)
        try creation.write(
            to: folder.path("cluster"), concurrency: ProcessInfo.processInfo.activeProcessorCount, using: &generator)
        let last = folder.path("cluster/node\(nodes - 1)/\(LockFile.name)")
        try require(FileManager.default.fileExists(atPath: last), "no cluster was written")
    }
}
