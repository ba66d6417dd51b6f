import BLS
import Cluster
import ClusterSetup
import Ethereum
import SSZ
import Secp256k1

/// Files of a cluster and of one of its operators, under the names of their flags.
package struct ClusterFiles: Sendable {
    package var lockFile = ".charon/\(LockFile.name)"
    package var privateKeyFile = ".charon/\(IdentityKeyFile.name)"
    package var validatorKeysDirectory = ".charon/\(KeystoreDirectory.name)"
    /// Whether key shares of some validators may be missing.
    package var allowsIncompleteKeystores = false
    /// Instead of keystores.
    package var remoteShares: RemoteShares?
    /// Asked about signatures of contract wallets; empty: nobody is.
    package var executionEndpoint = ""
    package var network = NetworkFlags()
    /// Threads that open keystores.
    package var concurrency = 1
    /// Keystores opened, from any thread.
    package var opened: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

    package init() {}
}

/// A cluster whose lock holds in every respect: these commands act on no other.
package struct VerifiedCluster: Sendable {
    package let lock: Lock
    package let keys: ClusterKeys
    package let network: Network
    private let positions: [PubKey: Int]

    /// Reads and verifies; 1 ms a validator. Asks contracts if they signed and somebody can be asked.
    package init(_ files: ClusterFiles, web: WebClient) async throws {
        let custom = try files.network.custom()
        let path = files.lockFile
        var file = try await TrustedDealer.onOwnThread {
            try LockFile.load(path, verify: false, customNetwork: custom)
        }
        let questions = ContractQuestions(endpoint: files.executionEndpoint, web: web)
        for (call, answer) in try await questions.answers(to: file.report.contractCalls) { file.answer(call, answer) }
        do throws(ClusterError) {
            try file.report.requirePassed()
        } catch .verification(let field, let reason) {
            // There is no way around it here.
            throw ClusterError.inFile(path, .field(field, "\(reason); get the lock again from another operator"))
        } catch {
            throw ClusterError.inFile(path, error)
        }
        guard let network = Network.with(genesisForkVersion: file.lock.definition.forkVersion, custom: custom) else {
            throw ClusterError.inFile(
                path,
                .field(
                    "fork_version",
                    "\(file.lock.definition.forkVersion) is of no known network; describe it with all of --testnet-*"))
        }
        self.init(file.lock, file.keys, network)
    }

    /// - Parameter lock: verified by the caller.
    package init(_ lock: Lock, _ keys: ClusterKeys, _ network: Network) {
        self.lock = lock
        self.keys = keys
        self.network = network
        positions = Dictionary(
            keys.validators.enumerated().map { ($1.publicKey.bytes, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var pubKeys: [PubKey] { keys.validators.map { $0.publicKey.bytes } }
    package var threshold: Int { lock.definition.threshold }
    package var forkVersion: ForkVersion { lock.definition.forkVersion }

    /// Nil for a validator of somebody else.
    func position(of pubKey: PubKey) -> Int? { positions[pubKey] }

    func validator(_ pubKey: PubKey) -> ClusterKeys.Validator? { position(of: pubKey).map { keys.validators[$0] } }

    /// - Parameter option: that named it.
    func requirePosition(of pubKey: PubKey, _ option: String) throws(ClusterError) -> Int {
        guard let position = position(of: pubKey) else {
            throw .option(option, "\(pubKey) is no validator of this cluster")
        }
        return position
    }
}
