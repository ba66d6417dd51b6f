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
        if bench.wants(draw) { bench.record(draw, n: n, try seconds { keep(try cluster(n)) }, "s", .wall) }
        if bench.wants(insecure) {
            bench.record(insecure, n: n, try seconds { try create(n, isInsecure: true) }, "s", .wall)
        }
        if bench.wants(secure) {
            bench.record(secure, n: n, try seconds { try create(n, isInsecure: false) }, "s", .wall)
        }
        guard bench.wants(memory) else { return }
        let peak = try PeakMemory.mebibytes { try create(n, isInsecure: true) }
        bench.record(memory, n: n, peak, "MiB", nil)
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

    /// Several threads work, so only the clock on the wall counts.
    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = Clock.wall.nanoseconds
        try body()
        return Double(Clock.wall.nanoseconds - start) / 1e9
    }
}
