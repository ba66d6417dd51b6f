import Foundation

/// A folder beside this program, so that it lies on the disk of the build and not in memory.
struct ScratchFolder {
    private let url: URL

    /// - Throws: when it cannot be made, or would lie in memory: nothing measured there says anything about a disk.
    init() throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        url = URL(fileURLWithPath: program).deletingLastPathComponent()
            .appendingPathComponent("styx-benchmarks.\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        guard Self.fileSystem(of: url.path) == "tmpfs" else { return }
        remove()
        throw BenchmarkError("\(url.path) is in memory; build on a disk")
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
