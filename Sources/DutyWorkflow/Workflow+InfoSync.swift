import Ethereum

/// Info-sync has no definitions, no signatures and no part in the duty pipeline but consensus.
extension Workflow {
    mutating func wakeInfoSync(_ now: Instant) -> [Signal] {
        guard halted == nil, let duty = infoSync.due(at: now), !isOver(duty, now) else { return infoSync.wake(at: now) }
        deadlines.add(duty)
        return infoSync.start(duty, besides: plannedSwitch.topics, at: now) + infoSync.wake(at: now)
    }

    /// A peer's priorities, perhaps as a request: it is answered in any case.
    mutating func fromPeer(
        _ peer: PeerIndex, _ message: PriorityMessage, _ ticket: Ticket?, _ now: Instant
    ) -> [Signal] {
        let due = plannedSwitch.wake(at: now)
        // After the deciding duty of a switch its name stands for questions about it: no info-sync.
        if let heard = plannedSwitch.heard(message, ticket) { return due + heard + plannedSwitch.wake(at: now) }
        guard configuration.deadlines.admits(message.duty, at: now), !isOver(message.duty, now) else {
            let why = "duty \(message.duty) is over, or far ahead"
            return due + (ticket.map { [.perform(.answer($0, .refused(why)))] } ?? [])
        }
        deadlines.add(message.duty)
        return due + infoSync.receive(message, from: peer, ticket, at: now)
    }

    /// Whether sync contributions of a slot are exchanged as lists (v1.11.md §3.1).
    package func supportsContributionLists(at slot: Slot) -> Bool { infoSync.supportsContributionLists(at: slot) }
}
