import Ethereum
import SSZ

/// `switch-plan.json` in a node's directory: that the node is to go over to the directory of an edit at an epoch, while
/// it runs. Written by `styx alpha edit switch --at-epoch`; the node looks for it.
package struct SwitchPlanFile: Equatable, Sendable {
    package static let name = "switch-plan.json"
    private static let bytesMax = 16 << 10

    package let epoch: Epoch
    /// Beside the node's directory, with the files of the new cluster: a name without a path.
    package let directory: String
    package let oldLock: Root
    package let newLock: Root

    package init(epoch: Epoch, directory: String, oldLock: Root, newLock: Root) {
        self.epoch = epoch
        self.directory = directory
        self.oldLock = oldLock
        self.newLock = newLock
    }

    package init(json bytes: [UInt8]) throws(ClusterError) {
        let members = try JSONMembers(JSONValue(clusterFile: bytes, bytesMax: Self.bytesMax), path: "")
        guard let epoch = UInt64(try members.string("epoch")) else {
            throw .field("epoch", "not a number in quotation marks")
        }
        directory = try members.string("new_directory")
        guard !directory.isEmpty, !directory.contains("/"), directory != ".", directory != "..",
            directory.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else {
            throw .field("new_directory", "not the name of a directory beside the node's")
        }
        func lock(_ name: String) throws(ClusterError) -> Root {
            guard let root = try? Root(hex: try members.string(name)) else { throw .field(name, "not a lock's hash") }
            return root
        }
        self.epoch = Epoch(epoch)
        oldLock = try lock("old_lock_hash")
        newLock = try lock("new_lock_hash")
    }

    package func encoded() -> [UInt8] {
        JSONValue.object(
            JSONObject([
                ("epoch", .string(String(epoch.rawValue))), ("new_directory", .string(directory)),
                ("old_lock_hash", .string(oldLock.hex)), ("new_lock_hash", .string(newLock.hex)),
            ])
        ).bytes()
    }

    // MARK: In a node's directory

    /// Nil if none is there.
    package static func load(of node: String) throws(ClusterError) -> SwitchPlanFile? {
        let path = FileAccess.join(node, name)
        guard FileAccess.isTaken(path) else { return nil }
        let bytes = try FileAccess.read(path, bytesMax: bytesMax)
        do throws(ClusterError) { return try SwitchPlanFile(json: bytes) } catch { throw .inFile(path, error) }
    }

    package func write(into node: String) throws(ClusterError) {
        try FileAccess.replace(FileAccess.join(node, Self.name), encoded(), mode: 0o600, durable: true)
        try FileAccess.syncDirectory(node)
    }

    package static func remove(from node: String) { FileAccess.remove(FileAccess.join(node, name)) }

    /// The new cluster's directory.
    package func path(beside node: String) -> String { FileAccess.join(FileAccess.parent(of: node), directory) }
}
