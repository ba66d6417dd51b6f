import Ethereum
import Program

/// When a node that signs by itself may do so on a journal that is new.
///
/// With `--signer keystores` or `remote` the journal is the node's protection from slashing, and a new one knows of no vote: the old one
/// was deleted, or another process has it and signs with the same keys. So the node takes part, but signs nothing for two
/// whole epochs. What was signed before lies behind by then, and a twin has shown itself.
package enum FreshJournal: Hashable, Sendable {
    /// Signs from the start.
    case signs
    /// Signs nothing of slots before this one.
    case watches(until: Slot)

    package static let epochsWatched: UInt64 = 2

    /// - Parameter created: when the journal was made; nil if it is older than anybody remembers. A time ahead of now
    ///   comes from a clock that was wrong.
    package init(created: Instant?, isAccepted: Bool, clock: SlotClock, at now: Instant) {
        guard let created, !isAccepted, let slot = clock.slot(at: min(created, now)) else {
            // Before genesis nothing can have been signed.
            self = .signs
            return
        }
        self = .watches(until: clock.firstSlot(of: clock.epoch(of: slot) + 1 + Self.epochsWatched))
    }

    /// From when on a signature of our own key that the journal does not have was made by another process: before that
    /// it may be of an earlier life. A slot more than the journal's own, for clocks that were apart.
    ///
    /// - Parameter created: when the journal was made; nil if it is older than anybody remembers.
    package static func knowsFrom(created: Instant?, clock: SlotClock, at now: Instant) -> Slot {
        guard let created, let slot = clock.slot(at: min(created, now)) else { return .zero }
        return slot + 2
    }

    /// Slots before it are not signed for.
    package var firstSlot: Slot {
        switch self {
        case .signs: .zero
        case .watches(let until): until
        }
    }

    /// How long the node still signs nothing; nil if it may sign.
    package func wait(at now: Instant, clock: SlotClock) -> Duration? {
        guard case .watches(let until) = self, clock.start(of: until) > now else { return nil }
        return clock.start(of: until) - now
    }

    /// For the operator; nil if there is nothing to say.
    ///
    /// - Parameter isEmpty: whether it holds no vote, not even imported ones.
    package func warning(isEmpty: Bool, at now: Instant, clock: SlotClock) -> String? {
        guard case .watches(let until) = self, let wait = wait(at: now, clock: clock) else { return nil }
        let what = isEmpty ? "knows of no earlier vote" : "knows only votes that were imported"
        return "the journal is new and \(what): this node signs nothing before slot \(until)"
            + " (in \(GoDuration.format(.seconds(wait.components.seconds)))). If an older journal exists, stop, and put it"
            + " back; if these keys have signed nothing for two epochs, --accept-new-journal skips the wait"
    }
}
