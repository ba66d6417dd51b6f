import Foundation

/// A journal that is this process's, before it is opened: a second process of the same seat has to be refused before it
/// takes the first one's connections.
package final class JournalClaim: Sendable {
    let lock: FileLock

    /// - Parameter path: The database file. A missing directory is created, for the owner alone.
    package init(path: String) throws(JournalError) {
        try Self.makeDirectory(of: path)
        lock = try FileLock(journal: path)
    }

    private static func makeDirectory(of path: String) throws(JournalError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            let reason = (error as NSError).localizedDescription
            throw .file(action: "create directory", path: directory, reason: reason)
        }
    }
}
