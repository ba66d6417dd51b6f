import Foundation

/// The machine, as the operating system tells. What it does not tell is nil.
enum MachineProbe {
    /// Free to this process, where a file is or is to be.
    static func freeBytes(at path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(folder(of: path), &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// The nearest folder that exists.
    private static func folder(of path: String) -> String {
        var folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" {
            folder = folder.deletingLastPathComponent()
        }
        return folder.path
    }

    /// Writes some KiB to a file of its own where `path` is or is to be, and has each on disk before the next. The file
    /// is gone afterwards. Blocks.
    ///
    /// - Returns: the times it took; empty if that folder cannot be written to.
    static func syncTimes(at path: String, count: Int = 8) -> [Duration] {
        var template = Array((folder(of: path) + "/.styx-doctor-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { return [] }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        unlink(template)
        defer { close(file) }
        let page = [UInt8](repeating: 0x5a, count: 4096)
        var times: [Duration] = []
        for _ in 0..<count {
            guard write(file, page, page.count) == page.count else { return times }
            let start = ContinuousClock.now
            guard fdatasync(file) == 0 else { return times }
            times.append(start.duration(to: .now))
        }
        return times
    }

    static func memory() -> (availableBytes: UInt64, totalBytes: UInt64)? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return nil }
        let fields = kibibytes(text)
        guard let total = fields["MemTotal"], let available = fields["MemAvailable"] else { return nil }
        return (available << 10, total << 10)
    }

    static func files() -> (open: UInt64, max: UInt64)? {
        var limit = rlimit()
        guard let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count,
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        else { return nil }
        return (UInt64(max(0, open - 1)), UInt64(limit.rlim_cur))
    }

    /// Lines `Name:  123 kB` of `/proc/meminfo`, `/proc/self/status` and `/proc/self/smaps_rollup`. Source: man proc.
    static func kibibytes(_ text: String) -> [String: UInt64] {
        text.split(separator: "\n").reduce(into: [:]) { fields, line in
            let parts = line.split { $0 == ":" || $0 == " " || $0 == "\t" }
            guard parts.count == 3, parts[2] == "kB", let number = UInt64(parts[1]), number < 1 << 53 else { return }
            fields[String(parts[0])] = number
        }
    }
}
