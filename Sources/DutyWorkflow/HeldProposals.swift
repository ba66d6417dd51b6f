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

    /// Part of a slot that a proposal waits, at most: well within the first round of consensus, which is longer for
    /// blocks, as making them is.
    private static func slotPart(_ type: DutyType, isPatient: Bool) -> Int { type == .proposer || isPatient ? 12 : 30 }

    var heldBytes: Int { held.values.reduce(0) { $0 + $1.messages.reduce(0) { $0 + $1.heldBytes } } }

    /// Keeps one proposal of each leader, whose form was admitted, at its leader's charge.
    ///
    /// - Parameters:
    ///   - start: when the wait begins: not before the duty does.
    ///   - isPatient: whether it waits for about the whole first round.
    /// - Returns: whether it waits, or another of that leader does; false if the leader has no room left for it.
    mutating func hold(
        _ message: ConsensusMessage, slotDuration: Duration, from start: Instant, isPatient: Bool = false,
        _ bytes: inout HeldBytes
    ) -> Bool {
        let until = start + slotDuration / Self.slotPart(message.duty.type, isPatient: isPatient)
        var entry = held[message.duty] ?? Held(until: until)
        guard !entry.messages.contains(where: { $0.message.source == message.message.source }) else { return true }
        guard bytes.take(message.heldBytes, for: message.message.source) else { return false }
        entry.messages.append(message)
        held[message.duty] = entry
        return true
    }

    /// From then on nobody is charged for them here.
    mutating func take(_ duty: Duty, _ bytes: inout HeldBytes) -> [ConsensusMessage] {
        let messages = held.removeValue(forKey: duty)?.messages ?? []
        for message in messages { bytes.release(message.heldBytes, of: message.message.source) }
        return messages
    }

    mutating func due(at now: Instant, _ bytes: inout HeldBytes) -> [ConsensusMessage] {
        var messages: [ConsensusMessage] = []
        for duty in held.filter({ $0.value.until <= now }).keys.sorted() { messages += take(duty, &bytes) }
        return messages
    }

    var nextWake: Instant? { held.values.map(\.until).min() }
}
