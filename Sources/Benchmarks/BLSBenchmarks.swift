import BLS
import SSZ

/// What the crypto threads of a node do all day.
enum BLSBenchmarks {
    private static let single = "bls verify single from bytes"
    private static let batch = "bls verify batch same root, per signature"
    private static let ratio = "bls verify 93 singly / in a batch"
    private static let mixed = "bls verify batch own roots, per signature"

    static func run(_ bench: inout Bench) throws {
        try signing(&bench)
        try verification(&bench)
        for (threshold, shares, budget) in [(3, 4, 100.0), (5, 7, 200.0), (7, 10, 300.0)] {
            try recovery(&bench, threshold: threshold, shares: shares, budget: budget)
        }
        try slot(&bench)
    }

    private static func key(_ number: Int) throws -> SecretKey {
        try SecretKey(keyMaterial: SHA256.hash(Array("benchmark \(number)".utf8)).bytes)
    }

    private static let root = SHA256.hash([1, 2, 3])

    private static func signing(_ bench: inout Bench) throws {
        let key = try key(0)
        bench.time("bls sign", n: 1) { keep(key.sign(root)) }
        bench.time("bls public key of secret", n: 1) { keep(key.publicKey) }
        let publicKey = key.publicKey.bytes
        try bench.time("bls decode public key", n: 1) { keep(try PublicKey(publicKey)) }
        let signature = key.sign(root).bytes
        try bench.time("bls decode signature", n: 1) { keep(try Signature(signature)) }
    }

    /// One partial signature of one share.
    private struct Claim {
        let key: PublicKey
        let bytes: Bytes96
        let ownRoot: Root
        let ownBytes: Bytes96
    }

    private static func verification(_ bench: inout Bench) throws {
        guard bench.wantsAny(of: [single, batch, ratio, mixed]) else { return }
        let claims = try (0..<512).map { number in
            let key = try key(number)
            let ownRoot = SHA256.hash(Array("root \(number)".utf8))
            return Claim(
                key: key.publicKey, bytes: key.sign(root).bytes, ownRoot: ownRoot, ownBytes: key.sign(ownRoot).bytes)
        }

        let alone = {
            try require(claims[0].key.verify(try Signature(claims[0].bytes), over: root), "a signature failed")
        }
        try bench.time(single, n: 1) { try alone() }
        for n in [1, 16, 93, 512] {
            try bench.time(batch, n: n, per: n) { try verify(claims.prefix(n)) }
        }
        if bench.wants(ratio) {
            let times = try bench.stopwatch.ratio(
                of: { for _ in 0..<93 { try alone() } }, to: { try verify(claims.prefix(93)) })
            bench.record(ratio, n: 93, times, "times", nil, budget: .atLeast(8))
        }
        for n in [16, 93] {
            try bench.time(mixed, n: n, per: n) { try verify(claims.prefix(n), isSameRoot: false) }
        }
    }

    /// Decoding and subgroup checks included, as signatures come from the network.
    private static func verify(_ claims: ArraySlice<Claim>, isSameRoot: Bool = true) throws {
        var batch = SignatureBatch()
        for claim in claims {
            if isSameRoot {
                batch.add(claim.bytes, by: claim.key, over: root)
            } else {
                batch.add(claim.ownBytes, by: claim.key, over: claim.ownRoot)
            }
        }
        for outcome in batch.verify() { keep(try outcome.get()) }
    }

    private static func recovery(_ bench: inout Bench, threshold: Int, shares: Int, budget: Double) throws {
        let mean = "bls recover \(threshold) of \(shares), mean over subsets"
        let worst = "bls recover \(threshold) of \(shares), worst subset"
        guard bench.wantsAny(of: [mean, worst]) else { return }
        let secret = try key(7)
        let whole = secret.sign(root)
        let partials = try secret.split(threshold: threshold, shares: shares).mapValues { $0.sign(root) }
        // Shorter windows: there are up to 120 subsets.
        let stopwatch = Stopwatch(windows: bench.isQuick ? 2 : 10, windowNanoseconds: 2_000_000)
        let costs = try subsets(of: Array(1...shares), size: threshold).map { subset in
            let chosen = partials.filter { subset.contains($0.key) }
            try require(try Signature.recover(from: chosen) == whole, "recovery from \(subset) is wrong")
            return try stopwatch.microseconds { keep(try Signature.recover(from: chosen)) }
        }
        bench.record(
            mean, n: threshold, costs.reduce(0, +) / Double(costs.count), "µs", .thread, budget: .atMost(budget))
        bench.record(worst, n: threshold, costs.max() ?? 0, "µs", .thread)
    }

    private static func subsets(of items: [Int], size: Int) -> [[Int]] {
        guard size > 0 else { return [[]] }
        guard let first = items.first, items.count >= size else { return [] }
        let rest = Array(items.dropFirst())
        return subsets(of: rest, size: size - 1).map { [first] + $0 } + subsets(of: rest, size: size)
    }

    // MARK: - A slot of one node

    private static let signing = "bls sign 125 validators, one root"
    private static let decoding = "bls decode 250 shares for recovery"
    private static let combining = "bls combine 125 validators, 3 of 4, from decoded"
    private static let signingWall = "bls sign 125 validators, one root, all threads"
    private static let combiningWall = "bls combine 125 validators, 3 of 4, all threads"

    /// What 125 validators with one slot cost a node of four: it signs, decodes two peers' shares, combines and
    /// verifies.
    private static func slot(_ bench: inout Bench) throws {
        guard bench.wantsAny(of: [signing, decoding, combining, signingWall, combiningWall]) else { return }
        let slot = try BenchmarkSlot(validators: 125)
        let own = slot.validators.map { $0.shares[0] }
        bench.time(signing, n: 125) {
            keep(MessagePoint(slot.root, keys: own.count).sign(with: own))
        }
        try bench.time(decoding, n: 250) {
            for partials in slot.partials {
                for share in [2, 4] { if let bytes = partials[share] { keep(try UncheckedSignature(bytes)) } }
            }
        }
        for shares in [[1, 2, 3], [1, 2, 4]] {
            let points = try slot.partials.map { partials in
                try partials.filter { shares.contains($0.key) }.mapValues { try UncheckedSignature($0) }
            }
            let name = shares == [1, 2, 3] ? combining : combining + ", worst shares"
            try bench.time(name, n: 125) {
                var recovery = RecoveryBatch()
                for partials in points { recovery.add(partials) }
                var batch = SignatureBatch()
                for (outcome, validator) in zip(recovery.recover(), slot.validators) {
                    batch.add(try outcome.get(), by: validator.key, over: slot.root)
                }
                for outcome in batch.verify() { keep(try outcome.get()) }
            }
        }
        try slot.onAllThreads(&bench, sign: signingWall, combine: combiningWall)
    }
}
