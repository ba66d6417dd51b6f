import CZlib
import Foundation
import Glibc

/// The real disk. For one thread at a time.
struct FileDisk: LogDisk {
    private var descriptor: Int32 = -1
    private var path = ""

    mutating func open(_ path: String) throws(DiskFault) -> Int {
        self.path = path
        let directory = LogBackups(of: path).directory
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw DiskFault(action: "make", path: directory, reason: error.localizedDescription)
        }
        // Not blocking: a pipe without a reader would.
        descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw Self.fault("open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close()
            throw DiskFault(action: "open", path: path, reason: "it is no plain file")
        }
        return Int(status.st_size)
    }

    mutating func append(_ bytes: [UInt8]) throws(DiskFault) {
        let (written, code) = Descriptor.write(bytes, to: descriptor)
        guard let code else { return }
        throw DiskFault(action: "write", path: path, reason: Self.text(code), written: written)
    }

    func isInPlace(_ path: String) -> Bool {
        var (open, found) = (stat(), stat())
        return fstat(descriptor, &open) == 0 && stat(path, &found) == 0 && open.st_dev == found.st_dev
            && open.st_ino == found.st_ino
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func rename(_ old: String, to new: String) throws(DiskFault) {
        guard Glibc.rename(old, new) == 0 else { throw Self.fault("rename", old) }
    }

    func names(in directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    func remove(_ path: String) { unlink(path) }

    func compress(_ old: String, to new: String) throws(DiskFault) {
        let source = Glibc.open(old, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw Self.fault("open", old) }
        defer { Glibc.close(source) }
        let part = String(new.dropLast(LogBackups.compressed.count)) + LogBackups.unfinished
        let target = Glibc.open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw Self.fault("create", part) }
        do throws(DiskFault) {
            guard let stream = gzdopen(target, "wb") else {
                Glibc.close(target)
                throw DiskFault(action: "compress", path: old, reason: "out of memory")
            }
            do throws(DiskFault) {
                try Self.copy(source, old, to: stream, part)
            } catch {
                gzclose(stream)
                throw error
            }
            guard gzclose(stream) == Z_OK else { throw Self.fault("write", part) }
            try rename(part, to: new)
        } catch {
            unlink(part)
            throw error
        }
    }

    private static func copy(
        _ source: Int32, _ path: String, to stream: gzFile, _ target: String
    ) throws(DiskFault) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault("read", path) }
            if count == 0 { return }
            guard gzwrite(stream, buffer, UInt32(count)) == Int32(count) else { throw fault("write", target) }
        }
    }

    private static func fault(_ action: String, _ path: String) -> DiskFault {
        DiskFault(action: action, path: path, reason: text(errno))
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code == 0 ? EIO : code)) }
}
