/// Submissions that one node has taken while slower nodes still get them: how much memory they hold together, and
/// which to give up when it is too much. Each ends at its time-out anyway.
struct SlowSubmissions {
    /// Some blocks with all their blobs.
    static let bytesMax = 64 << 20

    private var bytes: [UInt64: Int] = [:]
    private var total = 0
    private var lastID: UInt64 = 0

    /// - Returns: its number, and those to give up: the oldest ones, perhaps itself.
    mutating func add(_ count: Int) -> (id: UInt64, givenUp: [UInt64]) {
        lastID += 1
        bytes[lastID] = count
        total += count
        var givenUp: [UInt64] = []
        for id in bytes.keys.sorted() where total > Self.bytesMax {
            remove(id)
            givenUp.append(id)
        }
        return (lastID, givenUp)
    }

    mutating func remove(_ id: UInt64) { total -= bytes.removeValue(forKey: id) ?? 0 }
}
