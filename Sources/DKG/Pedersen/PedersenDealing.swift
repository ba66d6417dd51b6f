import BLS

/// A dealer's own part: its polynomial, and the randomness of its encryption.
struct PedersenDealing: Sendable {
    /// The share of each receiver, by its index; none is zero.
    let shares: [SecretKey]
    let commitments: [PublicKey]
    /// For each receiver, by its index.
    let ephemerals: [SecretKey]

    /// - Throws: `zeroSecret` if a share is zero, `badThreshold` for fewer than two coefficients.
    init(coefficients: [SecretKey], ephemerals: [SecretKey]) throws(BLSError) {
        let polynomial = try SecretPolynomial(coefficients: coefficients)
        var shares: [SecretKey] = []
        for receiver in ephemerals.indices { shares.append(try polynomial.share(receiver + 1)) }
        self.shares = shares
        self.ephemerals = ephemerals
        commitments = polynomial.commitments
    }

    /// - Parameters:
    ///   - secret: what is dealt; nil for a new one.
    ///   - generator: of this run alone.
    init(
        dealing secret: SecretKey?, threshold: Int, receivers: Int, using generator: inout some RandomNumberGenerator
    ) {
        while true {
            let coefficients =
                [secret ?? .random(using: &generator)] + (1..<threshold).map { _ in .random(using: &generator) }
            let ephemerals = (0..<receivers).map { _ in SecretKey.random(using: &generator) }
            // A share that is zero, once in 2^247, begins anew.
            if let dealing = try? PedersenDealing(coefficients: coefficients, ephemerals: ephemerals) {
                self = dealing
                return
            }
        }
    }
}
