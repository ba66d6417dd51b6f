import BLS

/// What a participant tells all others in round 1 of one validator: commitments to its polynomial, and a proof that it
/// knows the constant term. Source: spec/dkg.md §5.3.
package typealias FrostCast = FrostCastsMessage.Cast

extension FrostCast {
    /// The cast of share index `index` for a polynomial. `nonce` is fresh and used for nothing else.
    init(_ polynomial: SecretPolynomial, nonce: SecretKey, index: Int) {
        let commitments = polynomial.commitments
        let challenge = Self.challenge(index, key: commitments[0], nonce: nonce.publicKey)
        self.init(
            response: polynomial.secret.response(to: challenge, nonce: nonce), challenge: challenge,
            commitments: commitments)
    }

    /// Whether its sender knows the constant term.
    func isProof(of index: Int) -> Bool {
        guard !challenge.isZero, let key = commitments.first,
            let nonce = try? key.commitment(response: response, challenge: challenge)
        else { return false }
        return Self.challenge(index, key: key, nonce: nonce) == challenge
    }

    /// H(index ‖ 0 ‖ A0 ‖ R). The zero stands where the library has a context, which Charon leaves empty (§5.2).
    private static func challenge(_ index: Int, key: PublicKey, nonce: PublicKey) -> Scalar {
        Scalar(
            hashing: [UInt8(truncatingIfNeeded: index), 0] + key.bytes.bytes + nonce.bytes.bytes,
            tag: "BLS12381_XMD:SHA-256_SSWU_RO_")
    }
}
