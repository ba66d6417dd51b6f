import BLS
import Ethereum
import SSZ
import Secp256k1

extension Lock {
    /// Looks at everything: all hashes, whether everything is signed by whom it should be, and whether the shares
    /// belong together. Order and rules: spec/cluster-files.md §10.
    ///
    /// About 1.5 ms a validator of seven operators.
    /// - Parameters:
    ///   - network: a custom network, besides the built-in ones.
    ///   - deposits: look at the signatures of deposits too, which loading does not: 0.7 ms each.
    /// - Returns: the report, and the keys unless a check of theirs failed.
    package func verification(
        customNetwork network: Network?, deposits: Bool = false
    ) -> (report: Verification, keys: ClusterKeys?) {
        var report = Verification()
        verifyHashes(&report)
        definition.verifySignatures(&report, "cluster_definition.", customNetwork: network)
        let keys = decodeKeys(&report)
        if signatureAggregate.isEmpty, definition.version.allowsNoAggregate {
            let reason = "\(definition.version.rawValue) needs none"
            report.add(.signatureAggregate, "signature_aggregate", .skipped(reason))
        } else if let keys {
            verifySharing(&report, keys)
            verifyAggregate(&report, keys)
            verifyRegistrations(&report, keys)
            verifyNodeSignatures(&report, keys)
        }
        if deposits, let keys { verifyDeposits(&report, keys) }
        return (report, keys)
    }

    private func verifyHashes(_ report: inout Verification) {
        definition.verifyHashes(&report, "cluster_definition.")
        let (found, wanted) = (validators.count, definition.validators.count)
        if found == wanted {
            report.add(.validatorCount, "distributed_validators", .passed)
        } else {
            report.fail(
                .validatorCount, "distributed_validators", "\(found) validators, but the definition has \(wanted)")
        }
        report.attempt(.lockHash, "lock_hash") { () throws(ClusterError) in
            guard try computedLockHash() == lockHash else {
                throw .verification(field: "lock_hash", "invalid lock hash: the lock was changed after signing")
            }
        }
    }

    private func decodeKeys(_ report: inout Verification) -> ClusterKeys? {
        let operators = report.attempt(.operatorKeys, "cluster_definition.operators") { () throws(ClusterError) in
            try ClusterKeys.operators(of: self)
        }
        let validators = report.attempt(.validatorKeys, "distributed_validators") { () throws(ClusterError) in
            try ClusterKeys.validators(of: self)
        }
        guard let operators, let validators else { return nil }
        return ClusterKeys(operators: operators, validators: validators)
    }

    /// The shares of a validator lie on one polynomial through its key; no key is used twice.
    private func verifySharing(_ report: inout Verification, _ keys: ClusterKeys) {
        let (threshold, count) = (definition.threshold, keys.operators.count)
        guard threshold >= 1, threshold <= count else {
            report.fail(
                .sharing, "cluster_definition.threshold", "\(threshold) is not between 1 and the \(count) operators")
            return
        }
        report.passUnlessFailed(.sharing, "distributed_validators") { report in
            var seen: Set<BLS.PublicKey> = []
            var batch = SharingBatch(threshold: threshold, shares: count)
            for (v, validator) in keys.validators.enumerated() {
                if !seen.insert(validator.publicKey).inserted {
                    report.fail(
                        .sharing, "distributed_validators[\(v)].distributed_public_key",
                        "another validator has the same key")
                }
                if Set(validator.shares).count != count {
                    report.fail(
                        .sharing, "distributed_validators[\(v)].public_shares", "two operators have the same share")
                }
                batch.add(validator.publicKey, shares: validator.shares)
            }
            for v in batch.wrongOnes() {
                report.fail(
                    .sharing, "distributed_validators[\(v)].public_shares",
                    "these are not shares of the distributed key with threshold \(threshold)")
            }
        }
    }

    /// Every key share signed the lock hash, the computed one.
    private func verifyAggregate(_ report: inout Verification, _ keys: ClusterKeys) {
        let field = "signature_aggregate"
        report.attempt(.signatureAggregate, field) { () throws(ClusterError) in
            guard let signature = try? BLS.Signature(bytes: signatureAggregate) else {
                throw .verification(field: field, "not a BLS signature of 96 bytes")
            }
            let hash = try computedLockHash()
            guard signature.fastAggregateVerify(keys.validators.flatMap(\.shares), over: hash) else {
                throw .verification(field: field, "the key shares did not sign this lock")
            }
        }
    }

    /// Every operator's identity key signed the lock hash, the stored one.
    private func verifyNodeSignatures(_ report: inout Verification, _ keys: ClusterKeys) {
        let field = "node_signatures"
        guard definition.version.hasNodeSignatures else {
            report.add(.nodeSignatures, field, .skipped("\(definition.version.rawValue) has none"))
            return
        }
        guard nodeSignatures.count == keys.operators.count else {
            report.fail(
                .nodeSignatures, field, "\(nodeSignatures.count) signatures for \(keys.operators.count) operators")
            return
        }
        report.passUnlessFailed(.nodeSignatures, field) { report in
            for (i, (bytes, key)) in zip(nodeSignatures, keys.operators).enumerated() {
                guard let signature = Bytes65(bytes), key.verify(digest: lockHash, signature65: signature) else {
                    report.fail(
                        .nodeSignatures, "\(field)[\(i)]",
                        "operator \(i) did not sign this lock with its identity key")
                    continue
                }
            }
        }
    }
}
