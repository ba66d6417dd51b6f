import CBlst

/// The product of pairings e(P, Q) of points of G1 and G2, as it is being collected.
///
/// A signature S of message hash H by key K is right when e(K, H) * e(-G, S) = 1.
struct PairingProduct {
    private var left: [blst_p1_affine] = []
    private var right: [blst_p2_affine] = []

    mutating func multiply(_ point: blst_p1_affine, _ other: blst_p2_affine) {
        left.append(point)
        right.append(other)
    }

    /// A pairing with infinity is one: left out, as blst's Miller loop wants finite points.
    mutating func multiply(_ point: blst_p1, _ other: blst_p2_affine) {
        if !point.isInfinity { multiply(point.affine, other) }
    }

    /// e(-G, `signature`), with G the generator of G1.
    mutating func divide(bySignature signature: blst_p2_affine) {
        multiply(BLS12_381_NEG_G1, signature)
    }

    mutating func divide(bySignature signature: blst_p2) {
        if !signature.isInfinity { divide(bySignature: signature.affine) }
    }

    /// The element of the target group, final exponentiation done.
    var value: TargetElement {
        guard !left.isEmpty else { return .one }
        var product = blst_fp12()
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                // `[first, nil]`: contiguous arrays.
                blst_miller_loop_n(&product, [right.baseAddress, nil], [left.baseAddress, nil], left.count)
            }
        }
        var value = TargetElement.one
        blst_final_exp(&value.field, &product)
        return value
    }
}

/// An element of the target group, which has prime order r.
struct TargetElement {
    fileprivate var field: blst_fp12

    static var one: TargetElement { TargetElement(field: blst_fp12_one().pointee) }

    var isOne: Bool { withUnsafePointer(to: field) { blst_fp12_is_one($0) } }

    /// In this group the inverse is the conjugate, which is free.
    func divided(by other: TargetElement) -> TargetElement {
        var inverse = other.field
        blst_fp12_conjugate(&inverse)
        var quotient = TargetElement.one
        withUnsafePointer(to: field) { blst_fp12_mul(&quotient.field, $0, &inverse) }
        return quotient
    }
}
