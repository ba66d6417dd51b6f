import BLS
import SSZ
import Secp256k1

/// The keys of a lock, decoded once into types that cannot be invalid.
package struct ClusterKeys: Sendable {
    /// One validator's keys.
    package struct Validator: Sendable {
        /// The group's key.
        package let publicKey: BLS.PublicKey
        /// By operator: position is the peer index, share index is one more.
        package let shares: [BLS.PublicKey]

        package init(publicKey: BLS.PublicKey, shares: [BLS.PublicKey]) {
            self.publicKey = publicKey
            self.shares = shares
        }
    }

    /// Identity keys; position is the peer index.
    package let operators: [Secp256k1.PublicKey]
    /// In lock order.
    package let validators: [Validator]

    /// Decodes every record and point, about 70 µs a point. Does not verify signatures or the sharing.
    package init(_ lock: Lock) throws(ClusterError) {
        self.init(operators: try Self.operators(of: lock), validators: try Self.validators(of: lock))
    }

    init(operators: [Secp256k1.PublicKey], validators: [Validator]) {
        self.operators = operators
        self.validators = validators
    }

    static func operators(of lock: Lock) throws(ClusterError) -> [Secp256k1.PublicKey] {
        try lock.definition.operatorKeys("cluster_definition.")
    }

    static func validators(of lock: Lock) throws(ClusterError) -> [Validator] {
        var validators: [Validator] = []
        validators.reserveCapacity(lock.validators.count)
        let operatorCount = lock.definition.operators.count
        for (v, validator) in lock.validators.enumerated() {
            let label = "distributed_validators[\(v)]"
            guard validator.publicShares.count == operatorCount else {
                throw .field(
                    label + ".public_shares", "\(validator.publicShares.count) shares for \(operatorCount) operators")
            }
            var shares: [BLS.PublicKey] = []
            shares.reserveCapacity(operatorCount)
            for (s, share) in validator.publicShares.enumerated() {
                shares.append(try key(share, "\(label).public_shares[\(s)]"))
            }
            let publicKey = try key(validator.publicKey, label + ".distributed_public_key")
            validators.append(Validator(publicKey: publicKey, shares: shares))
        }
        return validators
    }

    /// The peer index of a node, nil for a stranger.
    package func peerIndex(of key: Secp256k1.PublicKey) -> Int? { operators.firstIndex(of: key) }

    /// Whether these are the peer's shares of all validators, in lock order; 0.1 ms each.
    package func verify(shares: [SecretKey], ofPeer peer: Int) throws(ClusterError) {
        guard shares.count == validators.count else {
            throw .field("keystores", "\(shares.count) key shares for \(validators.count) validators of the lock")
        }
        for (v, (share, validator)) in zip(shares, validators).enumerated() {
            guard validator.shares.indices.contains(peer), validator.shares[peer] == share.publicKey else {
                throw .field(
                    "keystore \(v)",
                    "not this node's share of validator \(validator.publicKey):"
                        + " keystores and lock belong to different nodes or clusters")
            }
        }
    }

    private static func key(_ bytes: [UInt8], _ field: String) throws(ClusterError) -> BLS.PublicKey {
        do throws(BLSError) {
            return try BLS.PublicKey(bytes: bytes)
        } catch {
            throw .field(field, "not a BLS public key (\(error))")
        }
    }
}

extension Definition {
    /// The identity keys of all operators. Refuses two operators with one key, whatever their records say.
    package func operatorKeys() throws(ClusterError) -> [Secp256k1.PublicKey] { try operatorKeys("") }

    /// - Parameter prefix: where the definition stands in its file.
    fileprivate func operatorKeys(_ prefix: String) throws(ClusterError) -> [Secp256k1.PublicKey] {
        var keys: [Secp256k1.PublicKey] = []
        for (i, item) in operators.enumerated() {
            let field = "\(prefix)operators[\(i)].enr"
            let record: ENR
            do throws(ENRError) {
                record = try ENR(item.enr)
            } catch {
                throw .field(field, "\(error)")
            }
            guard !keys.contains(record.publicKey) else {
                throw .field(field, "the same key as another operator's: definition contains duplicate peer ids")
            }
            keys.append(record.publicKey)
        }
        return keys
    }
}
