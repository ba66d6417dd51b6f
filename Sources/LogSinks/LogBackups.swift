import Cluster
import Ethereum

/// Older parts of a log file: `name-2026-11-29T16-30-05.123456789.log`, and with `.gz` once compressed. Pure.
struct LogBackups {
    static let keptMax = 10
    static let compressed = ".gz"
    static let unfinished = ".gz.part"

    let directory: String
    private let stem: String
    /// With its dot; empty without.
    private let ending: String

    /// - Parameter path: of the log file.
    init(of path: String) {
        let slash = path.lastIndex(of: "/")
        directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        if let dot = name.lastIndex(of: "."), dot != name.startIndex {
            stem = String(name[..<dot])
            ending = String(name[dot...])
        } else {
            stem = String(name)
            ending = ""
        }
    }

    func path(_ name: String) -> String { directory == "/" ? "/" + name : directory + "/" + name }

    /// What the file is called from `time` on. Names sort by time.
    func name(at time: Instant) -> String {
        let second = RFC3339.seconds(time).dropLast().replacing(":", with: "-")
        let fraction = "\(time)".drop { $0 != "." }
        return "\(stem)-\(second)\(fraction)\(ending)"
    }

    /// What to do about the files that are there.
    struct Plan: Equatable {
        /// Oldest first.
        var compress: [String] = []
        var remove: [String] = []
    }

    func plan(_ names: [String]) -> Plan {
        var plan = Plan()
        plan.remove = names.filter { isBackup($0, Self.unfinished) }
        let whole = Set(names.filter { isBackup($0, Self.compressed) })
        let plain = names.filter { isBackup($0, "") }
        // Compressed, and not yet removed.
        plan.remove += plain.filter { whole.contains($0 + Self.compressed) }
        let open = plain.filter { !whole.contains($0 + Self.compressed) }
        let old = (Array(whole) + open).sorted { Self.time($0) < Self.time($1) }.dropLast(Self.keptMax)
        plan.remove += old
        plan.compress = open.filter { !old.contains($0) }.sorted()
        plan.remove.sort()
        return plan
    }

    private static func time(_ name: String) -> Substring {
        name.hasSuffix(compressed) ? name.dropLast(compressed.count) : name[...]
    }

    /// Of ours, and nobody else's: the time in the middle must be one.
    private func isBackup(_ name: String, _ suffix: String) -> Bool {
        guard name.hasPrefix(stem + "-"), name.hasSuffix(ending + suffix) else { return false }
        let time = name.dropFirst(stem.count + 1)
        guard time.count == 29 + ending.count + suffix.count else { return false }
        return time.prefix(29).wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{9}/) != nil
    }
}
