import Foundation

/// Which file a journal is, in its file system: a copy is another one, a file that was moved is the same.
///
/// An image of a whole file system, and a snapshot of it that is taken back, keep it: only the other nodes can see those.
struct JournalPlace: Equatable {
    let inode: UInt64
    /// Of the inode, which is used again when a file is gone; nil where the file system does not tell.
    let generation: UInt32?

    /// `FS_IOC_GETVERSION`.
    private static let generationRequest = UInt(0x8008_7601)

    init(inode: UInt64, generation: UInt32?) {
        self.inode = inode
        self.generation = generation
    }

    /// Not while SQLite has the file open: closing any descriptor of a file lets go of all locks of the process on it.
    init(ofClosed path: String) throws(JournalError) {
        let file = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(action: "open journal", path: path, reason: systemReason()) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .file(action: "look at", path: path, reason: systemReason()) }
        var number = 0
        let isKnown = ioctl(file, Self.generationRequest, &number) == 0
        self.init(inode: UInt64(status.st_ino), generation: isKnown ? UInt32(truncatingIfNeeded: number) : nil)
    }

    /// As in table meta: `<inode>` or `<inode>:<generation>`.
    init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let inode = parts.first.flatMap({ UInt64($0) }) else { return nil }
        let generation = parts.dropFirst().first.map { UInt32($0) }
        if case .some(nil) = generation { return nil }
        self.init(inode: inode, generation: generation ?? nil)
    }

    var text: String { generation.map { "\(inode):\($0)" } ?? "\(inode)" }

    /// A kernel may tell generations that an older one did not.
    func isSame(as other: JournalPlace) -> Bool {
        guard inode == other.inode else { return false }
        guard let generation, let others = other.generation else { return true }
        return generation == others
    }
}

/// What a name leads to now.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    /// nil if there is nothing.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}
