import BLS
import Ethereum
import SSZ

/// Whom the blocks of each validator pay, and what builders are told of it: the newest that the validator's own key has
/// signed, in the lock or since. Source: spec/cluster-files.md §12, §12.1.
package struct Registrations: Equatable, Sendable {
    /// By validator; none for locks before v1.7 that nothing was added to.
    package private(set) var signed: [PubKey: SignedValidatorRegistration] = [:]
    /// By validator; those without a valid address in the lock are left out.
    package private(set) var feeRecipients: [PubKey: Bytes20] = [:]

    /// What the lock says. Its registrations were made for the addresses of its definition, and count with those only.
    ///
    /// - Parameter keys: of validators whose registrations are verified and left out if they do not hold; nil if that
    ///   was done with the lock.
    package init(_ lock: Lock, verifying keys: ClusterKeys? = nil) {
        for (validator, row) in zip(lock.validators, lock.definition.validators) {
            guard let pubKey = PubKey(validator.publicKey), let address = EthereumAddress(row.feeRecipient) else {
                continue
            }
            feeRecipients[pubKey] = address.bytes
            let registration = validator.builderRegistration
            guard let signature = Bytes96(registration.signature) else { continue }
            let message = ValidatorRegistration(
                feeRecipient: address.bytes, gasLimit: registration.gasLimit,
                timestamp: UInt64(bitPattern: registration.timestamp), pubKey: pubKey)
            signed[pubKey] = SignedValidatorRegistration(message: message, signature: signature)
        }
        guard let keys else { return }
        var batch = SignatureBatch()
        let claims = keys.validators.compactMap { validator in signed[validator.publicKey.bytes].map { (validator, $0) }
        }
        for (validator, claim) in claims {
            let root = claim.message.signingRoot(lock.definition.forkVersion)
            batch.add(claim.signature, by: validator.publicKey, over: root)
        }
        signed = [:]
        for ((_, claim), outcome) in zip(claims, batch.verify()) where (try? outcome.get()) != nil {
            signed[claim.message.pubKey] = claim
        }
    }

    /// Takes what is strictly newer than what is known. Never goes back: an older registration would be refused by
    /// builders, and pay whom the cluster no longer wants paid.
    ///
    /// - Returns: validators for whom something changed.
    package mutating func take(_ overrides: RegistrationOverrides) -> Set<PubKey> {
        var changed: Set<PubKey> = []
        for (pubKey, new) in overrides.registrations {
            if let old = signed[pubKey], new.message.timestamp <= old.message.timestamp { continue }
            signed[pubKey] = new
            feeRecipients[pubKey] = new.message.feeRecipient
            changed.insert(pubKey)
        }
        return changed
    }
}
