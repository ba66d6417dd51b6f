import BLS

/// What a participant tells all others in round 2 of one validator. Source: spec/dkg.md §5.4.
package typealias FrostResultCast = FrostResultCastsMessage.Cast

/// One validator's key as one participant has it.
package struct FrostOutcome: Sendable {
    /// The validator's key.
    package let key: PublicKey
    /// Our share.
    package let secret: SecretKey
    /// Everybody's, by share index, ours included.
    package let publicShares: [Int: PublicKey]
}

/// Our key shares are known; what is left is to see that everybody has the same keys.
package struct FrostRound2: Sendable {
    private let parameters: FrostParameters
    private let keys: [Key]
    /// For everybody, by validator.
    package let casts: [FrostResultCast]

    struct Key: Sendable {
        let secret: SecretKey
        /// The sum of everybody's commitments.
        let polynomial: PublicPolynomial
    }

    init(_ parameters: FrostParameters, _ keys: [Key]) {
        self.parameters = parameters
        self.keys = keys
        casts = keys.map { FrostResultCast(verificationKey: $0.polynomial.key, shareKey: $0.secret.publicKey) }
    }

    /// The keys, once all others agree with them.
    ///
    /// Charon believes the public shares that it is sent, and finds a wrong one only by its signatures. They follow from
    /// the commitments, so a lie is seen here, and whose.
    ///
    /// - Parameter casts: by share index; ours is not looked at.
    package func finish(_ casts: [Int: [FrostResultCast]]) throws(CeremonyFault) -> [FrostOutcome] {
        for (index, results) in try parameters.complete(casts, .results) {
            try check(results, from: index)
        }
        var outcomes: [FrostOutcome] = []
        for (validator, key) in keys.enumerated() {
            var publicShares: [Int: PublicKey] = [:]
            for index in parameters.indices {
                publicShares[index] = try publicShare(of: index, validator)
            }
            outcomes.append(FrostOutcome(key: key.polynomial.key, secret: key.secret, publicShares: publicShares))
        }
        return outcomes
    }

    /// Checks the results of another participant.
    package func check(_ results: [FrostResultCast], from index: Int) throws(CeremonyFault) {
        try parameters.checkCount(results.count, .results, from: index)
        for (validator, (result, key)) in zip(results, keys).enumerated() {
            guard result.verificationKey == key.polynomial.key else {
                throw parameters.fault(index, .groupKey(validator: validator))
            }
            guard result.shareKey == (try publicShare(of: index, validator)) else {
                throw parameters.fault(index, .keyShare(validator: validator))
            }
        }
    }

    private func publicShare(of index: Int, _ validator: Int) throws(CeremonyFault) -> PublicKey {
        do throws(BLSError) {
            return try keys[validator].polynomial.share(index)
        } catch {
            throw CeremonyFault(nil, .cancelled(validator: validator))
        }
    }
}
