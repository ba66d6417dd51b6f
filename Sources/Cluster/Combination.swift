import BLS
import SSZ

/// Whole validator keys, recovered from the key shares of a threshold of nodes. Source: spec/threshold-bls.md §6.
package struct Combination: Sendable {
    /// In lock order; each is checked against the lock.
    package let keys: [SecretKey]
    /// As the lock names the validators.
    package let publicKeys: [BLS.PublicKey]
    package let threshold: Int
    /// Shares used, by validator: at least the threshold.
    package let shareCounts: [Int]

    /// Recovers. Which operator a share belongs to is found by its public key, so the order of nodes has no meaning,
    /// and a node that is there twice counts once.
    ///
    /// - Parameters:
    ///   - nodes: name for errors, and key shares; share v belongs to validator v.
    package init(
        lock: Lock, keys cluster: ClusterKeys, nodes: [(name: String, shares: [SecretKey])]
    ) throws(ClusterError) {
        for node in nodes where node.shares.count > cluster.validators.count {
            throw .inFile(
                node.name,
                .field(
                    "keystores",
                    "\(node.shares.count) key shares for \(cluster.validators.count) validators of the lock"))
        }
        threshold = lock.definition.threshold
        var recovered: [SecretKey] = []
        var counts: [Int] = []
        for (v, validator) in cluster.validators.enumerated() {
            var shares: [Int: SecretKey] = [:]
            for node in nodes where node.shares.indices.contains(v) {
                let share = node.shares[v]
                guard let peer = validator.shares.firstIndex(of: share.publicKey) else {
                    throw .inFile(
                        node.name,
                        .field(
                            "keystore \(v)",
                            "not a key share of validator \(v) (\(validator.publicKey.bytes)):"
                                + " keystores and lock belong to different clusters"))
                }
                shares[peer + 1] = share
            }
            recovered.append(try Self.recover(shares, validator, v, threshold: threshold))
            counts.append(shares.count)
        }
        keys = recovered
        publicKeys = cluster.validators.map(\.publicKey)
        shareCounts = counts
    }

    private static func recover(
        _ shares: [Int: SecretKey], _ validator: ClusterKeys.Validator, _ v: Int, threshold: Int
    ) throws(ClusterError) -> SecretKey {
        let name = "validator \(v) (\(validator.publicKey.bytes))"
        guard shares.count >= threshold, !shares.isEmpty else {
            throw .field(
                name,
                "insufficient private key shares found for validator: \(shares.count) where the threshold is"
                    + " \(threshold); add the directories of more nodes")
        }
        guard let key = try? SecretKey.recover(from: shares), key.publicKey == validator.publicKey else {
            throw .field(
                name, "the shares do not make up this validator's key: the lock is not sound, nothing was written")
        }
        return key
    }
}
