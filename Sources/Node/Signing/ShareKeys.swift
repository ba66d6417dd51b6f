import BLS
import Cluster
import DutyWorkflow
import Ethereum

/// The public keys of a cluster's validators, decoded once when the lock was read.
package struct ShareKeys: Sendable {
    package let own: ShareIndex
    private let validators: [PubKey: ClusterKeys.Validator]

    package init(_ keys: [ClusterKeys.Validator], own: ShareIndex) {
        self.own = own
        validators = Dictionary(
            keys.map { ($0.publicKey.bytes, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var pubKeys: [PubKey] { validators.keys.sorted() }

    /// All public shares of each validator, in share order.
    package var shares: [PubKey: [PubShare]] { validators.mapValues { $0.shares.map(\.bytes) } }

    /// What this operator signs with for a validator.
    func ownShare(_ pubKey: PubKey) -> PublicKey? { publicShare(pubKey, own) }

    package func groupKey(_ pubKey: PubKey) -> PublicKey? { validators[pubKey]?.publicKey }

    /// nil when the validator or the share does not exist.
    package func publicShare(_ pubKey: PubKey, _ share: ShareIndex) -> PublicKey? {
        guard let shares = validators[pubKey]?.shares, shares.indices.contains(share.rawValue - 1) else { return nil }
        return shares[share.rawValue - 1]
    }
}
