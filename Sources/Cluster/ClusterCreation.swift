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

    /// Draws all keys and signs everything. The result has passed the verification every node does on loading.
    ///
    /// About 1 ms for each share, plus a few for each validator.
    /// - Parameters:
    ///   - now: becomes the definition's timestamp.
    ///   - generator: cryptographically secure outside tests; the cluster is a function of it.
    package init(
        _ options: ClusterOptions, now: Instant, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        var definition = try options.definition(
            uuid: UUIDText.random(using: &generator), timestamp: RFC3339.seconds(now))
        let identities = (0..<options.nodes).map { _ in Secp256k1.PrivateKey.random(using: &generator) }
        for (i, key) in identities.enumerated() { definition.operators[i].enr = ENR(signedBy: key).text }

        let secrets = (0..<options.validators).map { _ in SecretKey.random(using: &generator) }
        let shares = try Self.split(secrets, definition, using: &generator)
        let deposits = try Self.deposits(secrets, definition)

        var lock = Lock()
        lock.definition = definition
        for (v, secret) in secrets.enumerated() {
            var validator = DistributedValidator()
            validator.publicKey = secret.publicKey.bytes.bytes
            validator.publicShares = shares[v].map { $0.publicKey.bytes.bytes }
            validator.builderRegistration = try Self.registration(secret, v, definition, options.network)
            validator.partialDeposits = deposits.map { LockedDeposit($0[v]) }
            lock.validators.append(validator)
        }
        lock = try lock.withHashes()
        let hash = lock.lockHash
        lock.nodeSignatures = identities.map { $0.sign(digest: hash).bytes }
        lock.signatureAggregate = try Self.aggregate(shares.joined().map { $0.sign(hash) })
        // What is wrong must show here, not when the nodes start.
        _ = try LockFile(lock, customNetwork: options.network)

        self.lock = lock
        nodes = identities.enumerated().map { i, identity in Node(identity: identity, shares: shares.map { $0[i] }) }
        var files: [DepositDataFile] = []
        for (amount, list) in zip(definition.signedDepositAmounts, deposits) {
            files.append(try DepositDataFile(list, amount: amount, network: options.network))
        }
        depositFiles = files
        insecureKeys = options.insecureKeys
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
        let withdrawals = try definition.validators.enumerated().map { v, item throws(ClusterError) in
            try address(item.withdrawal, "validators[\(v)].withdrawal_address")
        }
        return definition.signedDepositAmounts.map { amount in
            zip(secrets, withdrawals).map { secret, withdrawal in
                let message = DepositMessage(
                    pubKey: secret.publicKey.bytes, withdrawalAddress: withdrawal, amount: amount,
                    compounding: definition.compounding)
                return DepositData(
                    pubKey: message.pubKey, withdrawalCredentials: message.withdrawalCredentials,
                    amount: amount, signature: secret.sign(message.signingRoot(definition.forkVersion)).bytes)
            }
        }
    }

    private static func registration(
        _ secret: SecretKey, _ v: Int, _ definition: Definition, _ network: Network
    ) throws(ClusterError) -> BuilderRegistration {
        let feeRecipient = try address(definition.validators[v].feeRecipient, "validators[\(v)].fee_recipient_address")
        let message = ValidatorRegistration(
            feeRecipient: feeRecipient.bytes, gasLimit: definition.targetGasLimit,
            timestamp: UInt64(clamping: network.genesisTime.unixSeconds),
            pubKey: secret.publicKey.bytes)
        let root = message.signingRoot(definition.forkVersion)
        return BuilderRegistration(message, signature: secret.sign(root).bytes)
    }

    private static func aggregate(_ signatures: [Signature]) throws(ClusterError) -> [UInt8] {
        do throws(BLSError) {
            return try Signature.aggregate(signatures).bytes.bytes
        } catch {
            throw .field("signature_aggregate", "\(error)")
        }
    }

    private static func address(_ text: String, _ field: String) throws(ClusterError) -> EthereumAddress {
        guard let address = EthereumAddress(text) else { throw .field(field, "not 0x and 40 hex digits") }
        return address
    }
}

extension LockedDeposit {
    init(_ deposit: DepositData) {
        self.init()
        pubKey = deposit.pubKey.bytes
        withdrawalCredentials = deposit.withdrawalCredentials.bytes
        amount = deposit.amount
        signature = deposit.signature.bytes
    }
}

extension BuilderRegistration {
    init(_ message: ValidatorRegistration, signature: SignatureBytes) {
        self.init()
        feeRecipient = message.feeRecipient.bytes
        gasLimit = message.gasLimit
        timestamp = Int64(clamping: message.timestamp)
        pubKey = message.pubKey.bytes
        self.signature = signature.bytes
    }
}
