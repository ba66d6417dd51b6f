import CBlst
import SSZ

// Arithmetic for the key ceremonies (FROST and Pedersen): proofs of knowledge, commitments, shared points.
// Computed points that are infinity, and computed secrets that are zero, throw: an honest run never has them.

extension SecretKey {
    /// The sum modulo the group order. Throws `emptySet` or `zeroSecret`.
    package static func sum(_ keys: [SecretKey]) throws(BLSError) -> SecretKey {
        guard !keys.isEmpty else { throw .emptySet }
        let sum = SecretMemory<blst_fr>()
        for key in keys {
            let term = key.element
            blst_fr_add(sum.pointer, sum.pointer, term.pointer)
        }
        return try SecretKey(sum)
    }

    /// `nonce` + `challenge` * self: Schnorr's response, which hides this key as long as the nonce is fresh
    /// and used once.
    package func response(to challenge: Scalar, nonce: SecretKey) -> Scalar {
        let product = element
        let addend = nonce.element
        var factor = blst_fr()
        var scalar = challenge.scalar
        blst_fr_from_scalar(&factor, &scalar)
        blst_fr_mul(product.pointer, product.pointer, &factor)
        blst_fr_add(product.pointer, product.pointer, addend.pointer)
        blst_scalar_from_fr(&scalar, product.pointer)
        return Scalar(reduced: scalar)
    }

    /// Diffie-Hellman: this key times `key`, 48 compressed bytes lent to `body` and wiped afterwards.
    package func withSharedPoint<R, E: Error>(
        _ key: PublicKey, _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        let scalar = SecretMemory<UInt8>(count: 32)
        blst_lendian_from_scalar(scalar.pointer, self.scalar.pointer)
        let product = SecretMemory<blst_p1>()
        blst_p1_mult(product.pointer, [blst_p1(key.point)], scalar.pointer, 255)
        let bytes = SecretMemory<UInt8>(count: PublicKey.byteCount)
        blst_p1_compress(bytes.pointer, product.pointer)
        defer { withExtendedLifetime(bytes) {} }
        return try body(UnsafeRawBufferPointer(start: bytes.pointer, count: bytes.count))
    }
}

extension PublicKey {
    /// `response` * G - `challenge` * self: the commitment a Schnorr proof of this key must have had.
    /// Throws `infinity`.
    package func commitment(response: Scalar, challenge: Scalar) throws(BLSError) -> PublicKey {
        var points = [BLS12_381_G1, blst_p1.negated(point)]
        let scalars = response.bytes.bytes.reversed() + challenge.bytes.bytes.reversed()
        let sum = points.withUnsafeMutableBufferPointer {
            blst_p1.multiScalarSum(UnsafeBufferPointer($0), scalars: scalars, bits: 255)
        }
        return try PublicKey(sum)
    }
}

/// The commitments to a secret polynomial: its coefficients times G, constant term first.
package struct PublicPolynomial: Hashable, Sendable {
    /// 1 through `shareIndexMax` of them.
    package let coefficients: [PublicKey]

    /// Throws `emptySet`, or `badThreshold` for more than `shareIndexMax` coefficients.
    package init(_ coefficients: [PublicKey]) throws(BLSError) {
        guard !coefficients.isEmpty else { throw .emptySet }
        guard coefficients.count <= shareIndexMax else {
            throw .badThreshold(threshold: coefficients.count, shares: shareIndexMax)
        }
        self.coefficients = coefficients
    }

    /// The public key of the secret.
    package var key: PublicKey { coefficients[0] }

    /// The public key of share `index`: sum of index^k times coefficient k.
    /// Throws `shareIndexOutOfRange` or `infinity`.
    package func share(_ index: Int) throws(BLSError) -> PublicKey {
        guard (1...shareIndexMax).contains(index) else { throw .shareIndexOutOfRange(index) }
        var sum = blst_p1()
        // Horner's rule, highest coefficient first.
        for coefficient in coefficients.reversed() {
            sum = sum.multiplied(by: index)
            sum.add(coefficient.point)
        }
        return try PublicKey(sum)
    }

    /// The commitments to the sum of the secret polynomials, which have equal degree.
    /// Throws `emptySet`, `infinity`, or `badThreshold` when the degrees differ.
    package static func sum(_ polynomials: [PublicPolynomial]) throws(BLSError) -> PublicPolynomial {
        guard let count = polynomials.first?.coefficients.count else { throw .emptySet }
        for other in polynomials where other.coefficients.count != count {
            throw .badThreshold(threshold: other.coefficients.count, shares: count)
        }
        var sum: [PublicKey] = []
        for k in 0..<count { sum.append(try .aggregate(polynomials.map { $0.coefficients[k] })) }
        return try PublicPolynomial(sum)
    }
}
