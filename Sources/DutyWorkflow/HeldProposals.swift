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
    /// What a message may take: no node's share of consensus' memory is smaller.
    private static let messageBytesMax = 8 << 20

    /// Part of a slot that a proposal waits, at most: well within the first round of consensus, which is longer for
    /// blocks, as making them is.
    private static func slotPart(_ type: DutyType, isPatient: Bool) -> Int { type == .proposer || isPatient ? 12 : 30 }

    var heldBytes: Int { held.values.reduce(0) { $0 + $1.messages.reduce(0) { $0 + $1.heldBytes } } }

    /// Keeps one proposal of each leader, whose form was admitted.
    ///
    /// - Parameters:
    ///   - start: when the wait begins: not before the duty does.
    ///   - isPatient: whether it waits for about the whole first round.
    /// - Returns: whether it waits, or another of that leader does; what is too large must not.
    mutating func hold(
        _ message: ConsensusMessage, slotDuration: Duration, from start: Instant, isPatient: Bool = false
    ) -> Bool {
        guard message.heldBytes <= Self.messageBytesMax else { return false }
        let until = start + slotDuration / Self.slotPart(message.duty.type, isPatient: isPatient)
        var entry = held[message.duty] ?? Held(until: until)
        guard !entry.messages.contains(where: { $0.message.source == message.message.source }) else { return true }
        entry.messages.append(message)
        held[message.duty] = entry
        return true
    }

    mutating func take(_ duty: Duty) -> [ConsensusMessage] { held.removeValue(forKey: duty)?.messages ?? [] }

    mutating func due(at now: Instant) -> [ConsensusMessage] {
        held.filter { $0.value.until <= now }.keys.sorted().flatMap { take($0) }
    }

    var nextWake: Instant? { held.values.map(\.until).min() }
}
