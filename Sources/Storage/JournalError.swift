import DutyWorkflow
import Ethereum
import Foundation
import SSZ

/// Why the journal was not opened, not written or not read. The texts are for the operator: file, cause and cure.
package enum JournalError: Error, Equatable {
    /// Another process has this journal open.
    case inUse(path: String)
    /// There is no such file, and only a node that starts makes one.
    case missing(path: String)
    /// There was one, says the lock file beside it.
    case vanished(path: String)
    /// It is not lost.
    case present(path: String)
    /// What the node wrote to has another name now, or none: the next start would not find it.
    case removed(path: String)
    /// The file is there, and the log that its process left behind is not.
    case logMissing(path: String)
    /// A backup, which may know less than was signed.
    case backup(path: String, takenAt: Instant)
    /// A backup, put beside the log of the file that was there.
    case foreignLog(path: String, isBackup: Bool)
    /// A copy of the file that a node wrote.
    case copied(path: String)
    /// An older state than the one that was used here last.
    case older(path: String, detail: String)
    /// The journal was written for another cluster or chain. `what` is the name of the value that differs.
    case otherCluster(path: String, what: String, expected: Root, found: Root)
    /// Of this cluster, but another operator's.
    case otherOperator(path: String, expected: ShareIndex, found: ShareIndex)
    /// Written by a later version of the program.
    case newerSchema(path: String, found: Int, known: Int)
    /// The bytes on disk are not what this program wrote.
    case corrupt(path: String, detail: String)
    /// The operating system or SQLite refused an action: permissions, a full or failing disk.
    case file(action: String, path: String, reason: String)
    /// The record contradicts what is already durable. Nothing of its caller was written.
    case conflict(JournalConflict)
    /// No journal can hold the record, for example a slot beyond 2^63. Nothing of its caller was written.
    case unrecordable(String)
    /// An earlier write failed, so memory may be ahead of the disk: nothing more is written until a restart.
    case stopped(path: String, reason: String)
    case closed(path: String)
}

extension JournalError: CustomStringConvertible {
    /// What to do about a journal that may know too little.
    private static func adoption(_ path: String) -> String {
        "stop every process that signs with these keys, this node too, then `styx journal adopt --journal-file \(path)`: a"
            + " node that signs by itself then signs nothing for two epochs; --made-after-last-run skips the wait if"
            + " nothing was signed after this file was written."
    }

    private static func time(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: TimeInterval(instant.unixSeconds)).formatted(.iso8601)
    }

    package var description: String {
        switch self {
        case .inUse(let path):
            """
            open journal \(path): another process uses it. Two nodes with one key share must never run at once: stop \
            the other one, then start again. Do not delete files to get past this.
            """
        case .missing(let path):
            "open journal \(path): there is no such file. Name the node's --journal-file."
        case .vanished(let path):
            """
            open journal \(path): it is gone, and \(path).lock says that there was one. It protects against slashing: put it \
            back. If it is lost, stop the node, then `styx journal forget --journal-file \(path)` lets the next start make \
            a new one; a node that signs by itself then signs nothing for two epochs.
            """
        case .present(let path):
            "forget journal \(path): it is there. Move it away first, if it cannot be used; do not delete it."
        case .removed(let path):
            """
            write journal: \(path) was moved, replaced or deleted while the node ran. Put it back before the next start, and \
            see who touches the node's files.
            """
        case .logMissing(let path):
            """
            open journal \(path): its last process did not close it, and its log \(path)-wal, which has the last that was \
            signed, is gone. Put the log back. If it is lost, \(Self.adoption(path))
            """
        case .backup(let path, let takenAt):
            """
            open journal \(path): it is a backup of \(Self.time(takenAt)), and may know less than was signed since. Use the \
            journal that the node ran on. If that is lost, \(Self.adoption(path))
            """
        case .foreignLog(let path, let isBackup):
            """
            open journal \(path): it is \(isBackup ? "a backup" : "an older state"), and \(path)-wal is the log of the file that \
            was there before. If you have that file, put it back. If it is lost, move the log away, keep it, and \
            \(Self.adoption(path))
            """
        case .copied(let path):
            """
            open journal \(path): it is a copy; the file that the node wrote is another one. If a node still runs on that, \
            two would sign with one key share: do not start this one. Otherwise \(Self.adoption(path))
            """
        case .older(let path, let detail):
            """
            open journal \(path): it is older than the last one used here: \(detail). It does not know what was signed \
            since. Put the last one back. If that is lost, \(Self.adoption(path))
            """
        case .otherCluster(let path, let what, let expected, let found):
            """
            open journal \(path): it belongs to another cluster: \(what) is \(found), this node's is \(expected). \
            Point the node at its own data directory, or move this journal away if this node has never run before.
            """
        case .otherOperator(let path, let expected, let found):
            """
            open journal \(path): it is the one of key share \(found), this node's is \(expected). It does not know what \
            this node voted and signed: name this node's own --journal-file.
            """
        case .newerSchema(let path, let found, let known):
            """
            open journal \(path): it has schema version \(found), this program knows up to \(known). \
            Run the version that wrote it, or a later one.
            """
        case .corrupt(let path, let detail):
            """
            read journal \(path): it is damaged: \(detail). It protects against slashing and is not recreated by \
            itself. Stop the node; `styx journal verify --journal-file \(path)` says more. Move the file and its -wal away and \
            keep them. With a backup: put it in the place, then `styx journal adopt` with the same flag. Without one: \
            `styx journal forget` with it, and what `styx slashing-protection import` can add.
            """
        case .file(let action, let path, let reason):
            "\(action) \(path): \(reason). Check that the disk has room and that this user may write there."
        case .conflict(let conflict): conflict.description
        case .unrecordable(let what): "record in the journal: \(what)"
        case .stopped(let path, let reason):
            "write journal \(path): stopped after an earlier error (\(reason)). Cure that and restart the node."
        case .closed(let path): "write journal \(path): it is closed"
        }
    }
}
