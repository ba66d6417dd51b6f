import BLS
import Cluster
import Ethereum
import Secp256k1
import TestSupport

/// A cluster whose key shares were dealt anew, by who knows all of them: what a ceremony would leave behind.
struct EditedCluster {
    let old: ClusterCreation
    let plan: ResharePlan
    let lock: Lock
    /// By operator of the new cluster, in lock order.
    let shares: [[SecretKey]]
    let directory: TemporaryDirectory

    /// - Parameter directory: gets `node`, the directory of the first operator as it was.
    init(_ edit: ReshareEdit = .recreatePrivateKeys, directory: TemporaryDirectory? = nil) throws {
        old = try Samples.cluster(nodes: 4)
        var generator = SeededGenerator(seed: 3)
        plan = try ResharePlan(edit, LockFile(old.lock), identity: old.nodes[0].identity.publicKey)
        var byValidator: [[SecretKey]] = []
        for v in old.lock.validators.indices {
            let known = old.nodes.enumerated().map { ($0.offset + 1, $0.element.shares[v]) }
            let secret = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: known.prefix(3)))
            let split = try secret.split(threshold: plan.threshold, shares: plan.operators.count, using: &generator)
            byValidator.append(split.sorted { $0.key < $1.key }.map(\.value))
        }
        let unsigned = try plan.lock(publicShares: byValidator.map { $0.map(\.publicKey) })
        let aggregate = try BLS.Signature.aggregate(byValidator.joined().map { $0.sign(unsigned.lockHash) })
        let signatures = old.nodes.map { $0.identity.sign(digest: unsigned.lockHash).bytes }
        lock = try plan.signed(unsigned, aggregate: aggregate, nodeSignatures: signatures)
        shares = plan.operators.indices.map { i in byValidator.map { $0[i] } }
        self.directory = try directory ?? TemporaryDirectory()
        try old.write(to: self.directory.path, concurrency: 1, using: &generator)
    }

    var node: String { directory.file("node0") }
    var edited: String { directory.file("edited") }

    var output: EditOutput {
        get throws {
            var output = EditOutput(identityFile: "\(node)/\(IdentityKeyFile.name)", lock: try lock.encoded())
            output.keys = shares[0]
            return output
        }
    }

    func write() throws {
        var generator = SeededGenerator(seed: 4)
        try output.write(to: edited, cost: .insecure, concurrency: 1, using: &generator)
    }

    func change(
        from: String? = nil, to: String? = nil, isBack: Bool = false, verify: Bool = true,
        now: Instant = Instant(unixSeconds: 2_000_000_000)
    ) throws(ClusterError) -> ClusterSwitch {
        try ClusterSwitch(
            from: from ?? node, to: to ?? edited, isBack: isBack, verify: verify, concurrency: 1, now: now)
    }
}
