import Cluster
import Ethereum
import Foundation
import Program
import SSZ
import Synchronization

/// Key shares at remote signers that the operator took out of use, in a file beside the journal: a restart does not bring
/// them back.
final class RetiredKeys: Sendable {
    /// Of the largest cluster, twice.
    private static let bytesMax = 16 << 20
    private static let countMax = 131_072

    let path: String
    private let keys: Mutex<Set<PubShare>>

    /// - Throws: if there is a file that cannot be read: without it retired keys would sign again.
    init(path: String) throws(ConfigurationError) {
        self.path = path
        guard FileAccess.isTaken(path) else {
            keys = Mutex([])
            return
        }
        do {
            let json = try JSONValue(parsing: try FileAccess.read(path, bytesMax: Self.bytesMax))
            let list = try json.elements(limit: Self.countMax) { (item) throws(SSZError) in try PubShare(json: item) }
            keys = Mutex(Set(list))
        } catch {
            throw ConfigurationError(
                flag: "journal-file",
                what: "has beside it \(path), the list of remote keys taken out of use, which cannot be read: \(error)",
                cure: "correct the file, a JSON array of public keys; without it those keys would sign again")
        }
    }

    var all: Set<PubShare> { keys.withLock { $0 } }

    /// Durable on return; on failure nothing changes. Blocks for the disk.
    func replace(_ new: Set<PubShare>) throws(ClusterError) {
        let json = JSONValue.array(new.sorted().map { $0.json() })
        try FileAccess.replace(path, Array(json.text(indent: " ").utf8), mode: 0o600, durable: true)
        try FileAccess.syncDirectory(FileAccess.parent(of: path))
        keys.withLock { $0 = new }
    }
}
