import BLS
import SSZ
import Synchronization

/// Keystores that are opened before they are needed: whoever opens the same ones later has their keys at once.
///
/// The same are those of the same content and password, wherever their files are by then. Kept in memory alone.
package final class OpenedKeystores: Sendable {
    private struct Mark: Hashable {
        let content: KeystoreContent
        let password: Root

        init(_ content: KeystoreContent, _ password: [UInt8]) {
            self.content = content
            self.password = SHA256.hash(password)
        }
    }

    private let keys = Mutex<[Mark: SecretKey]>([:])

    package init() {}

    package var count: Int { keys.withLock { $0.count } }

    /// The work of opening a directory's keystores, a piece for each. A piece blocks for as long as `KeystoreDirectory`
    /// says. What cannot be opened is left to who needs it, and tells.
    package func work(of directory: String) throws(ClusterError) -> [@Sendable () -> Void] {
        try KeystoreDirectory.files(in: directory).map { file in { [self] in try? open(file) } }
    }

    private func open(_ file: KeystoreDirectory.File) throws(ClusterError) {
        let content = try KeystoreDirectory.read(file)
        try KeystoreDirectory.withPassword(file.passwordPath) { password throws(ClusterError) in
            let key = try content.open(password: password)
            keys.withLock { $0[Mark(content, password)] = key }
        }
    }

    func key(_ content: KeystoreContent, _ password: [UInt8]) -> SecretKey? {
        keys.withLock { keys in keys.isEmpty ? nil : keys[Mark(content, password)] }
    }

    package func forget() { keys.withLock { $0 = [:] } }
}
