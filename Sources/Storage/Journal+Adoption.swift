import Ethereum
import Foundation

extension Journal {
    /// Makes the file the journal from now on, where a node refuses to go on with it: a backup, a copy, an older state.
    /// For a stopped node, by its operator's word that no other process signs with the keys.
    ///
    /// What was signed after the file was written is not in it. So it counts as new: a node that signs by itself signs
    /// nothing on it for two epochs.
    ///
    /// - Parameter isComplete: nothing was signed after the file was written: no reason to wait.
    /// - Returns: why a node would have refused it; nil if it would not have, and then nothing has changed.
    package static func adopt(
        _ path: String, isComplete: Bool, now: @escaping @Sendable () -> Instant
    ) throws(JournalError) -> JournalError? {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        let claim = try JournalClaim(path: path)
        defer { claim.lock.release() }
        let opened = try JournalFile(
            path: path, binding: nil, space: JournalSpace(bytesMax: 1 << 30), now: now().nanoseconds / 1_000_000,
            lock: claim.lock, adoption: .init(isComplete: isComplete)
        ).open()
        do {
            // Moves the log into the file.
            try opened.database.close()
        } catch {
            throw JournalError(error, action: "close journal", path: path)
        }
        try claim.lock.set(opened.mark.closed, durable: true)
        return opened.objection
    }

    /// Lets the next start make a new journal where one is lost.
    ///
    /// - Returns: false if none was missed.
    package static func forget(_ path: String) throws(JournalError) -> Bool {
        // With its log there a node refuses to start, too.
        for file in [path, path + "-wal"] where FileManager.default.fileExists(atPath: file) {
            throw .present(path: file)
        }
        guard FileManager.default.fileExists(atPath: path + ".lock") else { return false }
        let claim = try JournalClaim(path: path)
        defer { claim.lock.release() }
        guard try claim.lock.mark() != .none else { return false }
        try claim.lock.set(nil, durable: true)
        return true
    }
}
