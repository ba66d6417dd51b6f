import BLS
import Cluster
import SSZ

/// What a node with `--signer keystores` does at its start, and `combine` for every node.
enum KeystoreBenchmarks {
    private static let pbkdf2 = "keystore open, pbkdf2 2^18"
    private static let scrypt = "keystore open, scrypt 2^18"
    private static let scryptMemory = "keystore open, scrypt 2^18, memory"
    private static let memory = "keystore load directory, memory"
    private static func load(_ threads: Int) -> String { "keystore load directory, \(threads) threads" }

    static func run(_ bench: inout Bench) throws {
        guard bench.wantsAny(of: [pbkdf2, scrypt, scryptMemory, memory, load(1), load(2)]) else { return }
        var generator = SystemRandomNumberGenerator()
        let folder = try ScratchFolder()
        defer { folder.remove() }
        // One call takes long enough to be timed alone.
        let stopwatch = Stopwatch(windows: bench.isQuick ? 1 : 5, windowNanoseconds: 1)

        let key = SecretKey.random()
        let seed = Keystore.Seed(using: &generator)
        let json = try Keystore.encrypt(key, cost: .secure, seed)
        let open = { try require(Keystore.decrypt(json, password: seed.password).publicKey == key.publicKey, "open") }
        if bench.wants(pbkdf2) {
            bench.record(pbkdf2, n: 1, try stopwatch.microseconds(open) / 1000, "ms", .thread, budget: .atMost(60))
        }
        let openScrypt = { keep(try Keystore.decrypt(Array(scryptVector.utf8), password: Array("testpassword".utf8))) }
        if bench.wants(scrypt) {
            bench.record(scrypt, n: 1, try stopwatch.microseconds(openScrypt) / 1000, "ms", .thread)
        }
        if bench.wants(scryptMemory) {
            bench.record(scryptMemory, n: 1, try PeakMemory.mebibytes(openScrypt), "MiB", nil)
        }
        try directories(&bench, folder)
    }

    private static func directories(_ bench: inout Bench, _ folder: ScratchFolder) throws {
        var generator = SystemRandomNumberGenerator()
        let n = bench.isQuick ? 10 : 100
        let keys = (0..<n).map { _ in SecretKey.random() }
        let path = folder.path("keys")
        try KeystoreDirectory.store(keys, in: path, cost: .secure, concurrency: 2, using: &generator)
        for threads in [1, 2] where bench.wants(load(threads)) {
            let start = Clock.wall.nanoseconds
            let loaded = try KeystoreDirectory.loadSequenced(path, concurrency: threads)
            let seconds = Double(Clock.wall.nanoseconds - start) / 1e9
            try require(loaded.count == n && loaded[0].publicKey == keys[0].publicKey, "load keystores")
            bench.record(load(threads), n: n, Double(n) / seconds, "keys/s", .wall)
        }
        guard bench.wants(memory) else { return }
        let many = 1000
        let cheap = folder.path("cheap")
        try KeystoreDirectory.store(
            (0..<many).map { _ in SecretKey.random() }, in: cheap, cost: .insecure, concurrency: 2, using: &generator)
        let grown = try PeakMemory.mebibytes { keep(try KeystoreDirectory.loadSequenced(cheap, concurrency: 2)) }
        bench.record(memory, n: many, grown, "MiB", nil)
    }

    /// The secret 5, by Python's hashlib and OpenSSL.
    private static let scryptVector = """
        {"crypto": {"kdf": {"function": "scrypt", "params": {"dklen": 32, "n": 262144, "r": 8, "p": 1,
          "salt": "1b32c28cb38c05480eccc1bd60ff97029b57a05c96718b96dad7e9d84894f549"}},
         "checksum": {"function": "sha256",
          "message": "36ab30ab2e57c98ba9e9f865ac4bfd0b8988dd99ae1a965463a9f7b100ccc428"},
         "cipher": {"function": "aes-128-ctr", "params": {"iv": "1b32c28cb38c05480eccc1bd60ff9702"},
          "message": "82b906ceede61eb582989452766709fa95fdc675126b915579e2636e237923e2"}}}
        """
}
