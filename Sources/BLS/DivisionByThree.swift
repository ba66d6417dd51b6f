import CBlst

extension blst_p2 {
    /// A third of a point of the subgroup: what three of it are this point. Shares 1, 2 and 4 of a cluster of four
    /// need it for every validator; multiplying by the inverse of three takes more than twice as long.
    ///
    /// With the curve's parameter x and the group order r = x^4 - x^2 + 1, the inverse of three modulo r is
    /// -x^2 (x + 1) (x - 1) / 3. The division goes up, the quotient has 63 bits, and multiplying by x is what
    /// `psi` does. Variable time. A point outside the subgroup gives another one, of no use.
    func third() -> blst_p2 {
        // (1 - x) / 3 is 0x4600_5555_5555_aaab: x is negative.
        let five = shifted(2, adding: self)
        let fives = five.shifted(4, adding: five)
        let pattern = fives.shifted(8, adding: fives)
        let multiple = shifted(4, adding: self).shifted(1, adding: self).shifted(25, adding: pattern)
            .shifted(16, adding: pattern).shifted(15, adding: pattern).shifted(1, adding: self)
        var sum = multiple.psi()
        sum.add(multiple)
        return sum.psi().psi()
    }

    /// 2^`places` times this point, plus another.
    private func shifted(_ places: Int, adding other: blst_p2) -> blst_p2 {
        var sum = self
        for _ in 0..<places { sum.double() }
        sum.add(other)
        return sum
    }

    /// The untwist-Frobenius-twist endomorphism, on the subgroup multiplication by x = -0xd201000000010000.
    /// Source: RFC 9380, appendix G.3, in Jacobian coordinates.
    private func psi() -> blst_p2 {
        var image = self
        // Conjugates.
        withUnsafeMutablePointer(to: &image.x.fp.1) { blst_fp_cneg($0, $0, true) }
        withUnsafeMutablePointer(to: &image.y.fp.1) { blst_fp_cneg($0, $0, true) }
        withUnsafeMutablePointer(to: &image.z.fp.1) { blst_fp_cneg($0, $0, true) }
        withUnsafeMutablePointer(to: &image.x) { x in withUnsafePointer(to: Self.psiX) { blst_fp2_mul(x, x, $0) } }
        withUnsafeMutablePointer(to: &image.y) { y in withUnsafePointer(to: Self.psiY) { blst_fp2_mul(y, y, $0) } }
        return image
    }

    /// 1 / (1 + i)^((p - 1) / 3)
    private static let psiX = element(
        [0, 0, 0, 0, 0, 0],
        [
            0x8bfd00000000aaad, 0x409427eb4f49fffd, 0x897d29650fb85f9b,
            0xaa0d857d89759ad4, 0xec02408663d4de85, 0x1a0111ea397fe699,
        ])

    /// 1 / (1 + i)^((p - 1) / 2)
    private static let psiY = element(
        [
            0xf1ee7b04121bdea2, 0x304466cf3e67fa0a, 0xef396489f61eb45e,
            0x1c3dedd930b1cf60, 0xe2e9c448d77a2cd9, 0x135203e60180a68e,
        ],
        [
            0xc81084fbede3cc09, 0xee67992f72ec05f4, 0x77f76e17009241c5,
            0x48395dabc2d3435e, 0x6831e36d6bd17ffe, 0x06af0e0437ff400b,
        ])

    /// Limbs of the real and of the imaginary part, lowest first.
    private static func element(_ real: [UInt64], _ imaginary: [UInt64]) -> blst_fp2 {
        var element = blst_fp2()
        blst_fp_from_uint64(&element.fp.0, real)
        blst_fp_from_uint64(&element.fp.1, imaginary)
        return element
    }
}
