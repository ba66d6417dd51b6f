import CBlst

/// Lagrange coefficients at a place x: value(x) = sum over i of lambda_i * value(i), with
/// lambda_i = product over j != i of (j - x) / (j - i).
///
/// Share indexes are small whole numbers, so the coefficients are small fractions. Brought to one
/// denominator, a sum of points needs short multiplications only, and one division at the end.
struct LagrangeFractions {
    /// lambda_i * denominator, in the order of the indexes.
    let numerators: [Int]
    /// Positive.
    let denominator: Int

    /// Nil when a number would exceed 2^61: many shares far apart. `indexes` are distinct.
    init?(_ indexes: [Int], at x: Int = 0) {
        var fractions: [Fraction] = []
        var common = 1
        for i in indexes {
            var fraction = Fraction(numerator: 1, denominator: 1)
            for j in indexes where j != i {
                guard fraction.multiply(by: j - x, over: j - i) else { return nil }
            }
            fractions.append(fraction)
            guard let multiple = product(common / gcd(common, fraction.denominator), fraction.denominator) else {
                return nil
            }
            common = multiple
        }
        var numerators: [Int] = []
        for fraction in fractions {
            guard let numerator = product(fraction.numerator, common / fraction.denominator) else { return nil }
            numerators.append(numerator)
        }
        self.numerators = numerators
        denominator = common
    }

    private struct Fraction {
        /// No common factor, denominator positive.
        var numerator: Int
        var denominator: Int

        /// False on overflow. `bottom` is not zero.
        mutating func multiply(by top: Int, over bottom: Int) -> Bool {
            guard top != 0 else {
                (numerator, denominator) = (0, 1)
                return true
            }
            let own = gcd(top, bottom)
            let (top, bottom) = (bottom < 0 ? -top / own : top / own, abs(bottom) / own)
            let (first, second) = (gcd(numerator, bottom), gcd(top, denominator))
            guard let up = product(numerator / first, top / second),
                let down = product(denominator / second, bottom / first)
            else { return false }
            (numerator, denominator) = (up, down)
            return true
        }
    }
}

/// Lagrange coefficients as field elements: for any indexes, and for secrets. `indexes` are distinct.
func lagrangeElements(_ indexes: [Int], at x: Int = 0) -> [blst_fr] {
    indexes.map { i in
        var (top, bottom) = (blst_fr(1), blst_fr(1))
        for j in indexes where j != i {
            var (up, down) = (blst_fr(j - x), blst_fr(j - i))
            withUnsafeMutablePointer(to: &top) { blst_fr_mul($0, $0, &up) }
            withUnsafeMutablePointer(to: &bottom) { blst_fr_mul($0, $0, &down) }
        }
        withUnsafeMutablePointer(to: &bottom) { blst_fr_eucl_inverse($0, $0) }
        withUnsafeMutablePointer(to: &top) { blst_fr_mul($0, $0, &bottom) }
        return top
    }
}

extension blst_fr {
    /// A small whole number, negative ones modulo r.
    init(_ number: Int) {
        self.init()
        blst_fr_from_uint64(&self, [UInt64(number.magnitude), 0, 0, 0])
        withUnsafeMutablePointer(to: &self) { blst_fr_cneg($0, $0, number < 0) }
    }

    /// Variable time.
    var inverse: blst_fr {
        var inverse = blst_fr()
        withUnsafePointer(to: self) { blst_fr_eucl_inverse(&inverse, $0) }
        return inverse
    }

    /// 32 bytes, little-endian, reduced.
    var littleEndianBytes: [UInt8] {
        var scalar = blst_scalar()
        withUnsafePointer(to: self) { blst_scalar_from_fr(&scalar, $0) }
        var bytes = [UInt8](repeating: 0, count: 32)
        blst_lendian_from_scalar(&bytes, &scalar)
        return bytes
    }
}

/// Nil beyond the bound of short coefficients.
private func product(_ left: Int, _ right: Int) -> Int? {
    let (value, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow || value.magnitude > UInt(blst_p2.coefficientMax) ? nil : value
}

/// Greatest common divisor, positive; arguments of either sign, not both zero.
private func gcd(_ left: Int, _ right: Int) -> Int {
    var (left, right) = (abs(left), abs(right))
    while right != 0 { (left, right) = (right, left % right) }
    return left
}
