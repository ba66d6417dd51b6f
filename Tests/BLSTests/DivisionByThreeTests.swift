import CBlst
import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct DivisionByThreeTests {
    @Test("three thirds of a point are the point", arguments: 0..<20 as Range<UInt64>)
    func thirds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let point = blst_p2(SecretKey.random(using: &generator).sign([1]).point)
        let third = point.third()
        #expect(third.multiplied(by: 3).affine.compressed == point.affine.compressed)
        #expect(
            third.affine.compressed
                == point.multiplied(by: blst_fr(3).inverse.littleEndianBytes, bits: 255).affine.compressed)
    }

    @Test("in G1 as well, and infinity stays infinity")
    func others() {
        let point = blst_p1(SecretKey.random().publicKey.point)
        #expect(point.third().multiplied(by: 3).affine.compressed == point.affine.compressed)
        #expect(blst_p2().third().isInfinity)
    }

    @Test("a point outside the subgroup recovers to nothing")
    func outside() throws {
        let good = SecretKey.random().sign([1])
        for row in KnownAnswers.rows("bad_signatures") {
            guard let bytes = try? Bytes96(hex: row["bytes"]?.string ?? ""),
                let stranger = try? UncheckedSignature(bytes)
            else { continue }
            var batch = RecoveryBatch()
            batch.add([1: UncheckedSignature(good), 2: stranger, 4: UncheckedSignature(good)])
            #expect(batch.recover() == [.failure(.notInSubgroup)])
        }
    }
}
