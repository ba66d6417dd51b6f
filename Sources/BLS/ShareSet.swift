import CBlst

/// Shares by index, ready for interpolation: not empty, indexes distinct and in range, ascending.
///
/// All shares given are used. As many as the threshold, or more, of one sharing give the same value; fewer
/// give a well-formed but wrong one. Callers count.
struct ShareSet<Share> {
    let indexes: [Int]
    let shares: [Share]

    /// Indexes are distinct, ascending and in range; a share for each.
    init(indexes: [Int], shares: [Share]) {
        self.indexes = indexes
        self.shares = shares
    }

    /// Throws `emptySet` or `shareIndexOutOfRange`.
    init(_ shares: [Int: Share]) throws(BLSError) {
        guard !shares.isEmpty else { throw .emptySet }
        indexes = shares.keys.sorted()
        for index in indexes where !(1...shareIndexMax).contains(index) { throw .shareIndexOutOfRange(index) }
        self.shares = shares.sorted { $0.key < $1.key }.map(\.value)
    }
}

/// Highest share index: Charon's limit of operators in a cluster. Also keeps interpolation bounded.
package let shareIndexMax = 256

extension ShareSet {
    /// The value at `x` of the polynomial through the shares, which are points of one curve.
    func interpolate<P: CurvePoint>(at x: Int = 0) -> P where P.Affine == Share {
        guard let fractions = LagrangeFractions(indexes, at: x) else { return interpolateWithLongScalars(at: x) }
        let sum = P.shortSum(Array(zip(fractions.numerators, shares)))
        if fractions.denominator == 1 { return sum }
        var inverse = blst_fr(fractions.denominator)
        withUnsafeMutablePointer(to: &inverse) { blst_fr_eucl_inverse($0, $0) }
        return sum.multiplied(by: inverse.littleEndianBytes, bits: 255)
    }

    /// The same for indexes whose coefficients are not short.
    func interpolateWithLongScalars<P: CurvePoint>(at x: Int = 0) -> P where P.Affine == Share {
        let scalars = lagrangeElements(indexes, at: x).flatMap(\.littleEndianBytes)
        return shares.withUnsafeBufferPointer { P.multiScalarSum($0, scalars: scalars, bits: 255) }
    }
}
