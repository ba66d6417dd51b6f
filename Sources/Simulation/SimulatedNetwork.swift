import DutyWorkflow
import Ethereum
import Timing

/// What the wire between two nodes does to one message. Seeded, so a run can be repeated.
package struct SimulatedNetwork: Sendable {
    /// Probability that a message is lost, and that it arrives twice.
    package var lossRate = 0.0
    package var duplicateRate = 0.0
    /// Each message draws its own delay, so messages overtake each other.
    package var delay: ClosedRange<Duration> = .milliseconds(1)...(.milliseconds(20))
    /// Probability that a message is held up for `lateBy`: it arrives when nobody waits for it any more.
    package var lateRate = 0.0
    package var lateBy: ClosedRange<Duration> = .seconds(2)...(.seconds(100))
    /// While it lasts, only nodes of one group hear each other.
    package var partitions: [(groups: [Set<Int>], from: Instant, until: Instant)] = []
    /// No loss or partition from here on: duties that start later must succeed.
    package var healsAt: Instant?
    /// What messages draw from then on instead of `delay`, if anything.
    package var healedDelay: ClosedRange<Duration>?

    package init() {}

    /// Times at which the message arrives; empty when lost.
    mutating func arrivals(from: Int, to: Int, at now: Instant, random: inout SplitMix64) -> [Instant] {
        let isHealed = healsAt.map { now >= $0 } ?? false
        if !isHealed {
            for partition in partitions where now >= partition.from && now < partition.until {
                guard partition.groups.contains(where: { $0.contains(from) && $0.contains(to) }) else { return [] }
            }
            if Double.random(in: 0..<1, using: &random) < lossRate { return [] }
        }
        let copies = Double.random(in: 0..<1, using: &random) < duplicateRate ? 2 : 1
        return (0..<copies).map { _ in
            let isLate = !isHealed && lateRate > 0 && Double.random(in: 0..<1, using: &random) < lateRate
            return now + draw(isLate ? lateBy : isHealed ? healedDelay ?? delay : delay, &random)
        }
    }

    private func draw(_ range: ClosedRange<Duration>, _ random: inout SplitMix64) -> Duration {
        let low = range.lowerBound
        let span = range.upperBound - low
        return low + span * Double.random(in: 0...1, using: &random)
    }
}
