import BLS
import Glibc

/// What a key ceremony leaves in an operator's data directory, before and while it appears there.
///
/// Everything is written into a hidden directory inside the data directory first and moved at the end, the lock last: a
/// failure or crash on the way leaves nothing that a node would start from, and nothing is ever replaced.
/// Source of names and modes: spec/cluster-files.md §17.
package struct CeremonyFiles: Sendable {
    package struct Content: Sendable {
        /// This operator's share of each validator's key, in lock order. Nil: a keymanager has them.
        package var shares: [SecretKey]?
        package var depositFiles: [DepositDataFile]
        /// The lock file's bytes.
        package var lock: [UInt8]

        package init(shares: [SecretKey]?, depositFiles: [DepositDataFile], lock: [UInt8]) {
            self.shares = shares
            self.depositFiles = depositFiles
            self.lock = lock
        }
    }

    private static let stageName = ".styx-dkg-files"
    package static let archiveName = "dkg.tar.gz"

    private let directory: String
    private var stage: String { FileAccess.join(directory, Self.stageName) }

    /// Refuses before anything is done if results of a ceremony are there already.
    ///
    /// - Parameter directory: of the option `--data-dir`; must be there.
    package static func checkFree(_ directory: String) throws(ClusterError) {
        let names: [String]
        do throws(ClusterError) { names = try FileAccess.names(in: directory) } catch {
            throw error.at("--data-dir", missing: "make it with `styx create enr --data-dir \(directory)`")
        }
        guard let taken = names.first(where: isResult) else { return }
        throw .option(
            "--data-dir",
            "\(FileAccess.join(directory, taken)) is there already; nothing is overwritten: if it is of no use, move it"
                + " away")
    }

    private static func isResult(_ name: String) -> Bool {
        name == KeystoreDirectory.name || name == LockFile.name || name == archiveName
            || name.hasPrefix("deposit-data")
    }

    /// Makes and removes what `write` will make, so that the last step of a ceremony does not fail for a directory that
    /// cannot be written.
    package static func checkWritable(_ directory: String) throws(ClusterError) {
        let files = CeremonyFiles(directory: directory)
        do throws(ClusterError) {
            try files.makeStage()
            defer { files.discard() }
            let trial = FileAccess.join(files.stage, LockFile.name)
            try FileAccess.create(trial, [], mode: 0o444)
            let target = FileAccess.join(directory, stageName + ".test")
            FileAccess.remove(target)
            try FileAccess.rename(trial, to: target)
            FileAccess.remove(target)
        } catch {
            throw error.at("--data-dir", missing: "make it with `styx create enr --data-dir \(directory)`")
        }
    }

    /// Writes everything, but not yet where it belongs. What an earlier run that was killed left of this goes.
    ///
    /// - Parameter threads: for the keystores, 54 ms each.
    package init(
        _ content: Content, in directory: String, threads: Int, progress: @escaping WorkProgress = { _, _ in true },
        using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        self.directory = directory
        try makeStage()
        do throws(ClusterError) {
            if let shares = content.shares {
                try KeystoreDirectory.store(
                    shares, in: FileAccess.join(stage, KeystoreDirectory.name), cost: .secure, concurrency: threads,
                    progress: progress, using: &generator)
            }
            for file in content.depositFiles {
                try FileAccess.create(FileAccess.join(stage, file.name), file.encoded(), mode: 0o444)
            }
            try FileAccess.create(FileAccess.join(stage, LockFile.name), content.lock, mode: 0o444)
            try FileAccess.syncDirectory(stage)
        } catch {
            discard()
            throw error
        }
    }

    private init(directory: String) { self.directory = directory }

    private func makeStage() throws(ClusterError) {
        FileAccess.removeTree(stage)
        try FileAccess.createDirectory(stage, mode: 0o700)
    }

    /// Moves everything to where it belongs, the lock last.
    ///
    /// - Parameter continuing: an earlier run of the same ceremony was killed while it moved: what it has moved stays.
    ///   Otherwise anything in the way is an error, and what was moved is taken back.
    package func commit(continuing: Bool = false) throws(ClusterError) {
        var moved: [String] = []
        do throws(ClusterError) {
            let names = try FileAccess.names(in: stage)
            for name in names.filter({ $0 != LockFile.name }) + [LockFile.name] {
                let target = FileAccess.join(directory, name)
                if continuing, FileAccess.isTaken(target) { continue }
                try FileAccess.rename(FileAccess.join(stage, name), to: target)
                moved.append(target)
                // The keys must not be lost when the lock is there.
                if name != LockFile.name { try FileAccess.syncDirectory(directory) }
            }
            try FileAccess.syncDirectory(directory)
        } catch {
            if !continuing { moved.forEach(FileAccess.removeTree) }
            discard()
            throw error
        }
        discard()
    }

    /// Moves one file, made by `write` from the others and the identity key, to where it belongs, instead of them.
    ///
    /// - Parameter write: gets the path of a new file, and the files for it: where they are and what to call them.
    package func commitArchive(
        continuing: Bool = false, _ write: (_ path: String, _ entries: [(path: String, name: String)]) throws -> Void
    ) throws {
        let (archive, target) = (
            FileAccess.join(stage, Self.archiveName), FileAccess.join(directory, Self.archiveName)
        )
        defer { discard() }
        if continuing, FileAccess.isTaken(target) { return }
        let key = FileAccess.join(directory, IdentityKeyFile.name)
        try write(archive, [(key, IdentityKeyFile.name)] + entries())
        try FileAccess.rename(archive, to: target)
        try FileAccess.syncDirectory(directory)
    }

    /// Directories before what is in them.
    private func entries() throws(ClusterError) -> [(path: String, name: String)] {
        var entries: [(path: String, name: String)] = []
        for name in try FileAccess.names(in: stage) {
            let path = FileAccess.join(stage, name)
            entries.append((path, name))
            guard FileAccess.isDirectory(path) else { continue }
            for child in try FileAccess.names(in: path) {
                entries.append((FileAccess.join(path, child), "\(name)/\(child)"))
            }
        }
        return entries
    }

    /// Leaves nothing of what was not moved.
    package func discard() { FileAccess.removeTree(stage) }
}
