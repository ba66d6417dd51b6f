import BLS
import Cluster
import ClusterSetup
import DutyWorkflow
import Ethereum
import Libp2p
import PeerProtocols
import Program
import SSZ
import Secp256k1

/// Who this node is in its cluster: the lock, verified but for what contracts have to confirm, and the identity key that
/// belongs to it.
struct ClusterContext: Sendable {
    let lock: Lock
    let keys: ShareKeys
    let operators: [Secp256k1.PublicKey]
    let identity: PrivateKey
    let directory: PeerDirectory
    let warnings: [String]
    let clusterKeys: ClusterKeys
    private let customNetwork: Network?
    /// Of the lock, before contracts were asked.
    private let verification: Verification
    /// Whether contracts signed the lock, and somebody can be asked what they say. In almost no cluster.
    let asksContracts: Bool

    /// Reads and verifies; about a millisecond per validator. What contracts say is left to `confirm`.
    init(_ configuration: NodeConfiguration) throws {
        customNetwork = try configuration.testnet.custom()
        let file = try LockFile.load(configuration.lockFile, verify: false, customNetwork: customNetwork)
        verification = file.report
        asksContracts = !configuration.executionClientEndpoint.isEmpty && !verification.contractCalls.isEmpty
        let failures = asksContracts ? verification.settledFailures : verification.failures
        if configuration.isVerifyingLock, let failure = failures.first {
            throw ClusterError.inFile(configuration.lockFile, failure)
        }
        let key = try IdentityKeyFile.load(configuration.privateKeyFile)
        guard let index = file.keys.peerIndex(of: key.publicKey) else {
            throw ConfigurationError(
                flag: "private-key-file",
                what: "\(configuration.privateKeyFile) is not the key of any operator in \(configuration.lockFile)",
                cure: "use the charon-enr-private-key that was made for this cluster")
        }
        let own = PeerIndex(index)
        lock = file.lock
        clusterKeys = file.keys
        operators = file.keys.operators
        identity = key
        warnings = failures.map { "\($0)" }
        keys = ShareKeys(file.keys.validators, own: ShareIndex(own))
        directory = PeerDirectory(peers: operators.map { PeerID($0) }, own: own)
    }

    /// Asks the contracts that signed, for as long as nobody answers for them. Returns at once if none did.
    ///
    /// - Parameter waiting: called with the reason while the execution client does not answer.
    /// - Returns: what they do not confirm, for a node that runs all the same.
    /// - Throws: what they do not confirm.
    func confirm(_ configuration: NodeConfiguration, waiting: (String) -> Void) async throws -> [String] {
        guard asksContracts else { return [] }
        var verification = verification
        let calls = verification.contractCalls
        while !verification.contractCalls.isEmpty {
            do {
                let answers = try await WebClient.with { web in
                    try await ContractQuestions(endpoint: configuration.executionClientEndpoint, web: web)
                        .answers(to: calls)
                }
                for (call, answer) in answers { verification.answer(call, answer) }
            } catch let error as ServiceError {
                guard configuration.isVerifyingLock else { break }
                waiting("\(error)")
                try await Task.sleep(for: .seconds(5))
            }
        }
        let news = verification.failures.filter { !self.verification.settledFailures.contains($0) }
        if configuration.isVerifyingLock, let failure = news.first {
            throw ClusterError.inFile(configuration.lockFile, failure)
        }
        return news.map { "\($0)" }
    }

    var own: PeerIndex { directory.own }
    var threshold: Int { lock.definition.threshold }

    /// The lock's network, for EIP-7044; nil for a test network nobody knows.
    var network: Network? { Network.with(genesisForkVersion: lock.definition.forkVersion, custom: customNetwork) }

    /// Those of this operator's key shares that keystores have, and the keystores that are of no use. Blocks for 30 ms a
    /// keystore and thread.
    func loadShares(
        _ directory: String, concurrency: Int, opened: OpenedKeystores? = nil, progress: @escaping WorkProgress
    ) throws -> OpenedShares {
        let loaded: (entries: [KeystoreDirectory.Entry], faults: [KeystoreDirectory.Fault])
        do throws(ClusterError) {
            loaded = try KeystoreDirectory.loadUsable(
                directory, concurrency: concurrency, opened: opened, progress: progress)
        } catch {
            throw error.at("--validator-keys-dir", missing: "point it to this operator's key shares")
        }
        let (places, foreign) = clusterKeys.usable(loaded.entries, ofPeer: own.rawValue)
        let shares = Dictionary(
            uniqueKeysWithValues: places.map { (clusterKeys.validators[$0].publicKey.bytes, $1) })
        return OpenedShares(
            keys: shares.mapValues(\.key), files: shares.mapValues(\.path), faults: loaded.faults + foreign)
    }
}
