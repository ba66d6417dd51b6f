extension CurvePoint {
    /// A whole number times a point.
    typealias ShortTerm = (coefficient: Int, point: Affine)

    /// Largest coefficient by magnitude: three times it must fit 64 bits.
    static var coefficientMax: Int { 1 << 61 }

    /// Sum of coefficient times point for small coefficients, all points sharing the doublings.
    ///
    /// Non-adjacent form: digits -1, 0, 1, one in three not zero. The digits of c are the bits of 3c and c
    /// that differ, positive where 3c has the one, all shifted down by one place. Variable time.
    static func shortSum(_ terms: [ShortTerm]) -> Self {
        var digits: [(plus: UInt64, minus: UInt64)] = []
        var negatives: [Affine] = []
        var places = 0
        for term in terms {
            precondition(term.coefficient.magnitude <= UInt(coefficientMax))
            let one = UInt64(term.coefficient.magnitude)
            let three = 3 * one
            let plus = (three & ~one) >> 1
            let minus = (~three & one) >> 1
            digits.append(term.coefficient < 0 ? (minus, plus) : (plus, minus))
            negatives.append(negated(term.point))
            places = max(places, 64 - (plus | minus).leadingZeroBitCount)
        }
        var sum = Self()
        for place in (0..<places).reversed() {
            if !sum.isInfinity { sum.double() }
            for index in terms.indices {
                if digits[index].plus >> place & 1 == 1 {
                    sum.add(terms[index].point)
                } else if digits[index].minus >> place & 1 == 1 {
                    sum.add(negatives[index])
                }
            }
        }
        return sum
    }

    /// A small non-negative multiple, by doubling and adding. Variable time.
    func multiplied(by factor: Int) -> Self {
        precondition(factor >= 0)
        var product = Self()
        for place in (0..<Int.bitWidth - factor.leadingZeroBitCount).reversed() {
            product.double()
            if factor >> place & 1 == 1 { product.add(self) }
        }
        return product
    }
}
