import CBlst
import TestSupport
import Testing

@testable import BLS

@Suite struct LagrangeTests {
    @Test(
        "small cases as by hand",
        arguments: [
            ([1], [1], 1), ([1, 2], [2, -1], 1), ([1, 2, 3], [3, -3, 1], 1), ([1, 2, 4], [8, -6, 1], 3),
            ([1, 3, 4], [2, -2, 1], 1), ([2, 3, 4], [6, -8, 3], 1), ([5, 9], [9, -5], 4),
        ])
    func byHand(indexes: [Int], numerators: [Int], denominator: Int) throws {
        let fractions = try #require(LagrangeFractions(indexes))
        #expect(fractions.numerators == numerators)
        #expect(fractions.denominator == denominator)
    }

    @Test("fractions equal field elements", arguments: 0..<60 as Range<UInt64>, [0, 1, 5, 256])
    func agree(seed: UInt64, x: Int) throws {
        var generator = SeededGenerator(seed: seed)
        let indexes = Array((1...16).shuffled(using: &generator).prefix(Int.random(in: 1...9, using: &generator)))
        guard let fractions = LagrangeFractions(indexes, at: x) else {
            // Far beyond the shares numbers grow too large sooner; at zero they must not.
            #expect(x == 256)
            return
        }
        for (numerator, element) in zip(fractions.numerators, lagrangeElements(indexes, at: x)) {
            var (product, denominator, element) = (blst_fr(), blst_fr(fractions.denominator), element)
            blst_fr_mul(&product, &element, &denominator)
            #expect(product.littleEndianBytes == blst_fr(numerator).littleEndianBytes)
        }
    }

    @Test("all sets of 11 of 16 have short coefficients")
    func short() {
        #expect(choices(11, from: Array(1...16)[...]).allSatisfy { LagrangeFractions($0) != nil })
    }

    @Test("numbers too large are seen, not trapped on")
    func overflow() {
        #expect(LagrangeFractions(Array(1...60).map { $0 * 4 + $0 % 3 }) == nil)
        #expect(LagrangeFractions(Array(1...256)) == nil)
        #expect(LagrangeFractions([1, 256, 255, 3], at: .max) == nil)
    }
}
