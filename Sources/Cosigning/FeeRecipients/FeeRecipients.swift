import BLS
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Whom blocks pay, changed by the operators of a running cluster: `styx feerecipient …`. Source: cli-create.md §10.
package struct FeeRecipients: Sendable {
    let cluster: VerifiedCluster
    let api: ObolAPI
    let overridesFile: String
    let notes: CommandNotes
    static let keysOption = "--validator-public-keys"

    package init(_ cluster: VerifiedCluster, _ api: ObolAPI, overridesFile: String, notes: CommandNotes) {
        self.cluster = cluster
        self.api = api
        self.overridesFile = overridesFile
        self.notes = notes
    }

    /// What the lock says, and the overrides file, which must hold as a whole if it is there.
    func known() async throws -> (lock: Registrations, overrides: [PubKey: SignedValidatorRegistration]) {
        let (cluster, path) = (cluster, overridesFile)
        let lock = Registrations(cluster.lock)
        guard FileAccess.isTaken(path) else { return (lock, [:]) }
        let overrides = try await TrustedDealer.onOwnThread {
            try RegistrationOverrides.load(path, keys: cluster.keys, forkVersion: cluster.forkVersion)
        }
        return (lock, overrides.registrations)
    }

    func check(_ pubKeys: [PubKey]) throws(ClusterError) {
        for pubKey in pubKeys { _ = try cluster.requirePosition(of: pubKey, Self.keysOption) }
        guard Set(pubKeys).count == pubKeys.count else { throw .option(Self.keysOption, "names a validator twice") }
    }

    static func name(_ message: ValidatorRegistration) -> String {
        "fee recipient \(EthereumAddress(message.feeRecipient)), gas limit \(message.gasLimit), dated"
            + " \(message.timestamp), for validator \(message.pubKey)"
    }
}
