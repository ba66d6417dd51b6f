import Glibc

/// The few file operations the cluster's files need: bounded reading, and writing that is durable and never replaces.
package enum FileAccess {
    /// The whole file, or `fileTooLarge`.
    package static func read(_ path: String, bytesMax: Int) throws(ClusterError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(action: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(action: "read", path: path, code: errno) }
            if count == 0 { return bytes }
            guard bytes.count + count <= bytesMax else { throw .fileTooLarge(path: path, bytesMax: bytesMax) }
            bytes += buffer.prefix(count)
        }
    }

    /// Like `read`, and the buffer that held the secret is erased.
    static func readSecret(_ path: String, bytesMax: Int) throws(ClusterError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(action: "open", path: path, code: errno) }
        defer { close(descriptor) }
        // One array of full size from the start: growing would leave copies behind.
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count <= bytesMax {
            let more = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else {
                let code = errno
                bytes.erase()
                throw .system(action: "read", path: path, code: code)
            }
            if more == 0 { break }
            count += more
        }
        guard count <= bytesMax else {
            bytes.erase()
            throw .fileTooLarge(path: path, bytesMax: bytesMax)
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Writes a new file, durable on return unless told otherwise. An existing file is an error and stays as it is.
    static func create(_ path: String, _ bytes: [UInt8], mode: mode_t, durable: Bool = true) throws(ClusterError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0o600 | 0o200)
        guard descriptor >= 0 else { throw .system(action: "create", path: path, code: errno) }
        do throws(ClusterError) {
            defer { close(descriptor) }
            try write(descriptor, bytes, path)
            // After the content, so that the umask has no say.
            guard fchmod(descriptor, mode) == 0 else { throw .system(action: "set mode of", path: path, code: errno) }
            guard !durable || fsync(descriptor) == 0 else { throw .system(action: "sync", path: path, code: errno) }
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Writes a new file that appears whole or not at all, durable on return, whatever happens on the way. An existing
    /// file of any kind is an error and stays as it is.
    package static func publish(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(ClusterError) {
        let temporary = "\(path).tmp-\(getpid())"
        unlink(temporary)
        try create(temporary, bytes, mode: mode)
        defer { unlink(temporary) }
        if link(temporary, path) != 0 {
            let code = errno
            // Some file systems know no hard links; then the file is made in place.
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(code) else {
                throw .system(action: "create", path: path, code: code)
            }
            try create(path, bytes, mode: mode)
        }
        try syncDirectory(parent(of: path))
    }

    /// Replaces a file, or makes it, in one step: readers see the old content or the new.
    package static func replace(_ path: String, _ bytes: [UInt8], mode: mode_t, durable: Bool) throws(ClusterError) {
        let temporary = "\(path).tmp-\(getpid())"
        unlink(temporary)
        try create(temporary, bytes, mode: mode, durable: durable)
        guard Glibc.rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw .system(action: "replace", path: path, code: code)
        }
    }

    /// Whether files can be made there: makes one, and removes it. One of that name is replaced.
    package static func writeAndRemove(_ path: String) throws(ClusterError) {
        try replace(path, [], mode: 0o600, durable: false)
        unlink(path)
    }

    /// Removes a file; one that is not there is fine.
    package static func remove(_ path: String) { unlink(path) }

    /// Moves to a name that must be free: the system refuses a directory with content, this refuses all else.
    static func rename(_ path: String, to target: String) throws(ClusterError) {
        guard !exists(target) else { throw .system(action: "move \(path) to", path: target, code: EEXIST) }
        guard Glibc.rename(path, target) == 0 else {
            throw .system(action: "move \(path) to", path: target, code: errno)
        }
    }

    /// Makes a directory, which must not exist.
    static func createDirectory(_ path: String, mode: mode_t) throws(ClusterError) {
        guard mkdir(path, mode) == 0 else { throw .system(action: "create directory", path: path, code: errno) }
    }

    /// Makes a directory and its missing parents; existing ones are fine.
    ///
    /// - Returns: those it made, the deepest last.
    @discardableResult
    package static func createDirectories(_ path: String, mode: mode_t) throws(ClusterError) -> [String] {
        if isDirectory(path) { return [] }
        let parent = parent(of: path)
        let made = parent == path ? [] : try createDirectories(parent, mode: mode)
        if mkdir(path, mode) == 0 { return made + [path] }
        let code = errno
        // Somebody else may have been faster; anything but a directory is in the way.
        if code == EEXIST, isDirectory(path) { return made }
        removeEmptyDirectories(made)
        throw .system(action: "create directory", path: path, code: code)
    }

    /// Takes back what `createDirectories` made, as far as nobody has put anything there.
    package static func removeEmptyDirectories(_ made: [String]) {
        for path in made.reversed() { rmdir(path) }
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func names(in path: String) throws(ClusterError) -> [String] {
        guard let directory = opendir(path) else { throw .system(action: "open directory", path: path, code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether the name is taken, be it by a link that leads nowhere.
    package static func isTaken(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// What changes when a file is written or replaced; nil if there is none.
    package struct Fingerprint: Equatable, Sendable {
        private let inode: UInt64
        private let size: Int64
        private let seconds: Int64
        private let nanoseconds: Int64

        package init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = Int64(status.st_mtim.tv_sec)
            nanoseconds = Int64(status.st_mtim.tv_nsec)
        }
    }

    /// Whether others than its owner may read a file.
    package static func isReadableByOthers(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o044 != 0
    }

    static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Makes renames and new names in a directory durable.
    package static func syncDirectory(_ path: String) throws(ClusterError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(action: "open directory", path: path, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(action: "sync", path: path, code: errno) }
    }

    /// Removes a tree that this program has made; a failure leaves the rest behind.
    static func removeTree(_ path: String) {
        if isDirectory(path) {
            for name in (try? names(in: path)) ?? [] { removeTree(join(path, name)) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    package static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    /// The last component; empty for the root.
    package static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// From the root on, without `.` and `..`, as they read: links are not followed.
    package static func absolute(_ path: String) -> String {
        var whole = path
        if !path.hasPrefix("/") {
            guard let current = getcwd(nil, 0) else { return path }
            defer { free(current) }
            whole = join(String(cString: current), path)
        }
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    package static func parent(of path: String) -> String {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    static func write(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) throws(ClusterError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(action: "write", path: path, code: errno) }
            written += count
        }
    }
}
