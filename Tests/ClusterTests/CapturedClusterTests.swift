import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

/// Clusters that Charon v1.10.3 and v1.11-dev made: everything in them must hold, down to the last byte.
@Suite struct CapturedClusterTests {
    static let folders = [
        "cluster/captured/create-v1.10.3", "cluster/captured/dkg-v1.10.3", "cluster/captured/create-v1.11-dev",
    ].filter(Vectors.has)

    @Test("Charon's clusters load, verify and recombine", .enabled(if: !folders.isEmpty), arguments: folders)
    func everything(folder: String) throws {
        let root = try #require(Vectors.root).appendingPathComponent(folder).path
        var shares: [[SecretKey]] = []
        var locks: [Lock] = []
        for i in 0..<4 {
            let node = "\(root)/node\(i)"
            let file = try LockFile.load("\(node)/cluster-lock.json")
            locks.append(file.lock)
            #expect(try file.lock.encoded() == Vectors.data("\(folder)/node\(i)/cluster-lock.json"))
            let identity = try IdentityKeyFile.load("\(node)/charon-enr-private-key")
            #expect(file.keys.peerIndex(of: identity.publicKey) == i)
            #expect(ENR(signedBy: identity).text == file.lock.definition.operators[i].enr)
            #expect(identity.sign(digest: file.lock.lockHash).bytes == file.lock.nodeSignatures[i])
            let keys = try KeystoreDirectory.loadSequenced("\(node)/validator_keys", concurrency: 2)
            try file.keys.verify(shares: keys, ofPeer: i)
            shares.append(keys)
            try checkDeposits(file.lock, folder: "\(folder)/node\(i)")
        }
        let lock = try #require(locks.first)
        #expect(locks.allSatisfy { $0 == lock })
        let all = shares.joined().map { $0.sign(lock.lockHash) }
        #expect(try Signature.aggregate(all).bytes.bytes == lock.signatureAggregate)
        for (v, validator) in lock.validators.enumerated() {
            for absent in 0..<4 {
                let subset = (0..<4).filter { $0 != absent }.map { ($0 + 1, shares[$0][v]) }
                let secret = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: subset))
                #expect(secret.publicKey.bytes.bytes == validator.publicKey)
            }
        }
    }

    /// The deposit files follow from the lock byte for byte.
    private func checkDeposits(_ lock: Lock, folder: String) throws {
        let network = try lock.definition.network(custom: nil)
        for (a, amount) in lock.definition.signedDepositAmounts.enumerated() {
            let deposits = try lock.validators.map { validator in
                let deposit = validator.partialDeposits[a]
                return DepositData(
                    pubKey: try #require(PubKey(deposit.pubKey)),
                    withdrawalCredentials: try #require(Bytes32(deposit.withdrawalCredentials)),
                    amount: deposit.amount, signature: try #require(SignatureBytes(deposit.signature)))
            }
            let file = try DepositDataFile(deposits, amount: amount, network: network)
            #expect(try file.encoded() == Vectors.data("\(folder)/\(file.name)"))
        }
    }
}
