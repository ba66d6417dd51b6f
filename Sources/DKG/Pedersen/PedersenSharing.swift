import BLS

/// A validator's key as it is shared before a reshare.
package struct PedersenSharing: Sendable {
    /// The validator's key.
    package let key: PublicKey
    /// Of the dealers at least, by node index: those of the lock, and what the nodes announced with their node keys.
    package let publicShares: [Int: PublicKey]
    /// Ours; nil for an operator that joins.
    package let secret: SecretKey?

    package init(key: PublicKey, publicShares: [Int: PublicKey], secret: SecretKey?) {
        self.key = key
        self.publicShares = publicShares
        self.secret = secret
    }

    /// - Throws: unless there is a public share of each dealer, they are shares of the key, and our secret is one of them.
    func check(_ roster: PedersenRoster, validator: Int) throws(CeremonyFault) {
        guard let oldThreshold = roster.oldThreshold else {
            throw Self.fault("validator \(validator) has a key, but this ceremony makes new ones")
        }
        let dealers = roster.dealers.keys.sorted()
        var shares: [Int: PublicKey] = [:]
        for index in dealers {
            guard let share = publicShares[index] else {
                throw Self.fault("the lock has no public share \(index + 1) of validator \(validator)")
            }
            shares[index + 1] = share
        }
        let first = shares.filter { $0.key <= dealers[oldThreshold - 1] + 1 }
        for index in dealers {
            guard let share = try? PublicKey.recover(from: first, at: index + 1), share == shares[index + 1] else {
                throw Self.fault("public share \(index + 1) of validator \(validator) is off its polynomial")
            }
        }
        guard let recovered = try? PublicKey.recover(from: first), recovered == key else {
            throw Self.fault("the public shares of validator \(validator) are not of its key")
        }
        guard roster.own.deals == (secret != nil),
            secret?.publicKey == (secret == nil ? nil : shares[roster.own.index + 1])
        else { throw Self.fault("our key share of validator \(validator) is not the one of the lock") }
    }

    private static func fault(_ what: String) -> CeremonyFault { CeremonyFault(nil, .parameters(what)) }
}
