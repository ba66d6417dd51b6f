import DutyWorkflow
import Ethereum

/// Why a key of a validator client is none of ours.
package enum KeyFault: Error, Hashable, CustomStringConvertible {
    case unknown(PubShare)
    /// The validator client holds another operator's shares.
    case foreign(PubShare, holder: ShareIndex, own: ShareIndex)

    package var description: String {
        switch self {
        case .unknown: "unknown public key"
        case .foreign(_, let holder, let own):
            "mismatching validator client key share index, Mth key share submitted to Nth charon peer"
                + " (M=\(holder), N=\(own))"
        }
    }
}

/// Translates between the keys that the chain knows and those that our validator client holds.
///
/// The validator client has one share of each validator's key and takes it for the validator. Every key in a request
/// or an answer is translated (validator-api.md §2).
package struct KeyTranslation: Sendable {
    package let own: ShareIndex
    private let validators: [PubKey: PubShare]
    private let shares: [PubShare: (validator: PubKey, holder: ShareIndex)]

    /// - Parameter validators: all public shares of each validator, in share order (share index 1 first).
    package init(validators: [PubKey: [PubShare]], own: ShareIndex) {
        self.own = own
        var ownShares: [PubKey: PubShare] = [:]
        var holders: [PubShare: (validator: PubKey, holder: ShareIndex)] = [:]
        for (validator, shares) in validators {
            for (position, share) in shares.enumerated() {
                let holder = ShareIndex(PeerIndex(position))
                holders[share] = (validator, holder)
                if holder == own { ownShares[validator] = share }
            }
        }
        self.validators = ownShares
        shares = holders
    }

    /// All validators of the cluster.
    var all: [PubKey] { validators.keys.sorted() }

    /// Our share of a validator's key; nil for a validator that is not of this cluster.
    package func share(of validator: PubKey) -> PubShare? { validators[validator] }

    /// The validator that our share belongs to.
    package func validator(of share: PubShare) throws(KeyFault) -> PubKey {
        guard let found = shares[share] else { throw .unknown(share) }
        guard found.holder == own else { throw .foreign(share, holder: found.holder, own: own) }
        return found.validator
    }
}
