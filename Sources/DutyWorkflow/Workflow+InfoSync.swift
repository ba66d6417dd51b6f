import Ethereum

/// Info-sync has no definitions, no signatures and no part in the duty pipeline but consensus.
extension Workflow {
    mutating func wakeInfoSync(_ now: Instant) -> [Signal] {
        guard halted == nil, let duty = infoSync.due(at: now), !isOver(duty, now) else { return infoSync.wake(at: now) }
        deadlines.add(duty)
        return infoSync.start(duty, at: now) + infoSync.wake(at: now)
    }

    /// A peer's priorities, perhaps as a request: it is answered in any case.
    mutating func fromPeer(
        _ peer: PeerIndex, _ message: PriorityMessage, _ ticket: Ticket?, _ now: Instant
    ) -> [Signal] {
        guard configuration.deadlines.admits(message.duty, at: now), !isOver(message.duty, now) else {
            return ticket.map { [.perform(.answer($0, .refused("duty \(message.duty) is over, or far ahead")))] } ?? []
        }
        deadlines.add(message.duty)
        return infoSync.receive(message, from: peer, ticket, at: now)
    }

    /// Whether sync contributions of a slot are exchanged as lists (v1.11.md §3.1).
    package func supportsContributionLists(at slot: Slot) -> Bool { infoSync.supportsContributionLists(at: slot) }
}
