import Foundation

/// A folder for one run: beside this program, so that it lies on the disk of the build, or in memory.
struct ScratchFolder {
    enum Place: Sendable {
        case disk
        /// Where flushing takes no time.
        case memory
    }

    private static let memory = "/dev/shm"
    /// Journals and logs of a cluster's nodes, several times.
    private static let memoryBytesMin: UInt64 = 1 << 30

    private let url: URL

    /// - Throws: when it cannot be made, or would not lie where it has to: nothing measured in memory says anything about
    ///   a disk, nor the other way round.
    init(in place: Place = .disk) throws {
        let parent =
            switch place {
            case .disk:
                URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                    .deletingLastPathComponent()
            case .memory: URL(fileURLWithPath: Self.memory)
            }
        url = parent.appendingPathComponent("styx-benchmarks.\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        do {
            try Self.check(url.path, place)
        } catch {
            remove()
            throw error
        }
    }

    private static func check(_ path: String, _ place: Place) throws {
        let isInMemory = fileSystem(of: path) == "tmpfs"
        switch place {
        case .disk: try require(!isInMemory, "\(path) is in memory; build on a disk")
        case .memory:
            try require(isInMemory, "\(path) is not in memory; mount a tmpfs at \(memory)")
            let free = try FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize] as? NSNumber
            try require(
                (free?.uint64Value ?? 0) >= memoryBytesMin,
                "\(memory) has less than 1 GiB free; in a container give it more, e.g. with --shm-size 2g")
        }
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    /// Type of the file system that `path` lies in. Source: proc(5), `mounts`.
    private static func fileSystem(of path: String) -> Substring? {
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        let rows = mounts.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 2 }
        let holding = rows.filter { $0[1] == "/" || path == $0[1] || path.hasPrefix($0[1] + "/") }
        return holding.max { $0[1].count < $1[1].count }?[2]
    }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
