import DutyWorkflow
import Ethereum
import SSZ

/// Why the journal was not opened, not written or not read. The texts are for the operator: file, cause and cure.
package enum JournalError: Error, Equatable {
    /// Another process has this journal open.
    case inUse(path: String)
    /// There is no such file, and only a node that starts makes one.
    case missing(path: String)
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
    package var description: String {
        switch self {
        case .inUse(let path):
            """
            open journal \(path): another process uses it. Two nodes with one key share must never run at once: stop \
            the other one, then start again. Do not delete files to get past this.
            """
        case .missing(let path):
            "open journal \(path): there is no such file. Name the node's --journal-file."
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
            itself: restore it only from a copy made after the node last ran; otherwise move it away and wait two \
            epochs before starting again, or import an EIP-3076 file with `styx slashing-protection import`.
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
