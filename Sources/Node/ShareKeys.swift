import BLS
import DutyWorkflow
import Ethereum
import Synchronization

/// The public keys of a cluster: each validator's group key and its shares. Points are decoded on first use and kept,
/// because decoding with its subgroup check costs as much as a third of a verification.
package final class ShareKeys: Sendable {
    package let own: ShareIndex
    /// Group key → public shares in share order (share index 1 first).
    package let validators: [PubKey: [PubShare]]
    private let ownShares: [PubShare: PubKey]
    private let decoded = Mutex<[Bytes48Key: PublicKey]>([:])

    private typealias Bytes48Key = PubKey

    package init(validators: [PubKey: [PubShare]], own: ShareIndex) {
        self.validators = validators
        self.own = own
        var map: [PubShare: PubKey] = [:]
        for (pubKey, shares) in validators where shares.indices.contains(own.rawValue - 1) {
            map[shares[own.rawValue - 1]] = pubKey
        }
        ownShares = map
    }

    /// nil when the validator or the share does not exist or its key is no valid point.
    package func publicShare(_ pubKey: PubKey, _ share: ShareIndex) -> PublicKey? {
        guard let shares = validators[pubKey], shares.indices.contains(share.rawValue - 1) else { return nil }
        return decode(shares[share.rawValue - 1])
    }

    package func groupKey(_ pubKey: PubKey) -> PublicKey? { validators[pubKey] == nil ? nil : decode(pubKey) }

    /// Own share of a validator, as bytes.
    package func ownShare(of pubKey: PubKey) -> PubShare? {
        guard let shares = validators[pubKey], shares.indices.contains(own.rawValue - 1) else { return nil }
        return shares[own.rawValue - 1]
    }

    package func validator(ofOwnShare share: PubShare) -> PubKey? { ownShares[share] }

    /// Which operator's share this is, if any: to explain mixed-up keys.
    package func shareIndex(of share: PubShare) -> ShareIndex? {
        for shares in validators.values {
            if let position = shares.firstIndex(of: share) { return ShareIndex(PeerIndex(position)) }
        }
        return nil
    }

    private func decode(_ bytes: PubKey) -> PublicKey? {
        if let key = decoded.withLock({ $0[bytes] }) { return key }
        guard let key = try? PublicKey(bytes) else { return nil }
        decoded.withLock { $0[bytes] = key }
        return key
    }
}
