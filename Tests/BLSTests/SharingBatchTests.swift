import CBlst
import TestSupport
import Testing

@testable import BLS

@Suite struct SharingBatchTests {
    /// A key with the public shares of all holders, index 1 first.
    struct Row {
        var key: PublicKey
        var shares: [PublicKey]
    }

    private func rows(_ count: Int, threshold: Int, shares: Int, seed: UInt64 = 1) throws -> [Row] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { _ in
            let secret = SecretKey.random(using: &generator)
            let split = try secret.split(threshold: threshold, shares: shares, using: &generator)
            return Row(
                key: secret.publicKey, shares: split.sorted { $0.key < $1.key }.map { $0.value.publicKey })
        }
    }

    private func wrongOnes(_ rows: [Row], threshold: Int, shares: Int) -> [Int] {
        var batch = SharingBatch(threshold: threshold, shares: shares)
        for row in rows { batch.add(row.key, shares: row.shares) }
        #expect(batch.count == rows.count)
        var generator = SeededGenerator(seed: 77)
        return batch.wrongOnes(using: &generator)
    }

    @Test("right sharings pass, whatever their number", arguments: [0, 1, 2, 3, 8, 33])
    func right(count: Int) throws {
        #expect(wrongOnes(try rows(count, threshold: 3, shares: 4), threshold: 3, shares: 4) == [])
    }

    @Test("passes the sizes of clusters", arguments: [(2, 3), (3, 4), (5, 7), (7, 10), (9, 13), (22, 33), (1, 1)])
    func sizes(threshold: Int, shares: Int) throws {
        // One share alone cannot be split: the key itself is the share.
        let all =
            threshold == 1
            ? try rows(4, threshold: 2, shares: 2).map { Row(key: $0.key, shares: [$0.key]) }
            : try rows(4, threshold: threshold, shares: shares)
        #expect(wrongOnes(all, threshold: threshold, shares: shares) == [])
        #expect(wrongOnes(all, threshold: shares + 1, shares: shares) == [0, 1, 2, 3])
        #expect(wrongOnes(all, threshold: 0, shares: shares) == [0, 1, 2, 3])
        if threshold > 1 { #expect(wrongOnes(all, threshold: threshold - 1, shares: shares) == [0, 1, 2, 3]) }
    }

    @Test("names the wrong ones among right ones", arguments: [[0], [8], [3, 4], [0, 2, 5, 8], Array(0..<9)])
    func names(wrong: [Int]) throws {
        var all = try rows(9, threshold: 3, shares: 4)
        for (n, i) in wrong.enumerated() { all[i].shares[n % 4] = try shifted(all[i].shares[n % 4], by: n + 1) }
        #expect(wrongOnes(all, threshold: 3, shares: 4) == wrong)
    }

    @Test("a wrong key is as wrong as a wrong share, and swapped shares are wrong")
    func other() throws {
        let good = try rows(5, threshold: 3, shares: 4)
        var all = good
        all[2].key = try shifted(all[2].key, by: 1)
        #expect(wrongOnes(all, threshold: 3, shares: 4) == [2])
        all = good
        all[4].shares.swapAt(0, 3)
        #expect(wrongOnes(all, threshold: 3, shares: 4) == [4])
        // The shares of another key: both are sharings, of the wrong key.
        all = good
        (all[0].shares, all[1].shares) = (good[1].shares, good[0].shares)
        #expect(wrongOnes(all, threshold: 3, shares: 4) == [0, 1])
    }

    @Test("errors that cancel out do not hide each other")
    func cancelling() throws {
        var all = try rows(6, threshold: 3, shares: 4)
        all[1].shares[3] = try shifted(all[1].shares[3], by: 5)
        all[4].shares[3] = try shifted(all[4].shares[3], by: -5)
        #expect(wrongOnes(all, threshold: 3, shares: 4) == [1, 4])
    }

    /// The point plus so many times the generator.
    private func shifted(_ key: PublicKey, by steps: Int) throws -> PublicKey {
        var sum = blst_p1(key.point)
        for _ in 0..<abs(steps) { sum.add(steps < 0 ? blst_p1.negated(BLS12_381_G1) : BLS12_381_G1) }
        return try PublicKey(sum)
    }
}
