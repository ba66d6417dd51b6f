import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct RecoveryBatchTests {
    private let root = SHA256.hash([8])

    private func partials(threshold: Int, shares: Int, seed: UInt64) throws -> (SecretKey, [Int: Signature]) {
        var generator = SeededGenerator(seed: seed)
        let secret = SecretKey.random(using: &generator)
        let split = try secret.split(threshold: threshold, shares: shares, using: &generator)
        return (secret, split.mapValues { $0.sign(root) })
    }

    @Test("recovers each, whatever the sets of shares", arguments: [(3, 4), (5, 7), (7, 10), (40, 60)])
    func recovers(threshold: Int, shares: Int) throws {
        var batch = RecoveryBatch()
        var expected: [Signature] = []
        for seed in 0..<6 as Range<UInt64> {
            let (secret, all) = try partials(threshold: threshold, shares: shares, seed: seed)
            var generator = SeededGenerator(seed: seed)
            let chosen = Set((1...shares).shuffled(using: &generator).prefix(threshold))
            let unchecked = try all.filter { chosen.contains($0.key) }.mapValues { try UncheckedSignature($0.bytes) }
            batch.add(unchecked)
            expected.append(secret.sign(root))
        }
        #expect(try batch.recover().map { try $0.get() } == expected)
    }

    @Test("one that fails leaves the others alone")
    func failures() throws {
        let (secret, all) = try partials(threshold: 3, shares: 4, seed: 9)
        let good = all.filter { $0.key != 2 }.mapValues { UncheckedSignature($0) }
        let one = SecretKey.random()
        let double = try SecretKey.sum([one, one])
        var batch = RecoveryBatch()
        batch.add { () throws(BLSError) in throw .badEncoding }
        batch.add(good)
        batch.add([:])
        batch.add([0: UncheckedSignature(one.sign(root))])
        batch.add([1: UncheckedSignature(one.sign(root)), 2: UncheckedSignature(double.sign(root))])
        batch.add(good)
        let signature = RecoveryBatch.Outcome.success(secret.sign(root))
        #expect(
            batch.recover() == [
                .failure(.badEncoding), signature, .failure(.emptySet), .failure(.shareIndexOutOfRange(0)),
                .failure(.infinity), signature,
            ])
        #expect(RecoveryBatch().recover().isEmpty)
    }

    @Test("a share outside the subgroup spoils its own result only")
    func outside() throws {
        let (secret, all) = try partials(threshold: 3, shares: 4, seed: 10)
        let good = all.filter { $0.key != 4 }.mapValues { UncheckedSignature($0) }
        var batch = RecoveryBatch()
        let strangers = KnownAnswers.rows("bad_signatures").compactMap { row -> UncheckedSignature? in
            guard let bytes = try? Bytes96(hex: row["bytes"]?.string ?? "") else { return nil }
            return try? UncheckedSignature(bytes)
        }
        try #require(!strangers.isEmpty, "some bad signatures lie on the curve")
        for stranger in strangers {
            #expect(failure { () throws(BLSError) in try Signature(stranger.bytes) } == .notInSubgroup)
            batch.add(good.merging([2: stranger]) { _, new in new })
        }
        batch.add(good)
        let outcomes = batch.recover()
        for outcome in outcomes.dropLast() { #expect(outcome == .failure(.notInSubgroup)) }
        #expect(outcomes.last == .success(secret.sign(root)))
    }

    @Test("decoding refuses what is no point, and infinity")
    func decoding() {
        #expect(failure { () throws(BLSError) in try UncheckedSignature(.zero) } == .badEncoding)
        let infinity = Bytes96([0xc0] + [UInt8](repeating: 0, count: 95)) ?? .zero
        #expect(failure { () throws(BLSError) in try UncheckedSignature(infinity) } == .infinity)
    }
}
