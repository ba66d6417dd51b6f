/// Counts which beacon node answered first, over the last minute.
///
/// The winner of most calls is the nearest and healthiest node: event streams go there.
package struct WinCounter: Sendable {
    private static let window = Duration.seconds(60)
    /// Wins are counted per slice, so that old ones can be forgotten.
    private static let sliceCount = 12

    private struct Slice: Sendable {
        /// Number of the slice since `start`.
        var number: Int64 = -1
        var wins: [Int]
    }

    private let start: ContinuousClock.Instant
    private var slices: [Slice]
    private let nodes: Int

    /// - Parameter nodes: how many there are, at least 1.
    package init(nodes: Int, start: ContinuousClock.Instant) {
        precondition(nodes > 0)
        self.nodes = nodes
        self.start = start
        slices = Array(repeating: Slice(wins: Array(repeating: 0, count: nodes)), count: Self.sliceCount)
    }

    package mutating func record(_ node: Int, at now: ContinuousClock.Instant) {
        let number = sliceNumber(now)
        let slot = Int(number % Int64(Self.sliceCount))
        if slices[slot].number != number {
            slices[slot] = Slice(number: number, wins: Array(repeating: 0, count: nodes))
        }
        slices[slot].wins[node] += 1
    }

    /// All nodes, those with most wins first; of equals the one configured earlier.
    package func ranking(at now: ContinuousClock.Instant) -> [Int] {
        let newest = sliceNumber(now)
        var wins = Array(repeating: 0, count: nodes)
        for slice in slices where slice.number > newest - Int64(Self.sliceCount) {
            for node in 0..<nodes { wins[node] += slice.wins[node] }
        }
        return (0..<nodes).sorted { (-wins[$0], $0) < (-wins[$1], $1) }
    }

    private func sliceNumber(_ now: ContinuousClock.Instant) -> Int64 {
        let elapsed = max(.zero, start.duration(to: now))
        return Int64(elapsed / (Self.window / Self.sliceCount))
    }
}
