import Ethereum

/// What is known of one peer: from the messages on its stream to us, and from our stream to it.
package struct SyncPeer: Sendable {
    /// For people.
    package enum Presence: Equatable, Sendable {
        case neverSeen
        case here
        /// Its stream ended; it may come back.
        case away(since: Instant)
        /// It said goodbye.
        case finished
    }

    package internal(set) var presence = Presence.neverSeen
    /// Nil before its first report.
    package internal(set) var step: Int?
    /// As it calls itself; printable, empty if it does not.
    package internal(set) var nickname = ""
    /// Whether our stream to it is open.
    package internal(set) var isReached = false

    /// The stream whose messages count as its presence: the newest.
    var stream: Int?
    /// Whether our goodbye was sent, and whether it was answered.
    var isGoodbyeSent = false
    var isGoodbyeTold = false

    /// - Throws: why its ceremony and ours are not the same any more. Source: spec/dkg.md §2, table.
    mutating func report(_ step: Int, from peer: ParticipantIndex) throws(SyncFault) {
        if let last = self.step {
            guard step >= last else { throw .behind(peer: peer, step: step, last: last) }
            // A step may be left out: it is sent with the next message only, so 6 and then 8 is honest.
            guard step - last <= 2 else { throw .ahead(peer: peer, step: step, last: last) }
        } else {
            guard step == 0 || step == 1 else { throw .initialStep(peer: peer, step: step) }
        }
        self.step = step
    }
}
