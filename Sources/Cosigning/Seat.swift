import BLS
import Cluster
import ClusterSetup
import Ethereum
import SSZ
import Secp256k1

/// One operator's place in the cluster: who they are, and what they sign with.
package struct Seat: Sendable {
    let cluster: VerifiedCluster
    private let identity: Secp256k1.PrivateKey
    let peer: Int
    let files: ClusterFiles

    package init(_ cluster: VerifiedCluster, _ files: ClusterFiles) throws(ClusterError) {
        let key = try IdentityKeyFile.load(files.privateKeyFile)
        guard let peer = cluster.keys.peerIndex(of: key.publicKey) else {
            throw .option(
                "--private-key-file",
                "\(files.privateKeyFile) is not the key of any operator in \(files.lockFile); use the"
                    + " \(IdentityKeyFile.name) that was made for this cluster")
        }
        self.cluster = cluster
        self.peer = peer
        self.files = files
        identity = key
    }

    /// 1-based.
    package var shareIndex: Int { peer + 1 }

    func sign(_ digest: Root) -> Bytes65 { identity.sign(digest: digest) }

    /// What lets this operator see and delete what concerns a validator. Source: spec/cli-create.md §12.3.
    func authorization(for pubKey: PubKey) throws(ClusterError) -> Bytes65 {
        sign(try Self.authorizationRoot(cluster.lock.lockHash, pubKey, shareIndex))
    }

    static func authorizationRoot(_ lockHash: Root, _ pubKey: PubKey, _ shareIndex: Int) throws(ClusterError) -> Root {
        var walker = HashWalker()
        walker.raw(lockHash.bytes)
        try walker.fixed(pubKey.bytes, count: BLS.PublicKey.byteCount, "pubkey")
        walker.uint64(UInt64(shareIndex))
        return walker.root
    }

    /// This operator's key shares by position of the validator in the lock; each is what the lock says. Without leave
    /// for incomplete keystores they are all there.
    func openKeystores() async throws -> [Int: SecretKey] {
        let (cluster, peer, files) = (cluster, peer, files)
        return try await TrustedDealer.onOwnThread(files.opened) { watched in
            let directory = files.validatorKeysDirectory
            guard files.allowsIncompleteKeystores else {
                let shares: [SecretKey]
                do throws(ClusterError) {
                    shares = try KeystoreDirectory.loadSequenced(
                        directory, concurrency: files.concurrency, progress: watched)
                } catch {
                    throw error.at("--validator-keys-dir", missing: "point it to this operator's key shares")
                }
                do throws(ClusterError) {
                    try cluster.keys.verify(shares: shares, ofPeer: peer)
                } catch {
                    guard case .field(let field, let reason) = error, shares.count < cluster.keys.validators.count
                    else { throw error }
                    throw ClusterError.inFile(
                        directory, .field(field, "\(reason); --allow-incomplete-keystores takes what there is"))
                }
                return Dictionary(uniqueKeysWithValues: shares.enumerated().map { ($0, $1) })
            }
            let entries = try KeystoreDirectory.load(
                directory, concurrency: files.concurrency, progress: watched)
            return try cluster.keys.match(entries, ofPeer: peer)
        }
    }

    /// Signs for the validator at a position, and looks at the result as everybody else will.
    func sign(_ root: Root, with share: SecretKey, position: Int) throws(ClusterError) -> SignatureBytes {
        let signature = share.sign(root)
        guard cluster.keys.validators[position].shares[peer].verify(signature, over: root) else {
            throw .field(
                "signature", "a signature made here does not verify: this machine computes wrongly; nothing was sent")
        }
        return signature.bytes
    }
}
