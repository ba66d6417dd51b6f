import BLS
import SSZ

extension KeystoreDirectory {
    /// Directories inside each other. Links to directories are not followed, so there are no circles.
    private static let depthMax = 16

    /// Opens every keystore in a tree of directories, whatever the files are called.
    ///
    /// Each `*.json` with the shape of a keystore is one, each `*.txt` is a password. First the one of the same name is
    /// tried, then all others: n keystores whose passwords have other names take up to n² derivations. None found, or
    /// one that nothing opens, is an error. In the order of the paths.
    package static func loadRecursive(
        _ root: String, concurrency: Int, progress: @escaping WorkProgress = { _, _ in true }
    ) throws(ClusterError) -> [Entry] {
        var tree = Tree()
        try tree.walk(root, depth: 0)
        guard !tree.keystores.isEmpty else {
            throw .inFile(root, .field("keystores", "no keys found, neither here nor in any directory below"))
        }
        let keystores = tree.keystores
        let passwords = tree.passwords
        let threads = threads(keystores.map(\.content), concurrency)
        return try ParallelWork.map(keystores.count, threads: threads, progress: progress) {
            i throws(ClusterError) in
            let (file, content) = (keystores[i].file, keystores[i].content)
            let first = file.passwordPath
            let order = passwords.filter { $0 == first } + passwords.filter { $0 != first }
            for path in order {
                // Whatever is wrong with one password file, another may open it.
                guard let key = try? open(content, passwordPath: path) else { continue }
                return Entry(path: file.path, index: file.index, key: key)
            }
            throw .inFile(
                file.path,
                .field(
                    "password",
                    "none of the \(passwords.count) password files (*.txt) below \(root) opens this keystore"))
        }
    }

    private struct Tree {
        var keystores: [(file: File, content: KeystoreContent)] = []
        var passwords: [String] = []

        mutating func walk(_ directory: String, depth: Int) throws(ClusterError) {
            guard depth <= depthMax else {
                throw .inFile(directory, .field("keystores", "more than \(depthMax) directories inside each other"))
            }
            for name in try FileAccess.names(in: directory) {
                let path = FileAccess.join(directory, name)
                if FileAccess.isDirectory(path) {
                    if !FileAccess.isSymbolicLink(path) { try walk(path, depth: depth + 1) }
                } else if name.hasSuffix(".txt") {
                    passwords.append(path)
                } else if name.hasSuffix(".json"), let keystore = try keystore(path, name) {
                    keystores.append(keystore)
                }
                guard max(keystores.count, passwords.count) <= filesMax else {
                    throw .inFile(directory, .field("keystores", "more than \(filesMax) files"))
                }
            }
        }

        /// nil for other JSON. What looks like a keystore but is not sound is an error: it would be missed later.
        private func keystore(_ path: String, _ name: String) throws(ClusterError) -> (File, KeystoreContent)? {
            let file = File(path: path, index: index(ofName: name))
            do throws(ClusterError) {
                let bytes = try FileAccess.read(path, bytesMax: KeystoreContent.fileBytesMax)
                let json = try JSONValue(clusterFile: bytes, bytesMax: KeystoreContent.fileBytesMax)
                guard json["crypto"]?.object != nil else { return nil }
                return (file, try KeystoreContent(json))
            } catch {
                // Locks and deposit data of many validators are larger than any keystore.
                if !isKeystore(name) {
                    switch error {
                    case .fileTooLarge, .json: return nil
                    default: break
                    }
                }
                if case .system = error { throw error }
                throw .inFile(path, error)
            }
        }
    }
}
