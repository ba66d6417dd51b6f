import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct SignatureBatchTests {
    /// `n` right entries, entry i over message i modulo `messages`.
    struct Entries {
        var secrets: [SecretKey] = []
        var keys: [PublicKey] = []
        var messages: [Bytes32] = []
        var signatures: [Bytes96] = []

        init(_ n: Int, messages count: Int = 1) {
            var generator = SeededGenerator(seed: UInt64(n))
            for i in 0..<n {
                let secret = SecretKey.random(using: &generator)
                let message = SHA256.hash([UInt8(i % count)])
                secrets.append(secret)
                keys.append(secret.publicKey)
                messages.append(message)
                signatures.append(secret.sign(message).bytes)
            }
        }

        /// Positions refused, and the reasons, of the batch from bytes.
        func refused(seed: UInt64 = 5) -> [Int: BLSError] {
            var generator = SeededGenerator(seed: seed)
            return refused(using: &generator)
        }

        func refused(using generator: inout some RandomNumberGenerator) -> [Int: BLSError] {
            var batch = SignatureBatch()
            for i in keys.indices { batch.add(signatures[i], by: keys[i], over: messages[i]) }
            var refused: [Int: BLSError] = [:]
            for (i, outcome) in batch.verify(using: &generator).enumerated() {
                switch outcome {
                case .success(let signature): #expect(signature.bytes == signatures[i])
                case .failure(let error): refused[i] = error
                }
            }
            return refused
        }
    }

    @Test("an empty batch has no outcomes")
    func empty() {
        #expect(SignatureBatch().verify().isEmpty)
    }

    @Test(
        "accepts right signatures",
        arguments: [(1, 1), (2, 1), (3, 1), (16, 1), (93, 1), (2, 2), (7, 7), (20, 3), (40, 40)])
    func accepts(n: Int, messages: Int) {
        #expect(Entries(n, messages: messages).refused().isEmpty)
    }

    @Test(
        "names exactly the wrong ones",
        arguments: [
            (1, [0]), (2, [0]), (2, [1]), (2, [0, 1]), (3, [1]), (5, [4]), (16, [0, 15]), (17, [16]),
            (31, Array(0..<31)), (64, [7, 8, 9, 40]), (93, [46]), (93, [0, 1, 45, 46, 47, 92]),
        ], [1, 3, 100])
    func names(row: (n: Int, wrong: [Int]), messages: Int) {
        var entries = Entries(row.n, messages: messages)
        let stranger = SecretKey.random()
        for i in row.wrong { entries.signatures[i] = stranger.sign(entries.messages[i]).bytes }
        let expected = Dictionary(uniqueKeysWithValues: row.wrong.map { ($0, BLSError.signatureNotVerified) })
        #expect(entries.refused() == expected)
    }

    @Test("names bytes that are no signature, and judges the others all the same")
    func undecodable() throws {
        var entries = Entries(9, messages: 2)
        for (i, row) in zip([0, 3, 8], KnownAnswers.rows("bad_signatures").suffix(3)) {
            entries.signatures[i] = try Bytes96(hex: row["bytes"]?.string ?? "")
        }
        entries.signatures[5] = entries.signatures[7]
        #expect(
            entries.refused() == [
                0: .notInSubgroup, 3: .notInSubgroup, 5: .signatureNotVerified, 8: .notInSubgroup,
            ])
    }

    @Test("refuses the right signature over another message, and by another key")
    func misattributed() {
        var entries = Entries(8, messages: 2)
        entries.messages.swapAt(0, 1)
        entries.keys.swapAt(4, 6)
        #expect(Set(entries.refused().keys) == [0, 1, 4, 6])
    }

    /// A generator that makes every coefficient 1, which is what a batch without coefficients would be.
    private struct NoRandomness: RandomNumberGenerator {
        mutating func next() -> UInt64 { 0 }
    }

    @Test(
        "refuses signatures shifted by +P and -P, whose sum is right", arguments: [(2, 0, 1), (4, 1, 2), (93, 3, 90)])
    func shifted(n: Int, i: Int, j: Int) throws {
        var entries = Entries(n)
        let shift = SecretKey.random().sign(entries.messages[0])
        entries.signatures[i] = try Signature.aggregate([Signature(entries.signatures[i]), shift]).bytes
        entries.signatures[j] = try Signature.aggregate([Signature(entries.signatures[j]), negated(shift)]).bytes
        #expect(Set(entries.refused().keys) == [i, j])
        var none = NoRandomness()
        #expect(entries.refused(using: &none).isEmpty, "the attack is a real one")
    }

    @Test("refuses swapped signatures, whose sum is right", arguments: [(2, 0, 1), (16, 3, 12)])
    func swapped(n: Int, i: Int, j: Int) {
        var entries = Entries(n)
        entries.signatures.swapAt(i, j)
        #expect(Set(entries.refused().keys) == [i, j])
    }

    @Test("the same entry twice is right twice")
    func duplicates() {
        var entries = Entries(3)
        entries.keys += entries.keys
        entries.messages += entries.messages
        entries.signatures += entries.signatures
        #expect(entries.refused().isEmpty)
    }

    @Test("keys that cancel out do not upset it")
    func cancellingKeys() throws {
        var entries = Entries(2)
        var bytes = entries.keys[0].bytes.bytes
        bytes[0] ^= 0x20
        entries.keys[1] = try PublicKey(bytes: bytes)
        entries.signatures[1] = try negated(Signature(entries.signatures[0])).bytes
        #expect(entries.refused().isEmpty)
        var none = NoRandomness()
        #expect(entries.refused(using: &none).isEmpty, "both sums are infinity")
        entries.signatures.swapAt(0, 1)
        #expect(Set(entries.refused().keys) == [0, 1])
    }

    @Test("the outcome does not depend on the coefficients", arguments: 0..<20 as Range<UInt64>)
    func seeds(seed: UInt64) {
        var entries = Entries(11, messages: 4)
        entries.signatures[6] = entries.signatures[5]
        #expect(entries.refused(seed: seed) == [6: .signatureNotVerified])
    }

    @Test("whether all hold", arguments: [1, 2, 40], [1, 3])
    func allHold(n: Int, messages: Int) {
        var entries = Entries(n, messages: messages)
        func batch() -> SignatureBatch {
            var batch = SignatureBatch()
            for i in entries.keys.indices {
                batch.add(entries.signatures[i], by: entries.keys[i], over: entries.messages[i])
            }
            return batch
        }
        #expect(batch().allHold())
        let last = entries.signatures[n - 1]
        entries.signatures[n - 1] = SecretKey.random().sign(entries.messages[n - 1]).bytes
        #expect(!batch().allHold())
        entries.signatures[n - 1] = .zero
        #expect(!batch().allHold(), "no point")
        entries.signatures[n - 1] = last
        #expect(batch().allHold())
        #expect(SignatureBatch().allHold())
    }

    @Test("with few pairings allowed, refuses every wrong one and what was not looked at", arguments: 1...9)
    func bounded(pairings: Int) {
        var entries = Entries(32)
        let wrong = Set([3, 4, 17, 30])
        for i in wrong { entries.signatures[i] = SecretKey.random().sign(entries.messages[i]).bytes }
        var batch = SignatureBatch()
        for i in entries.keys.indices {
            batch.add(entries.signatures[i], by: entries.keys[i], over: entries.messages[i])
        }
        let outcomes = batch.verify(pairings: pairings)
        #expect(wrong.isSubset(of: outcomes.indices.filter { (try? outcomes[$0].get()) == nil }))
    }
}
