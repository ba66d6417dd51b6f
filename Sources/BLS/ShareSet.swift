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
        Interpolation(indexes, at: x).value(of: shares)
    }

    /// The same for indexes whose coefficients are not short.
    func interpolateWithLongScalars<P: CurvePoint>(at x: Int = 0) -> P where P.Affine == Share {
        Interpolation.long(lagrangeElements(indexes, at: x).flatMap(\.littleEndianBytes)).value(of: shares)
    }
}

/// What the values at given indexes are multiplied by to get the value at one place.
enum Interpolation: Sendable {
    /// Whole numbers, then one division.
    case short(numerators: [Int], Division)
    /// 32 bytes for each index, little-endian, where numbers are not short.
    case long([UInt8])

    enum Division: Sendable {
        case none
        case byThree
        /// Little-endian.
        case timesInverse([UInt8])

        init(by denominator: Int) {
            switch denominator {
            case 1: self = .none
            case 3: self = .byThree
            default: self = .timesInverse(blst_fr(denominator).inverse.littleEndianBytes)
            }
        }
    }

    /// `indexes` are distinct, ascending and in range.
    init(_ indexes: [Int], at x: Int = 0) {
        guard let fractions = LagrangeFractions(indexes, at: x) else {
            self = .long(lagrangeElements(indexes, at: x).flatMap(\.littleEndianBytes))
            return
        }
        self = .short(numerators: fractions.numerators, Division(by: fractions.denominator))
    }

    /// `shares` in the order of the indexes.
    func value<P: CurvePoint>(of shares: [P.Affine]) -> P {
        switch self {
        case .short(let numerators, let division):
            let sum = P.shortSum(Array(zip(numerators, shares)))
            switch division {
            case .none: return sum
            case .byThree: return sum.third()
            case .timesInverse(let inverse): return sum.multiplied(by: inverse, bits: 255)
            }
        case .long(let scalars):
            return shares.withUnsafeBufferPointer { P.multiScalarSum($0, scalars: scalars, bits: 255) }
        }
    }
}
