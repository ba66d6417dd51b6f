import Cluster
import Ethereum
import TestSupport

/// A cluster on disk, made by a trusted dealer on hoodi from one seed: `node0`, `node1`, … below a directory.
package struct SmallCluster: Sendable {
    /// Where its blocks' fees and its withdrawals go.
    package static let address = "0x000000000000000000000000000000000000dEaD"
    /// 2026-11-23T20:59:39Z
    package static let now = Instant(unixSeconds: 1_795_467_579)

    package let directory: TemporaryDirectory
    package let creation: ClusterCreation

    package init(
        _ name: String, nodes: Int = 3, validators: Int = 1, in directory: TemporaryDirectory? = nil,
        change: (inout ClusterOptions) -> Void = { _ in }
    ) throws {
        var options = ClusterOptions()
        options.name = name
        options.nodes = nodes
        options.validators = validators
        options.feeRecipients = [Self.address]
        options.withdrawalAddresses = [Self.address]
        options.network = .hoodi
        options.insecureKeys = true
        change(&options)
        var generator = SeededGenerator(seed: 1)
        creation = try ClusterCreation(options, now: Self.now, using: &generator)
        self.directory = try directory ?? TemporaryDirectory()
        try creation.write(to: self.directory.path, concurrency: 1, using: &generator)
    }

    package var lock: Lock { creation.lock }

    /// Of the validators, in lock order.
    package var pubKeys: [PubKey] { lock.validators.map { PubKey(padding: $0.publicKey) } }

    package func file(_ name: String, of node: Int) -> String { directory.file("node\(node)/\(name)") }
    package func lockFile(_ node: Int) -> String { file(LockFile.name, of: node) }
    package func privateKeyFile(_ node: Int) -> String { file(IdentityKeyFile.name, of: node) }
    package func keystores(_ node: Int) -> String { file(KeystoreDirectory.name, of: node) }
}
