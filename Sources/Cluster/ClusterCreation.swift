import BLS
import Ethereum
import SSZ
import Secp256k1

/// A new cluster, made by a trusted dealer: every secret of every node, in memory until it is written.
///
/// Source: spec/cli-create.md §5, spec/cluster-files.md §10.4–12.
package struct ClusterCreation: Sendable {
    /// What one node gets.
    package struct Node: Sendable {
        package let identity: Secp256k1.PrivateKey
        /// Its share of each validator's key, in lock order.
        package let shares: [SecretKey]
    }

    package let lock: Lock
    package let nodes: [Node]
    package let depositFiles: [DepositDataFile]
    /// Whether keystores get the low cost.
    package let insecureKeys: Bool
    /// Whether the validators' keys existed before.
    package let isSplit: Bool

    /// Draws what the plan lacks and signs everything. The result has passed the verification every node does on
    /// loading.
    ///
    /// About 1 ms for each share, plus a few for each validator.
    /// - Parameter generator: cryptographically secure outside tests; the cluster is a function of it.
    package init(_ plan: ClusterPlan, using generator: inout some RandomNumberGenerator) throws(ClusterError) {
        var definition = plan.definition
        let identities = definition.operators.map { _ in Secp256k1.PrivateKey.random(using: &generator) }
        definition.operators = identities.map { Operator(enr: ENR(signedBy: $0).text) }
        let version = definition.version

        let secrets = plan.secrets ?? definition.validators.map { _ in SecretKey.random(using: &generator) }
        let shares = try Self.split(secrets, definition, using: &generator)
        let deposits = try Self.deposits(secrets, definition)

        var lock = Lock()
        lock.definition = definition
        for (v, secret) in secrets.enumerated() {
            var validator = DistributedValidator()
            validator.publicKey = secret.publicKey.bytes.bytes
            validator.publicShares = shares[v].map { $0.publicKey.bytes.bytes }
            if version.hasRegistrations { validator.builderRegistration = try Self.registration(secret, v, plan) }
            if version.hasDeposits { validator.partialDeposits = deposits.map { LockedDeposit($0[v]) } }
            lock.validators.append(validator)
        }
        lock = try lock.withHashes()
        let hash = lock.lockHash
        if version.hasNodeSignatures { lock.nodeSignatures = identities.map { $0.sign(digest: hash).bytes } }
        lock.signatureAggregate = try Self.aggregate(shares.joined().map { $0.sign(hash) })
        // What is wrong must show here, not when the nodes start.
        try Self.verify(lock, plan.network)

        self.lock = lock
        nodes = identities.enumerated().map { i, identity in Node(identity: identity, shares: shares.map { $0[i] }) }
        var files: [DepositDataFile] = []
        for (amount, list) in zip(definition.signedDepositAmounts, deposits) {
            files.append(try DepositDataFile(list, amount: amount, network: plan.network))
        }
        depositFiles = files
        insecureKeys = plan.insecureKeys
        isSplit = plan.secrets != nil
    }

    /// The cluster that options ask for, with new keys. See `ClusterPlan`.
    package init(
        _ options: ClusterOptions, now: Instant, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        try self.init(ClusterPlan(options, now: now, using: &generator), using: &generator)
    }

    private static func verify(_ lock: Lock, _ network: Network) throws(ClusterError) {
        for check in lock.verification(customNetwork: network).report.checks {
            // A contract that signed the definition has been asked before.
            if case .failed(let error) = check.result { throw error }
        }
    }

    /// By validator, then by node.
    private static func split(
        _ secrets: [SecretKey], _ definition: Definition, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) -> [[SecretKey]] {
        var result: [[SecretKey]] = []
        for secret in secrets {
            do throws(BLSError) {
                let shares = try secret.split(
                    threshold: definition.threshold, shares: definition.operators.count, using: &generator)
                result.append(shares.sorted { $0.key < $1.key }.map(\.value))
            } catch {
                throw .field("split keys", "\(error)")
            }
        }
        return result
    }

    /// By amount, ascending, then by validator.
    private static func deposits(_ secrets: [SecretKey], _ definition: Definition) throws(ClusterError)
        -> [[DepositData]]
    {
        var deposits: [[DepositData]] = []
        for amount in definition.signedDepositAmounts {
            var list: [DepositData] = []
            for (v, secret) in secrets.enumerated() {
                let message = try definition.depositMessage(v, secret.publicKey.bytes, amount)
                list.append(message.signed(secret.sign(message.signingRoot(definition.forkVersion)).bytes))
            }
            deposits.append(list)
        }
        return deposits
    }

    private static func registration(
        _ secret: SecretKey, _ v: Int, _ plan: ClusterPlan
    ) throws(ClusterError) -> BuilderRegistration {
        let message = try plan.definition.registration(v, secret.publicKey.bytes, at: plan.registrationTime)
        let root = message.signingRoot(plan.definition.forkVersion)
        return BuilderRegistration(message, signature: secret.sign(root).bytes)
    }

    private static func aggregate(_ signatures: [Signature]) throws(ClusterError) -> [UInt8] {
        do throws(BLSError) {
            return try Signature.aggregate(signatures).bytes.bytes
        } catch {
            throw .field("signature_aggregate", "\(error)")
        }
    }
}

extension LockedDeposit {
    package init(_ deposit: DepositData) {
        self.init()
        pubKey = deposit.pubKey.bytes
        withdrawalCredentials = deposit.withdrawalCredentials.bytes
        amount = deposit.amount
        signature = deposit.signature.bytes
    }
}

extension BuilderRegistration {
    package init(_ message: ValidatorRegistration, signature: SignatureBytes) {
        self.init()
        feeRecipient = message.feeRecipient.bytes
        gasLimit = message.gasLimit
        timestamp = Int64(clamping: message.timestamp)
        pubKey = message.pubKey.bytes
        self.signature = signature.bytes
    }
}
