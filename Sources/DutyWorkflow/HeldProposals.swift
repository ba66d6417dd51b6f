import Ethereum
import QBFT

/// Proposals that only our own beacon node can judge, while its answer for the duty is on the way; soon they pass all the
/// same, because a node whose beacon node is silent must not hold up the others.
struct HeldProposals: Sendable {
    private struct Held: Sendable {
        var messages: [ConsensusMessage] = []
        var until: Instant
    }

    private var held: [Duty: Held] = [:]
    /// Part of a slot that a proposal waits, at most: well within the first round of consensus.
    private static let slotPart = 30

    var heldBytes: Int { held.values.reduce(0) { $0 + $1.messages.reduce(0) { $0 + $1.heldBytes } } }

    /// Keeps one proposal of each leader, whose form was admitted.
    ///
    /// - Parameter start: when the wait begins: not before the duty does.
    mutating func hold(_ message: ConsensusMessage, slotDuration: Duration, from start: Instant) {
        var entry = held[message.duty] ?? Held(until: start + slotDuration / Self.slotPart)
        guard !entry.messages.contains(where: { $0.message.source == message.message.source }) else { return }
        entry.messages.append(message)
        held[message.duty] = entry
    }

    mutating func take(_ duty: Duty) -> [ConsensusMessage] { held.removeValue(forKey: duty)?.messages ?? [] }

    mutating func due(at now: Instant) -> [ConsensusMessage] {
        held.filter { $0.value.until <= now }.keys.sorted().flatMap { take($0) }
    }

    var nextWake: Instant? { held.values.map(\.until).min() }
}
