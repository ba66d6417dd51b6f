import BLS

/// FROST key generation of one participant for all validators at once, up to the secret shares. Source: spec/dkg.md §5.
///
///     FrostRound1 ── casts to all, shares to each ──► FrostRound2 ── results to all ──► FrostOutcome
///
/// Cannot be copied, and `finish` ends it: one set of polynomials becomes one set of keys.
package struct FrostRound1: ~Copyable {
    package let parameters: FrostParameters
    /// By validator.
    private let dealings: [Dealing]

    /// One validator's polynomial, and what follows from it.
    private struct Dealing {
        let cast: FrostCast
        /// Share index 1 first.
        let shares: [SecretKey]

        init(_ coefficients: [SecretKey], nonce: SecretKey, _ parameters: FrostParameters) throws(BLSError) {
            let polynomial = try SecretPolynomial(coefficients: coefficients)
            var shares: [SecretKey] = []
            for index in parameters.indices { shares.append(try polynomial.share(index)) }
            self.shares = shares
            cast = FrostCast(polynomial, nonce: nonce, index: parameters.own)
        }
    }

    /// The same polynomials and proofs for the same seed and parameters. With other parameters all are others: a nonce
    /// that answered two challenges would tell the secret.
    package init(_ parameters: FrostParameters, seed: CeremonySeed) {
        self.parameters = parameters
        let purpose = "frost/\(parameters.threshold)/\(parameters.participants)/\(parameters.own)"
        dealings = (0..<parameters.validators).map { validator in
            var generator = seed.generator("\(purpose)/\(validator)")
            while true {
                let coefficients = (0..<parameters.threshold).map { _ in SecretKey.random(using: &generator) }
                let nonce = SecretKey.random(using: &generator)
                // A share that is zero, once in 2^247, begins anew.
                if let dealing = try? Dealing(coefficients, nonce: nonce, parameters) { return dealing }
            }
        }
    }

    /// Given polynomials and nonces, by validator. No nonce is ever used twice.
    ///
    /// - Throws: `badThreshold` for fewer than two coefficients, `zeroSecret` if a share is zero.
    /// - Precondition: as many polynomials as validators, as many coefficients as the threshold.
    init(
        _ parameters: FrostParameters, secrets: [(coefficients: [SecretKey], nonce: SecretKey)]
    ) throws(BLSError) {
        precondition(secrets.count == parameters.validators)
        precondition(secrets.allSatisfy { $0.coefficients.count == parameters.threshold })
        self.parameters = parameters
        var dealings: [Dealing] = []
        for secret in secrets {
            dealings.append(try Dealing(secret.coefficients, nonce: secret.nonce, parameters))
        }
        self.dealings = dealings
    }

    /// For everybody, by validator.
    package var casts: [FrostCast] { dealings.map(\.cast) }

    /// For the participant with this share index alone, by validator.
    ///
    /// - Precondition: `index` is in 1 ... participants.
    package func shares(for index: Int) -> [FrostSecretShare] {
        dealings.map { FrostSecretShare(id: index, value: $0.shares[index - 1]) }
    }

    /// Checks the casts of another participant on their own.
    package func check(_ casts: [FrostCast], from index: Int) throws(CeremonyFault) {
        try parameters.checkCount(casts.count, .casts, from: index)
        for (validator, cast) in casts.enumerated() {
            guard cast.commitments.count == parameters.threshold else {
                throw parameters.fault(
                    index,
                    .commitmentCount(
                        validator: validator, expected: parameters.threshold, actual: cast.commitments.count))
            }
            guard cast.isProof(of: index) else { throw parameters.fault(index, .proof(validator: validator)) }
        }
    }

    /// Checks the shares that another participant sent to us, whose casts are checked.
    package func check(
        _ shares: [FrostSecretShare], from index: Int, against casts: [FrostCast]
    ) throws(CeremonyFault) {
        try parameters.checkCount(shares.count, .shares, from: index)
        try parameters.checkCount(casts.count, .casts, from: index)
        for (validator, (share, cast)) in zip(shares, casts).enumerated() {
            // Charon takes any index here, so a sender could give two receivers the same share.
            guard share.id == parameters.own else {
                throw parameters.fault(index, .foreignShare(validator: validator, index: share.id))
            }
            let expected = try? PublicPolynomial(cast.commitments).share(parameters.own)
            guard expected == share.value.publicKey else {
                throw parameters.fault(index, .share(validator: validator))
            }
        }
    }

    /// Round 2 from what all other participants sent, by share index. Checks everything, whether or not it was checked
    /// before; the first fault of the lowest index is thrown. Entries of our own index are not looked at.
    package consuming func finish(
        casts: [Int: [FrostCast]], shares: [Int: [FrostSecretShare]]
    ) throws(CeremonyFault) -> FrostRound2 {
        let theirCasts = try parameters.complete(casts, .casts)
        let theirShares = try parameters.complete(shares, .shares)
        for (index, casts) in theirCasts { try check(casts, from: index) }
        try checkCopies(theirCasts)
        for ((index, casts), (_, shares)) in zip(theirCasts, theirShares) {
            try check(shares, from: index, against: casts)
        }
        var keys: [FrostRound2.Key] = []
        for (validator, dealing) in dealings.enumerated() {
            do throws(BLSError) {
                var polynomials = [try PublicPolynomial(dealing.cast.commitments)]
                for (_, casts) in theirCasts { polynomials.append(try PublicPolynomial(casts[validator].commitments)) }
                let secrets = [dealing.shares[parameters.own - 1]] + theirShares.map { $0.entries[validator].value }
                keys.append(FrostRound2.Key(secret: try .sum(secrets), polynomial: try .sum(polynomials)))
            } catch {
                throw CeremonyFault(nil, .cancelled(validator: validator))
            }
        }
        return FrostRound2(parameters, keys)
    }

    /// No two participants have one constant term: whoever repeats another's has copied it, or their randomness is bad.
    private func checkCopies(_ theirCasts: [(index: Int, entries: [FrostCast])]) throws(CeremonyFault) {
        for validator in 0..<parameters.validators {
            var owners: [PublicKey: Int] = [:]
            for (index, casts) in (theirCasts + [(parameters.own, self.casts)]).sorted(by: { $0.index < $1.index }) {
                let key = casts[validator].commitments[0]
                if let owner = owners[key] {
                    throw parameters.fault(index, .copiedProof(validator: validator, of: owner - 1))
                }
                owners[key] = index
            }
        }
    }
}
