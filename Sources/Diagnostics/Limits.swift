/// Where Good ends and where Poor begins. Source: spec/cli-create.md §13, the table of measures.
struct Limits: Hashable, Sendable {
    private enum Side: Hashable, Sendable {
        /// Less is better; nothing at all was not measured, and is poor.
        case ceiling
        case floor
    }

    private let side: Side
    /// The last value that is Good, and the last that is Avg. Durations in nanoseconds.
    private let good: Double
    private let average: Double

    /// More than `average` is Avg, more than `poor` is Poor, and so is zero.
    init(average: Duration, poor: Duration) {
        (side, good, self.average) = (.ceiling, average / .nanoseconds(1), poor / .nanoseconds(1))
    }

    /// Less than `average` is Avg, less than `poor` is Poor.
    init(below average: Double, poorBelow poor: Double) { (side, good, self.average) = (.floor, average, poor) }

    func verdict(_ time: Duration) -> Verdict { verdict(time / .nanoseconds(1)) }

    func verdict(_ value: Double) -> Verdict {
        switch side {
        case .ceiling: value <= 0 || value > average ? .poor : value > good ? .average : .good
        case .floor: value < average ? .poor : value < good ? .average : .good
        }
    }

    /// Peers, relays and validator clients: round trips, alone and under load.
    static let peerRoundTrip = Limits(average: .milliseconds(50), poor: .milliseconds(240))
    /// Beacon nodes: the same.
    static let beaconRoundTrip = Limits(average: .milliseconds(40), poor: .milliseconds(100))
    static let beaconPeers = Limits(below: 50, poorBelow: 20)
    /// The longest round trip of a simulated cluster.
    static let beaconSimulation = Limits(average: .milliseconds(200), poor: .milliseconds(400))
    static let mevRoundTrip = Limits(average: .milliseconds(40), poor: .milliseconds(100))
    /// The mean round trip of a block, by the time that the relay was given.
    static func mevBlock(given time: Duration) -> Limits { Limits(average: time * 9 / 10, poor: time) }
    /// MB/s.
    static let diskSpeed = Limits(below: 1000, poorBelow: 500)
    /// Operations a second.
    static let diskOperations = Limits(below: 2000, poorBelow: 1000)
    /// MB.
    static let availableMemory = Limits(below: 4000, poorBelow: 2000)
    /// MB.
    static let totalMemory = Limits(below: 8000, poorBelow: 4000)
}
