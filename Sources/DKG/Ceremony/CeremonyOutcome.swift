import BLS
import Cluster
import Ethereum
import SSZ

/// What a ceremony leaves at each operator.
package struct CeremonyOutcome: Sendable {
    /// The same at all operators, byte for byte.
    package let lock: Lock
    package let depositFiles: [DepositDataFile]
    /// Our share of each validator's key, in lock order.
    package let shares: [SecretKey]
    /// What does not hold; only if the lock need not be verified.
    package let warnings: [ClusterError]
}

/// The parts of a cluster while a ceremony brings them together: keys, then deposits, then registrations, then the lock.
///
/// Pure functions of what operators have said. Source: spec/dkg.md §6.
package struct CeremonyAssembly: Sendable {
    package var keys: [ValidatorKeys]
    /// By amount, ascending, then by validator.
    package var deposits: [[Bytes96]] = []
    /// By validator.
    package var registrations: [Bytes96] = []
    package var signatureAggregate: Bytes96?
    /// In the order of the operators.
    package var nodeSignatures: [Bytes65] = []

    package init(keys: [ValidatorKeys]) { self.keys = keys }

    package func depositMessages(_ plan: CeremonyPlan, amount: Gwei) throws(ClusterError) -> [DepositMessage] {
        var messages: [DepositMessage] = []
        for (v, validator) in keys.enumerated() {
            messages.append(try plan.definition.depositMessage(v, validator.key.bytes, amount))
        }
        return messages
    }

    package func registrationMessages(_ plan: CeremonyPlan) throws(ClusterError) -> [ValidatorRegistration] {
        var messages: [ValidatorRegistration] = []
        for (v, validator) in keys.enumerated() {
            messages.append(
                try plan.definition.registration(v, validator.key.bytes, at: plan.network.genesisTime))
        }
        return messages
    }

    /// What a partial signature of this kind is over, by validator.
    package func roots(_ kind: SignatureKind, _ plan: CeremonyPlan) throws(ClusterError) -> [Root] {
        let version = plan.definition.forkVersion
        switch kind {
        case .deposit(let place):
            let amounts = plan.definition.signedDepositAmounts
            return try depositMessages(plan, amount: amounts[place]).map { $0.signingRoot(version) }
        case .registration: return try registrationMessages(plan).map { $0.signingRoot(version) }
        case .lockHash:
            let hash = try lock(plan).lockHash
            return signers(kind, plan).map { _ in hash }
        }
    }

    /// - Precondition: deposits and registrations are there.
    package func lock(_ plan: CeremonyPlan) throws(ClusterError) -> Lock {
        if let reshare = plan.edit?.reshare {
            return signed(try reshare.lock(publicShares: keys.map(\.publicShares)))
        }
        let version = plan.definition.version
        let deposits = try depositData(plan)
        let messages = try registrationMessages(plan)
        var new: [DistributedValidator] = []
        for v in keys.indices {
            var validator = DistributedValidator()
            validator.publicKey = keys[v].key.bytes.bytes
            validator.publicShares = keys[v].publicShares.map { $0.bytes.bytes }
            // Older files have no place for it: it was signed for nothing.
            if version.hasRegistrations {
                validator.builderRegistration = BuilderRegistration(messages[v], signature: registrations[v])
            }
            validator.partialDeposits = deposits.map { LockedDeposit($0[v]) }
            new.append(validator)
        }
        return signed(try unsigned(new, plan))
    }

    private func signed(_ unsigned: Lock) -> Lock {
        var lock = unsigned
        if let signatureAggregate { lock.signatureAggregate = signatureAggregate.bytes }
        if lock.definition.version.hasNodeSignatures { lock.nodeSignatures = nodeSignatures.map { $0.bytes } }
        return lock
    }

    private func depositData(_ plan: CeremonyPlan) throws(ClusterError) -> [[DepositData]] {
        var all: [[DepositData]] = []
        for (amount, signatures) in zip(plan.definition.signedDepositAmounts, deposits) {
            all.append(zip(try depositMessages(plan, amount: amount), signatures).map { $0.signed($1) })
        }
        return all
    }

    /// Verified as every node does on loading.
    package func outcome(_ plan: CeremonyPlan) throws(ClusterError) -> CeremonyOutcome {
        let lock = try lock(plan)
        let report = lock.verification(customNetwork: plan.network).report
        // Contracts that signed the definition have been asked before.
        let failures = report.settledFailures
        if plan.verifiesLock, let failure = failures.first { throw failure }
        guard plan.works.contains(.deposits) else {
            return CeremonyOutcome(lock: lock, depositFiles: [], shares: keys.map(\.share), warnings: failures)
        }
        var files: [DepositDataFile] = []
        for (amount, list) in zip(plan.definition.signedDepositAmounts, try depositData(plan)) {
            files.append(try DepositDataFile(list, amount: amount, network: plan.network))
        }
        return CeremonyOutcome(
            lock: lock, depositFiles: try depositFiles(files, plan), shares: shares(plan), warnings: failures)
    }
}
