import CBlst

/// A secret polynomial f over the scalar field; f(0) is the secret, f(1), f(2), … its shares. Zeroed when
/// released.
package final class SecretPolynomial: Sendable {
    /// a[0] is the secret; none is zero.
    private let coefficients: [SecretKey]

    /// A random sharing of `secret`: any `threshold` shares give it back, fewer say nothing.
    /// Throws `badThreshold` unless 2 <= threshold <= 256.
    package convenience init(
        sharing secret: SecretKey, threshold: Int, using generator: inout some RandomNumberGenerator
    ) throws(BLSError) {
        guard (2...shareIndexMax).contains(threshold) else {
            throw .badThreshold(threshold: threshold, shares: shareIndexMax)
        }
        try self.init(coefficients: [secret] + (1..<threshold).map { _ in .random(using: &generator) })
    }

    /// The polynomial with these coefficients, constant term first. Throws `badThreshold` unless there are 2 to 256.
    package init(coefficients: [SecretKey]) throws(BLSError) {
        guard (2...shareIndexMax).contains(coefficients.count) else {
            throw .badThreshold(threshold: coefficients.count, shares: shareIndexMax)
        }
        self.coefficients = coefficients
    }

    /// a[k] * G for each coefficient: the Feldman commitments.
    package var commitments: [PublicKey] { coefficients.map(\.publicKey) }

    /// f(0).
    package var secret: SecretKey { coefficients[0] }

    /// f(index). Throws `shareIndexOutOfRange`, or `zeroSecret` (once in 2^255).
    package func share(_ index: Int) throws(BLSError) -> SecretKey {
        guard (1...shareIndexMax).contains(index) else { throw .shareIndexOutOfRange(index) }
        let sum = SecretMemory<blst_fr>()
        let term = SecretMemory<blst_fr>()
        var x = blst_fr(index)
        // Horner's rule, highest coefficient first.
        for coefficient in coefficients.reversed() {
            blst_fr_mul(sum.pointer, sum.pointer, &x)
            blst_fr_from_scalar(term.pointer, coefficient.scalar.pointer)
            blst_fr_add(sum.pointer, sum.pointer, term.pointer)
        }
        return try SecretKey(sum)
    }
}

extension SecretKey {
    /// Shares 1 through `shares`, by index; any `threshold` of them give the key back.
    /// Throws `badThreshold` unless 2 <= threshold <= shares <= 256, or `zeroSecret` (once in 2^247).
    package func split(
        threshold: Int, shares: Int, using generator: inout some RandomNumberGenerator
    ) throws(BLSError) -> [Int: SecretKey] {
        guard threshold >= 2, threshold <= shares, shares <= shareIndexMax else {
            throw .badThreshold(threshold: threshold, shares: shares)
        }
        let polynomial = try SecretPolynomial(sharing: self, threshold: threshold, using: &generator)
        var split: [Int: SecretKey] = [:]
        for index in 1...shares { split[index] = try polynomial.share(index) }
        return split
    }

    package func split(threshold: Int, shares: Int) throws(BLSError) -> [Int: SecretKey] {
        var generator = SystemRandomNumberGenerator()
        return try split(threshold: threshold, shares: shares, using: &generator)
    }
}
