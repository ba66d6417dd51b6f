import BLS
import Ethereum
import SSZ

// What the validators' own keys signed when they were made: for builders, and for the deposit contract.

extension Lock {
    /// Against the fee recipients of the definition, not those inside the registrations.
    func verifyRegistrations(_ report: inout Verification, _ keys: ClusterKeys) {
        let version = definition.version
        guard version.hasRegistrations else {
            report.add(.builderRegistrations, "distributed_validators", .skipped("\(version.rawValue) has none"))
            return
        }
        report.passUnlessFailed(.builderRegistrations, "distributed_validators") { report in
            var batch = SignatureBatch()
            var subjects: [String] = []
            for (v, (validator, item)) in zip(keys.validators, validators).enumerated() {
                let field = "distributed_validators[\(v)].builder_registration"
                let registration = item.builderRegistration
                guard let signature = Bytes96(registration.signature), !registration.feeRecipient.isEmpty,
                    !registration.pubKey.isEmpty
                else {
                    report.fail(.builderRegistrations, field, "missing or incomplete")
                    continue
                }
                guard v < definition.validators.count,  // nobody may have compared the counts
                    let feeRecipient = try? Bytes20(hex: definition.validators[v].feeRecipient)
                else {
                    report.fail(
                        .builderRegistrations, "cluster_definition.validators[\(v)].fee_recipient_address",
                        "missing or not an address")
                    continue
                }
                let message = ValidatorRegistration(
                    feeRecipient: feeRecipient, gasLimit: registration.gasLimit,
                    timestamp: UInt64(bitPattern: registration.timestamp), pubKey: validator.publicKey.bytes)
                batch.add(signature, by: validator.publicKey, over: message.signingRoot(definition.forkVersion))
                subjects.append(field)
            }
            report.fail(
                .builderRegistrations, batch, subjects,
                "not signed by the validator for the definition's fee recipient")
        }
    }

    /// Each deposit is for its validator, goes back to the definition's withdrawal address, and is signed.
    func verifyDeposits(_ report: inout Verification, _ keys: ClusterKeys) {
        guard validators.contains(where: { !$0.partialDeposits.isEmpty }) else {
            report.add(.deposits, "distributed_validators", .skipped("the lock has none"))
            return
        }
        report.passUnlessFailed(.deposits, "distributed_validators") { report in
            var batch = SignatureBatch()
            var subjects: [String] = []
            for (v, (validator, item)) in zip(keys.validators, validators).enumerated() {
                for (d, deposit) in item.partialDeposits.enumerated() {
                    let position = definition.version.hasPartialDeposits ? "partial_deposit_data[\(d)]" : "deposit_data"
                    let field = "distributed_validators[\(v)].\(position)"
                    guard deposit.pubKey == validator.publicKey.bytes.bytes else {
                        report.fail(.deposits, field + ".pubkey", "not the key of this validator")
                        continue
                    }
                    guard let withdrawal = withdrawalAddress(v) else {
                        report.fail(
                            .deposits, "cluster_definition.validators[\(v)].withdrawal_address",
                            "missing or not an address")
                        continue
                    }
                    let message = DepositMessage(
                        pubKey: validator.publicKey.bytes, withdrawalAddress: withdrawal, amount: deposit.amount,
                        compounding: definition.compounding)
                    guard deposit.withdrawalCredentials == message.withdrawalCredentials.bytes else {
                        report.fail(
                            .deposits, field + ".withdrawal_credentials",
                            "not those of the definition's withdrawal address \(withdrawal)")
                        continue
                    }
                    guard let signature = Bytes96(deposit.signature) else {
                        report.fail(.deposits, field + ".signature", "\(deposit.signature.count) bytes instead of 96")
                        continue
                    }
                    batch.add(signature, by: validator.publicKey, over: message.signingRoot(definition.forkVersion))
                    subjects.append(field + ".signature")
                }
            }
            report.fail(.deposits, batch, subjects, "not signed by the validator")
        }
    }

    private func withdrawalAddress(_ v: Int) -> EthereumAddress? {
        definition.validators.indices.contains(v) ? EthereumAddress(definition.validators[v].withdrawal) : nil
    }
}

extension Verification {
    /// Verifies the batch and names the wrong ones. `subjects` has one field for each signature, in order.
    fileprivate mutating func fail(
        _ kind: Check.Kind, _ batch: SignatureBatch, _ subjects: [String], _ reason: String
    ) {
        for (subject, outcome) in zip(subjects, batch.verify()) {
            if case .failure(let error) = outcome { fail(kind, subject, "\(reason) (\(error))") }
        }
    }
}
