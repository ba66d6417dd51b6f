/// Which nodes were counted already: everybody votes once.
struct SourceSet {
    private var members: [Bool]

    init(_ size: ClusterSize) {
        members = Array(repeating: false, count: size.nodes)
    }

    /// - Precondition: `0 <= source < n`.
    /// - Returns: false when `source` was in already.
    mutating func insert(_ source: Int) -> Bool {
        defer { members[source] = true }
        return !members[source]
    }
}
