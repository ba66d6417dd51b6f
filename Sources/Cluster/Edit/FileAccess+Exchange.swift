import Glibc

/// Glibc has it for GNU's own programs only, so that its module hides it. Source: renameat2(2).
@_silgen_name("renameat2")
private func renameat2(
    _ directory: CInt, _ path: UnsafePointer<CChar>, _ otherDirectory: CInt, _ other: UnsafePointer<CChar>,
    _ flags: CUnsignedInt
) -> CInt

/// RENAME_EXCHANGE of linux/fs.h.
private let exchanging: CUnsignedInt = 2

extension FileAccess {
    /// Swaps two names of one file system in one step: whoever looks finds the old or the new under each, never none.
    ///
    /// - Throws: also on a file system that cannot do it.
    static func exchange(_ path: String, with other: String) throws(ClusterError) {
        guard renameat2(AT_FDCWD, path, AT_FDCWD, other, exchanging) == 0 else {
            throw .system(action: "exchange \(path) with", path: other, code: errno)
        }
    }

    /// Moves a directory to a name that is free or an empty directory.
    static func move(_ directory: String, to target: String) throws(ClusterError) {
        guard Glibc.rename(directory, target) == 0 else {
            throw .system(action: "move \(directory) to", path: target, code: errno)
        }
    }

    /// Overwrites a file with zeros, to the disk, then removes it. What the disk itself has copied is out of reach.
    static func wipe(_ path: String) throws(ClusterError) {
        // The owner may always change the mode; keystores are read-only.
        chmod(path, 0o600)
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .system(action: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(action: "look at", path: path, code: errno) }
        try write(descriptor, [UInt8](repeating: 0, count: Int(clamping: status.st_size)), path)
        guard fsync(descriptor) == 0 else { throw .system(action: "sync", path: path, code: errno) }
        guard unlink(path) == 0 else { throw .system(action: "remove", path: path, code: errno) }
    }
}
