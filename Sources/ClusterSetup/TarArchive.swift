import CZlib
import Cluster
import Ethereum
import Glibc

/// Writes a `.tar.gz` (POSIX ustar): what `--zipped` makes. Streams, so files of any size take a few KiB of memory.
package enum TarArchive {
    private static let block = 512
    /// ustar's name field, without using its prefix.
    private static let nameBytesMax = 100
    private static let sizeMax = 0o77_777_777_777

    /// - Parameters:
    ///   - path: a new file, readable by its owner only: there are keys in it.
    ///   - entries: where files and directories are, and what they are called in the archive; parents first.
    ///   - now: becomes the time of all entries.
    package static func write(
        _ path: String, _ entries: [(path: String, name: String)], now: Instant
    ) throws(ClusterError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(action: "create", path: path, code: errno) }
        // The stream owns a descriptor of its own, and closes it.
        let copy = dup(descriptor)
        defer { close(descriptor) }
        guard copy >= 0, let stream = gzdopen(copy, "wb") else {
            if copy >= 0 { close(copy) }
            throw .system(action: "compress into", path: path, code: ENOMEM)
        }
        do throws(ClusterError) {
            for entry in entries { try write(entry.path, as: entry.name, now, to: stream, path) }
            try put([UInt8](repeating: 0, count: 2 * block), to: stream, path)
        } catch {
            gzclose(stream)
            unlink(path)
            throw error
        }
        guard gzclose(stream) == Z_OK, fsync(descriptor) == 0 else {
            let code = errno
            unlink(path)
            throw .system(action: "write", path: path, code: code)
        }
    }

    private static func write(
        _ source: String, as name: String, _ now: Instant, to stream: gzFile, _ path: String
    ) throws(ClusterError) {
        let descriptor = open(source, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(action: "open", path: source, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(action: "examine", path: source, code: errno) }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        let size = isDirectory ? 0 : Int(status.st_size)
        let fullName = isDirectory ? name + "/" : name
        guard fullName.utf8.count <= nameBytesMax, size <= sizeMax else {
            throw .system(action: "archive", path: source, code: ENAMETOOLONG)
        }
        try put(
            header(
                fullName, mode: Int(status.st_mode & 0o7777), size: size, time: Int(now.unixSeconds),
                isDirectory: isDirectory), to: stream, path)
        guard !isDirectory else { return }
        var left = size
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while left > 0 {
            let count = Glibc.read(descriptor, &buffer, min(left, buffer.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(action: "read", path: source, code: count < 0 ? errno : EIO) }
            try put(buffer.prefix(count), to: stream, path)
            left -= count
        }
        try put([UInt8](repeating: 0, count: (block - size % block) % block), to: stream, path)
    }

    /// One ustar header block. The checksum counts its own field as spaces.
    private static func header(_ name: String, mode: Int, size: Int, time: Int, isDirectory: Bool) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: block)
        func set(_ offset: Int, _ text: some Collection<UInt8>) {
            bytes.replaceSubrange(offset..<offset + text.count, with: text)
        }
        func octal(_ value: Int, _ digits: Int) -> [UInt8] {
            let text = String(max(0, value), radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        set(0, Array(name.utf8))
        set(100, octal(mode, 7))
        set(108, octal(0, 7))  // owner and group: whoever unpacks
        set(116, octal(0, 7))
        set(124, octal(size, 11))
        set(136, octal(time, 11))
        set(148, Array("        ".utf8))
        set(156, Array((isDirectory ? "5" : "0").utf8))
        set(257, Array("ustar\u{0}00".utf8))
        let sum = bytes.reduce(0) { $0 + Int($1) }
        set(148, octal(sum, 6) + [0, 0x20])
        return bytes
    }

    private static func put(
        _ bytes: some Collection<UInt8>, to stream: gzFile, _ path: String
    ) throws(ClusterError) {
        guard !bytes.isEmpty else { return }
        let bytes = Array(bytes)
        let count = bytes.withUnsafeBytes { gzwrite(stream, $0.baseAddress, UInt32($0.count)) }
        guard count == bytes.count else { throw .system(action: "write", path: path, code: errno == 0 ? EIO : errno) }
    }
}
