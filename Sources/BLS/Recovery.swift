import CBlst

extension Signature {
    /// The group's signature from partial signatures by share index; for 3 of 4 about 50 µs on average.
    ///
    /// Equal, byte for byte, to the signature by the undivided key, given at least the threshold of right
    /// partial signatures over one message: callers verify them, or the result.
    /// Throws `emptySet`, `shareIndexOutOfRange`, or `infinity` (wrong shares only).
    package static func recover(from partials: [Int: Signature]) throws(BLSError) -> Signature {
        try Signature(ShareSet(partials.mapValues(\.point)).interpolate() as blst_p2)
    }
}

extension PublicKey {
    /// The group's public key from public shares by index, or the public share at index `x`.
    /// Throws `emptySet`, `shareIndexOutOfRange`, or `infinity` (wrong shares only).
    package static func recover(from shares: [Int: PublicKey], at x: Int = 0) throws(BLSError) -> PublicKey {
        guard (0...shareIndexMax).contains(x) else { throw .shareIndexOutOfRange(x) }
        return try PublicKey(ShareSet(shares.mapValues(\.point)).interpolate(at: x) as blst_p1)
    }

    /// Whether `shares` (index 1 first) all lie on one polynomial of degree `threshold` - 1 that is this
    /// key at zero. False as well for a threshold outside 1 through the number of shares.
    ///
    /// Source: threshold-bls.md section 5. The shares 1 through t determine the polynomial; each further
    /// one lies on it if, together with 1 through t - 1, it gives the same value at zero.
    /// Many at once: `SharingBatch`.
    package func isShared(as shares: [PublicKey], threshold: Int) -> Bool {
        point.isShared(as: shares.map(\.point), threshold: threshold)
    }
}

extension blst_p1_affine {
    func isShared(as shares: [blst_p1_affine], threshold: Int) -> Bool {
        guard shares.count <= shareIndexMax, threshold >= 1, threshold <= shares.count else { return false }
        return (threshold...shares.count).allSatisfy { last in
            let indexes = Array(1..<threshold) + [last]
            let points = indexes.map { shares[$0 - 1] }
            guard let fractions = LagrangeFractions(indexes) else {
                let set = ShareSet(indexes: indexes, shares: points)
                var difference: blst_p1 = set.interpolateWithLongScalars()
                difference.add(blst_p1.negated(self))
                return difference.isInfinity
            }
            // Multiplied out, to save the division: sum of numerator * share = denominator * key.
            let terms = Array(zip(fractions.numerators, points)) + [(-fractions.denominator, self)]
            return blst_p1.shortSum(terms).isInfinity
        }
    }
}

extension SecretKey {
    /// The whole secret from shares by index. Throws `emptySet`, `shareIndexOutOfRange`, or `zeroSecret`
    /// (wrong shares only).
    package static func recover(from shares: [Int: SecretKey]) throws(BLSError) -> SecretKey {
        let set = try ShareSet(shares)
        let coefficients = lagrangeElements(set.indexes)
        let sum = SecretMemory<blst_fr>()
        let term = SecretMemory<blst_fr>()
        for (share, coefficient) in zip(set.shares, coefficients) {
            blst_fr_from_scalar(term.pointer, share.scalar.pointer)
            withUnsafePointer(to: coefficient) { blst_fr_mul(term.pointer, term.pointer, $0) }
            blst_fr_add(sum.pointer, sum.pointer, term.pointer)
        }
        return try SecretKey(sum)
    }
}
