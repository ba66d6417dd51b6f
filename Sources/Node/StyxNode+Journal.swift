import DutyWorkflow
import Ethereum
import Program
import SSZ
import Storage
import ValidatorAPI

/// The journal's opening, and its quiet moments.
extension StyxNode {
    /// Opens the journal and reads it, however long it takes until that can be done; `/readyz` and the log say why not.
    func openJournal(
        _ chain: ChainContext, _ genesisValidatorsRoot: Root, _ claim: JournalClaim, _ server: ValidatorAPIServer
    ) async throws -> (Journal, JournalSnapshot) {
        let binding = JournalBinding(
            lockHash: cluster.lock.lockHash, genesisValidatorsRoot: genesisValidatorsRoot, share: cluster.keys.own)
        let deadlines = Deadlines(clock: chain.clock)
        let wait = JournalWait { error in
            monitoring.note(journal: "\(error)")
            server.update { $0.note(.journal, "\(error)") }
            topic("journal").error(
                "the journal cannot be used: this node signs nothing", metadata: ["reason": "\(error)"])
        }
        let opened = try await wait.run { () async throws(JournalError) -> (Journal, JournalSnapshot) in
            let journal = try Journal(
                path: configuration.journalFile, binding: binding, keptSlots: 2 * chain.clock.slotsPerEpoch + 38,
                preset: chain.spec.preset, at: chain.clock.currentSlot(at: SystemClock.now()), claim: claim,
                now: SystemClock.now)
            return (journal, try await journal.load { !deadlines.isExpired($0, at: SystemClock.now()) })
        }
        monitoring.note(journal: nil)
        return opened
    }

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
