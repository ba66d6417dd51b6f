import Cluster
import SSZ

/// `--output-json`: the results of all categories, each as last run. Source: spec/operations.md §4.3.
package struct ResultFile: Sendable {
    private static let bytesMax = 16 << 20

    /// Members of other programs are kept, behind ours.
    private var members: JSONObject

    package init() { members = JSONObject() }

    /// An absent file is an empty one.
    ///
    /// - Throws: `ClusterError` for a file that cannot be read, or is something else: it is not overwritten.
    package init(path: String) throws(ClusterError) {
        guard FileAccess.isTaken(path) else {
            self.init()
            return
        }
        let bytes = try FileAccess.read(path, bytesMax: Self.bytesMax)
        guard let object = (try? JSONValue(parsing: bytes))?.object else {
            throw .inFile(
                path, .field("--output-json", "the file is there and holds no test results; name another or remove it"))
        }
        self.init()
        members = object
    }

    /// Puts a category in place of what was there of it.
    package mutating func merge(_ result: CategoryResult) {
        var merged = JSONObject()
        for category in Category.fileOrder {
            let value = category == result.category ? result.json : members[category.key]
            if let value { merged.append(category.key, value) }
        }
        for (name, value) in members.members { _ = merged.appendIfNew(name, value) }
        members = merged
    }

    package var json: JSONValue { .object(members) }

    /// Writes it by way of a temporary file beside it: readers see the old file or the new one.
    package func write(_ path: String) throws(ClusterError) {
        try FileAccess.replace(path, json.bytes(), mode: 0o644, durable: true)
    }
}
