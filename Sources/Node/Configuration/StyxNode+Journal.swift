import Ethereum
import Program
import Storage

/// What the node says of its journal, and does for it.
extension StyxNode {
    func warn(about journal: Journal, _ fresh: FreshJournal, isEmpty: Bool, _ clock: SlotClock) {
        let text =
            fresh.warning(isEmpty: isEmpty, at: SystemClock.now(), clock: clock)
            ?? (journal.isNew ? "new journal: nothing is known of earlier votes" : nil)
        if let text { topic("journal").warning("\(text)", metadata: ["path": "\(journal.path)"]) }
    }

    func housekeep(_ journal: Journal, _ clock: SlotClock) async throws {
        while !Task.isCancelled {
            let slot = clock.currentSlot(at: SystemClock.now())
            // Late in the slot nothing is due.
            let quiet = clock.start(of: slot + 1) - clock.slotDuration / 12
            try await Task.sleep(for: max(.zero, quiet - SystemClock.now()))
            try await journal.housekeep(at: slot)
            try await Task.sleep(for: max(.milliseconds(10), clock.start(of: slot + 1) - SystemClock.now()))
        }
    }
}
