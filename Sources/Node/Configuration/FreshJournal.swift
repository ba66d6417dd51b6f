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

    /// Slots before it are not signed for.
    package var firstSlot: Slot {
        switch self {
        case .signs: .zero
        case .watches(let until): until
        }
    }

    /// For the operator; nil if there is nothing to say.
    ///
    /// - Parameter isEmpty: whether it holds no vote, not even imported ones.
    package func warning(isEmpty: Bool, at now: Instant, clock: SlotClock) -> String? {
        guard case .watches(let until) = self else { return nil }
        let wait = clock.start(of: until) - now
        guard wait > .zero else { return nil }
        let what = isEmpty ? "knows of no earlier vote" : "knows only votes that were imported"
        return "the journal is new and \(what): this node signs nothing before slot \(until)"
            + " (in \(GoDuration.format(.seconds(wait.components.seconds)))). If an older journal exists, stop, and put it"
            + " back; if these keys have signed nothing for two epochs, --accept-new-journal skips the wait"
    }
}
