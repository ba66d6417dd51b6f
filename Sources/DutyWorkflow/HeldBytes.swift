/// What each operator makes a part of the node hold for it, over all duties: consensus, early messages, proposals that
/// wait, and values nobody decided yet; ParSigDB, blocks that were not decided here, and suspects' sets.
///
/// A budget of its own for each, so that nobody can use up another's. Bytes are those of the wire; in memory a value of
/// consensus takes up to twice that.
struct HeldBytes: Sendable {
    let perSourceMax: Int
    private var bytes: [Int]

    init(sources: Int, perSourceMax: Int) {
        self.perSourceMax = perSourceMax
        bytes = Array(repeating: 0, count: sources)
    }

    /// - Returns: false, and nothing is taken, when that is more than the source has left.
    mutating func take(_ count: Int, for source: Int) -> Bool {
        guard count <= perSourceMax - bytes[source] else { return false }
        bytes[source] += count
        return true
    }

    mutating func release(_ count: Int, of source: Int) { bytes[source] -= count }
}
