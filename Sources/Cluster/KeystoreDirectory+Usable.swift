import BLS

/// What a directory holds, for a node that signs with what it can.
extension KeystoreDirectory {
    /// A keystore that is there and of no use.
    package struct Fault: Sendable {
        package let path: String
        /// See `Entry`.
        package let index: Int?
        /// Names the file.
        package let error: ClusterError
    }

    /// Opens every `keystore-*.json` of the directory that can be opened; none if it is empty or missing. In the order of
    /// the names.
    ///
    /// - Parameters: see `load`; those of `opened` need not be opened again.
    package static func loadUsable(
        _ directory: String, concurrency: Int, opened known: OpenedKeystores? = nil,
        progress: @escaping WorkProgress = { _, _ in true }
    ) throws(ClusterError) -> (entries: [Entry], faults: [Fault]) {
        guard FileAccess.isTaken(directory), try FileAccess.names(in: directory).contains(where: isKeystore) else {
            return ([], [])
        }
        let files = try Self.files(in: directory)
        let contents = files.map { file in Self.outcome { () throws(ClusterError) in try read(file) } }
        let threads = threads(contents.compactMap { try? $0.get() }, concurrency)
        let opened = try ParallelWork.map(files.count, threads: threads, progress: progress) {
            i throws(ClusterError) -> Result<Entry, ClusterError> in
            outcome { () throws(ClusterError) in try entry(files[i], contents[i].get(), opened: known) }
        }
        var (entries, faults): ([Entry], [Fault]) = ([], [])
        for (file, result) in zip(files, opened) {
            switch result {
            case .success(let entry): entries.append(entry)
            case .failure(let error): faults.append(Fault(path: file.path, index: file.index, error: error))
            }
        }
        return (entries, faults)
    }

    private static func outcome<Value>(
        _ body: () throws(ClusterError) -> Value
    ) -> Result<Value, ClusterError> {
        do throws(ClusterError) { return .success(try body()) } catch { return .failure(error) }
    }
}
