import BLS
import Ethereum
import SSZ

/// A cluster about to be made by a trusted dealer: everything is chosen and checked, no node has a key yet.
///
/// Source: spec/cli-create.md §5.
package struct ClusterPlan: Sendable {
    /// Operators are blank; hashes are not computed yet.
    package let definition: Definition
    package let network: Network
    /// Whole keys that exist already, one for each validator; nil: new ones are drawn.
    package let secrets: [SecretKey]?
    /// Keystores that open fast: for throwaway networks only.
    package let insecureKeys: Bool
    /// Of the builder registrations.
    package let registrationTime: Instant

    /// What flags ask for.
    ///
    /// - Parameters:
    ///   - secrets: existing keys to split; `options.validators` must be their number.
    ///   - now: becomes the definition's timestamp.
    package init(
        _ options: ClusterOptions, splitting secrets: [SecretKey]? = nil, now: Instant,
        using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        try self.init(
            unchecked: options.definition(
                uuid: UUIDText.random(using: &generator), timestamp: RFC3339.seconds(now)),
            network: options.network, secrets: secrets, insecureKeys: options.insecureKeys, now: now)
    }

    /// What a definition asks for. Its hashes and signatures have been verified.
    ///
    /// - Parameters:
    ///   - network: the definition's.
    ///   - now: registrations of keys that exist already are as new as that.
    package init(
        _ definition: Definition, network: Network, splitting secrets: [SecretKey]? = nil, insecureKeys: Bool,
        now: Instant
    ) throws(ClusterError) {
        let option = "--definition-file"
        guard !definition.validators.isEmpty else {
            throw .option(option, "num_validators is 0; it must be at least 1")
        }
        try ClusterRules.checkNodes(definition.operators.count, option)
        try DepositAmounts.check(definition.depositAmounts, compounding: definition.compounding, "deposit_amounts")
        try ClusterRules.checkCost(insecureKeys: insecureKeys, network)
        guard !definition.name.isEmpty else { throw .option(option, "name is empty; the definition needs one") }
        try ClusterRules.checkThreshold(definition.threshold, nodes: definition.operators.count)
        try ClusterRules.checkProtocol(definition.consensusProtocol)
        try ClusterRules.checkWithdrawals(
            definition.validators.map(\.withdrawal), network, needsChecksum: true, "\(option), withdrawal_address")
        for item in definition.validators where EthereumAddress(item.feeRecipient) == nil {
            throw .option(option, "fee_recipient_address \"\(item.feeRecipient)\" is not 0x and 40 hex digits")
        }
        guard definition.operators.allSatisfy({ $0.address.isEmpty && $0.isUnsigned }) else {
            throw .option(
                option,
                "names operators by their accounts, but a trusted dealer puts nodes of its own in their place;"
                    + " let the operators run a key ceremony (dkg) with this definition")
        }
        var blank = definition
        // Records that are there belong to keys nobody here has.
        blank.operators = definition.operators.map { _ in Operator() }
        try self.init(unchecked: blank, network: network, secrets: secrets, insecureKeys: insecureKeys, now: now)
    }

    private init(
        unchecked definition: Definition, network: Network, secrets: [SecretKey]?, insecureKeys: Bool, now: Instant
    ) throws(ClusterError) {
        if let secrets { try Self.check(secrets, definition.validators.count) }
        self.definition = definition
        self.network = network
        self.secrets = secrets
        self.insecureKeys = insecureKeys
        // Existing keys may be registered already, and the newer registration wins.
        registrationTime = secrets == nil ? network.genesisTime : now
    }

    private static func check(_ secrets: [SecretKey], _ validators: Int) throws(ClusterError) {
        let option = "--split-keys-dir"
        guard secrets.count == validators else {
            throw .option(option, "holds \(secrets.count) keys, but the definition has \(validators) validators")
        }
        var seen: Set<PubKey> = []
        for secret in secrets where !seen.insert(secret.publicKey.bytes).inserted {
            throw .option(option, "holds the key of validator \(secret.publicKey) twice; remove one")
        }
    }
}
