import BLS
import Ethereum
import Secp256k1

/// Validators that a cluster gains: a key generation for them among all operators, whose old key shares sign the new
/// lock along. A function of the lock, the flags and the own identity. Source: spec/dkg.md §7, spec/cli-create.md §11.
package struct ValidatorAddition: Sendable {
    /// Under the names of the flags.
    package struct Request: Equatable, Sendable {
        package var count = 1
        /// One for all new validators, or one for each; `0x` and 40 hex digits.
        package var feeRecipients: [String] = []
        /// Likewise, with the checksum of EIP-55.
        package var withdrawals: [String] = []
        /// Without the old key shares: nobody signs the lock, and nodes run it with `--no-verify` alone.
        package var isUnverified = false

        package init() {}
    }

    package let lock: Lock
    package let keys: ClusterKeys
    package let network: Network
    /// Of the new validators, in their order.
    package let addresses: [ValidatorAddresses]
    package let isUnverified: Bool
    /// This node's position among the operators.
    package let own: Int

    /// - Throws: `.option` naming the flag, or `.field` for a lock that cannot grow.
    package init(
        _ request: Request, _ file: LockFile, customNetwork: Network?, identity: Secp256k1.PublicKey
    ) throws(ClusterError) {
        let definition = file.lock.definition
        guard definition.version.hasDeposits else {
            throw .field(
                "version", "\(definition.version.rawValue); key ceremonies need \(FileVersion.v1_6.rawValue) or later")
        }
        let total = file.lock.validators.count
        try ClusterRules.checkValidators(request.count)
        guard request.count <= FileLimits.validators - total else {
            throw .option(
                "--num-validators",
                "\(request.count) more than \(total); a cluster has at most \(FileLimits.validators)")
        }
        network = try definition.network(custom: customNetwork)
        let fees = try ClusterRules.perValidator(
            request.feeRecipients, request.count, "--fee-recipient-addresses")
        let option = "--withdrawal-addresses"
        let withdrawals = try ClusterRules.perValidator(request.withdrawals, request.count, option)
        try ClusterRules.checkWithdrawals(request.withdrawals, network, needsChecksum: true, option)
        addresses = zip(fees, withdrawals).map { ValidatorAddresses(feeRecipient: $0, withdrawal: $1) }
        guard let own = file.keys.peerIndex(of: identity) else {
            throw .option(
                ReshareEdit.Flag.identity, "it belongs to no operator of the lock; use this cluster's identity key")
        }
        self.own = own
        lock = file.lock
        keys = file.keys
        isUnverified = request.isUnverified
    }

    /// Whose keys a key ceremony makes: the new validators alone, counted from 0, under the old definition.
    package var ceremonyDefinition: Definition {
        var definition = lock.definition
        definition.validators = addresses
        return definition
    }

    /// Gwei, ascending.
    package var amounts: [Gwei] { lock.definition.signedDepositAmounts }

    /// - Parameters:
    ///   - shares: this node's keystores in lock order; nil if there are none.
    ///   - hasKeymanager: where new key shares can go if they do not go to disk.
    package func check(
        shares: [SecretKey]?, in directory: String, hasKeymanager: Bool
    ) throws(ClusterError) {
        let flag = ReshareEdit.Flag.keys
        guard let shares, !shares.isEmpty else {
            guard isUnverified else {
                throw .option(
                    flag,
                    "\(directory) has no keystores: the key shares of all \(lock.validators.count) validators sign the new"
                        + " lock; point to them, or give --unverified if a keymanager has them")
            }
            guard hasKeymanager else {
                throw .option(
                    "--keymanager-address", "missing: with --unverified the new key shares go to a keymanager only")
            }
            return
        }
        guard !isUnverified else {
            throw .option(
                "--unverified", "\(directory) has keystores, so the lock can be signed: leave the flag out")
        }
        do throws(ClusterError) { try keys.verify(shares: shares, ofPeer: own) } catch {
            throw .option(flag, "\(directory): \(error)")
        }
    }

    /// The grown cluster's definition.
    package func definition() throws(ClusterError) -> Definition {
        var definition = lock.definition
        definition.validators += addresses
        if !isUnverified {
            definition.creator = Creator()
            definition.operators = definition.operators.map { Operator(enr: $0.enr) }
        }
        return try definition.withHashes()
    }

    /// The new lock, hashed, without signatures.
    ///
    /// - Parameter new: the new validators, in their order.
    package func lock(adding new: [DistributedValidator]) throws(ClusterError) -> Lock {
        guard new.count == addresses.count else {
            throw .field("new validators", "\(new.count) of \(addresses.count)")
        }
        var grown = lock
        grown.definition = try definition()
        grown.validators += new
        grown.signatureAggregate = []
        grown.nodeSignatures = []
        return try grown.withHashes()
    }
}
