import Cluster
import Ethereum
import Foundation

/// What a node does before anything else: read the lock and see whether it can be trusted.
enum ClusterBenchmarks {
    private static let load = "cluster load and verify lock of 7 operators"
    private static let memory = "cluster load and verify lock of 7 operators, memory"
    private static let parse = "cluster parse lock of 7 operators"
    private static let hash = "cluster hash lock of 7 operators"
    private static let keys = "cluster decode keys of lock of 7 operators"
    private static let write = "cluster write lock of 7 operators"

    static func run(_ bench: inout Bench) throws {
        guard bench.wantsAny(of: [load, memory, parse, hash, keys, write]) else { return }
        let n = bench.isQuick ? 50 : 1000
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let path = folder.path(LockFile.name)
        let json = try lock(validators: n).encoded()
        try Data(json).write(to: URL(fileURLWithPath: path))

        let lock = try Lock(json: json)
        try require(lock.withHashes() == lock, "the lock changed on its way")
        // One call takes seconds: three windows are enough.
        let stopwatch = Stopwatch(windows: 3, windowNanoseconds: 2_000_000)
        func time(_ name: String, budget: Measurement.Budget? = nil, _ body: () throws -> Void) throws {
            guard bench.wants(name) else { return }
            bench.record(name, n: n, try stopwatch.microseconds(body) / 1e6, "s", .thread, budget: budget)
        }
        try time(parse) { keep(try Lock(json: json)) }
        try time(write) { keep(try lock.encoded()) }
        try time(hash) { keep(try lock.withHashes()) }
        try time(keys) { keep(try ClusterKeys(lock)) }
        try time(load, budget: .atMost(5)) { keep(try LockFile.load(path)) }
        guard bench.wants(memory) else { return }
        bench.record(memory, n: n, try PeakMemory.mebibytes { keep(try LockFile.load(path)) }, "MiB", nil)
    }

    private static func lock(validators: Int) throws -> Lock {
        var options = ClusterOptions()
        options.name = "benchmark"
        options.nodes = 7
        options.validators = validators
        options.feeRecipients = ["0x000000000000000000000000000000000000dEaD"]
        options.withdrawalAddresses = options.feeRecipients
        options.network = .hoodi
        options.insecureKeys = true
        var generator = SystemRandomNumberGenerator()
        return try ClusterCreation(options, now: Instant(unixSeconds: 1_795_467_579), using: &generator).lock
    }
}
