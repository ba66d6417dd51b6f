import BLS
import Ethereum
import SSZ
import Secp256k1

extension Lock {
    /// Whether all stored hashes are those of the content. Source: spec/cluster-files.md §10.1.
    package func verifyHashes() throws(ClusterError) {
        try definition.verifyHashes()
        guard validators.count == definition.validators.count else {
            throw .verification(
                field: "distributed_validators",
                "\(validators.count) validators, but the definition has \(definition.validators.count)")
        }
        guard try computedLockHash() == lockHash else {
            throw .verification(field: "lock_hash", "invalid lock hash: the lock was changed after signing")
        }
    }

    /// Whether everything in the lock is signed by whom it should be, and the shares belong together.
    ///
    /// About 5 ms a validator. Deposits are not looked at. Source: spec/cluster-files.md §10.2.
    /// - Parameter keys: this lock's.
    package func verifySignatures(_ keys: ClusterKeys, customNetwork network: Network?) throws(ClusterError) {
        try definition.verifySignatures(customNetwork: network)
        try verifySharing(keys)
        try verifyAggregate(keys)
        try verifyRegistrations(keys)
        try verifyNodeSignatures(keys)
    }

    /// The shares of a validator lie on one polynomial through its key; no key is used twice.
    package func verifySharing(_ keys: ClusterKeys) throws(ClusterError) {
        var seen: Set<BLS.PublicKey> = []
        for (v, validator) in keys.validators.enumerated() {
            let field = "distributed_validators[\(v)]"
            guard seen.insert(validator.publicKey).inserted else {
                throw .verification(field: field + ".distributed_public_key", "another validator has the same key")
            }
            guard Set(validator.shares).count == validator.shares.count else {
                throw .verification(field: field + ".public_shares", "two operators have the same share")
            }
            guard validator.publicKey.isShared(as: validator.shares, threshold: definition.threshold) else {
                throw .verification(
                    field: field + ".public_shares",
                    "these are not shares of the distributed key with threshold \(definition.threshold)")
            }
        }
    }

    /// Every key share signed the lock hash.
    package func verifyAggregate(_ keys: ClusterKeys) throws(ClusterError) {
        let field = "signature_aggregate"
        guard let signature = try? BLS.Signature(bytes: signatureAggregate) else {
            throw .verification(field: field, "not a BLS signature of 96 bytes")
        }
        let hash = try computedLockHash()
        guard signature.fastAggregateVerify(keys.validators.flatMap(\.shares), over: hash) else {
            throw .verification(field: field, "the key shares did not sign this lock")
        }
    }

    /// Against the fee recipients of the definition, not those inside the registrations.
    private func verifyRegistrations(_ keys: ClusterKeys) throws(ClusterError) {
        var batch = SignatureBatch()
        for (v, (validator, item)) in zip(keys.validators, validators).enumerated() {
            let field = "distributed_validators[\(v)].builder_registration"
            let registration = item.builderRegistration
            guard let signature = Bytes96(registration.signature), !registration.feeRecipient.isEmpty,
                !registration.pubKey.isEmpty
            else { throw .verification(field: field, "missing or incomplete") }
            guard v < definition.validators.count,  // without `verifyHashes` nobody has compared the counts
                let feeRecipient = try? Bytes20(hex: definition.validators[v].feeRecipient)
            else {
                throw .verification(
                    field: "cluster_definition.validators[\(v)].fee_recipient_address", "missing or not an address")
            }
            let message = ValidatorRegistration(
                feeRecipient: feeRecipient, gasLimit: registration.gasLimit,
                timestamp: UInt64(bitPattern: registration.timestamp), pubKey: validator.publicKey.bytes)
            let root = message.signingRoot(definition.forkVersion)
            batch.add(signature, by: validator.publicKey, over: root)
        }
        for (v, outcome) in batch.verify().enumerated() {
            if case .failure(let error) = outcome {
                throw .verification(
                    field: "distributed_validators[\(v)].builder_registration",
                    "not signed by the validator for the definition's fee recipient (\(error))")
            }
        }
    }

    /// Every operator's identity key signed the lock hash.
    package func verifyNodeSignatures(_ keys: ClusterKeys) throws(ClusterError) {
        guard nodeSignatures.count == keys.operators.count else {
            throw .verification(
                field: "node_signatures",
                "\(nodeSignatures.count) signatures for \(keys.operators.count) operators")
        }
        for (i, (bytes, key)) in zip(nodeSignatures, keys.operators).enumerated() {
            guard let signature = Bytes65(bytes), key.verify(digest: lockHash, signature65: signature) else {
                throw .verification(
                    field: "node_signatures[\(i)]", "operator \(i) did not sign this lock with its identity key")
            }
        }
    }
}
