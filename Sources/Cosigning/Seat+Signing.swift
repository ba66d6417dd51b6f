import BLS
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Signing with this operator's key shares, wherever they are.
extension Seat {
    /// What signs for one validator.
    enum Share: Sendable {
        case key(SecretKey)
        /// A remote signer has it, or should.
        case remote(PublicKey)

        var publicKey: PublicKey {
            switch self {
            case .key(let key): key.publicKey
            case .remote(let key): key
            }
        }
    }

    /// One signature that is wanted.
    struct Job: Sendable {
        /// Of the validator in the lock.
        let position: Int
        let share: Share
        let root: Root
        let message: RemoteShares.Message
    }

    /// By position of the validator in the lock. Of keystores those that are there; remote signers are asked for all.
    func openShares() async throws -> [Int: Share] {
        guard files.remoteShares == nil else {
            let keys = cluster.keys.validators.map { Share.remote($0.shares[peer]) }
            return Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($0, $1) })
        }
        return try await openKeystores().mapValues { .key($0) }
    }

    /// Where key shares are looked for, for errors.
    var sharesOption: String { files.remoteShares == nil ? "--validator-keys-dir" : "--signer-url" }

    /// Each signature is verified under its share's public key; 2 ms each by keystores.
    ///
    /// - Returns: one for each job, in order; nil for a share that remote signers do not have, if some may be missing.
    func sign(_ jobs: [Job]) async throws -> [SignatureBytes?] {
        guard !jobs.isEmpty else { return [] }
        guard let remote = files.remoteShares else {
            return try await TrustedDealer.onOwnThread {
                try jobs.map { job throws(ClusterError) in
                    guard case .key(let key) = job.share else { preconditionFailure("opened from keystores") }
                    return try sign(job.root, with: key, position: job.position)
                }
            }
        }
        let orders = jobs.map { RemoteShares.Order(share: $0.share.publicKey, root: $0.root, message: $0.message) }
        let outcomes = try await remote.sign(orders)
        guard outcomes.count == jobs.count else { preconditionFailure("one outcome for each order") }
        return try zip(jobs, outcomes).map { job, outcome throws(ClusterError) in
            let validator = cluster.pubKeys[job.position]
            switch outcome {
            case .signature(let signature): return signature
            case .missing:
                guard files.allowsIncompleteKeystores else {
                    throw .option(
                        sharesOption,
                        "no remote signer has key share \(job.share.publicKey.bytes) of validator \(validator); nothing was"
                            + " handed over. Import it there, or give --allow-incomplete-keystores")
                }
                return nil
            case .failed(let reason):
                throw .option(
                    sharesOption, "nothing was signed for validator \(validator), and nothing handed over: \(reason)")
            }
        }
    }
}
