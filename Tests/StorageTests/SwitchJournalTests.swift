import DutyWorkflow
import Ethereum
import GRDB
import SSZ
import Testing

@testable import Storage

import enum DutyWorkflow.Record  // GRDB has a class of that name

@Suite("a planned switch, on disk") struct SwitchJournalTests {
    private let folder = Folder()
    private let old = root(0xAA)
    private let new = root(0xCC)
    private let now = Instant(unixSeconds: 1_800_000_000)
    /// When `Folder` makes its journals.
    private let made = Instant(unixSeconds: 1_700_000_000)

    private var successor: String { folder.journal + ".new" }

    private func sql(_ path: String, _ query: String) throws -> String? {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }
        return try database.read { try String.fetchOne($0, sql: query) }
    }

    private func change(_ sql: String) throws {
        let database = try DatabaseQueue(path: folder.journal)
        try database.write { try $0.execute(sql: sql) }
        try database.close()
    }

    private func commit(_ stages: [SwitchStage], _ others: [Record] = []) async throws {
        let journal = try folder.open()
        let plan = try plan()
        try await journal.commit(others + stages.map { .plannedSwitch(SwitchRecord(plan, $0)) })
        await journal.close()
    }

    private func handOver() async throws -> JournalHandover.Summary? {
        try await JournalHandover(from: old, to: new, share: share(2), now: { [now] in now })
            .perform(folder.journal, successor: successor)
    }

    private func open(_ path: String, lock: Root) throws(JournalError) -> Journal {
        try Journal(
            path: path,
            binding: JournalBinding(
                lockHash: lock, genesisValidatorsRoot: JournalBinding.sample.genesisValidatorsRoot),
            now: { [now] in now })
    }

    private static let version = "SELECT value FROM meta WHERE key = 'schema_version'"

    @Test("every stage comes back as it was written", arguments: SwitchStage.allCases)
    func roundTrip(stage: SwitchStage) async throws {
        let record = SwitchRecord(try plan(), stage)
        var journal = try folder.open()
        try await journal.commit([.plannedSwitch(record)])
        #expect(try await journal.plannedSwitch() == record)
        await journal.close()
        journal = try folder.open()
        #expect(try await journal.load(where: everything).plannedSwitch == record)
        await journal.close()
        #expect(SwitchRecord(journalText: record.journalText) == record)
    }

    @Test("while there is a plan no program opens it that does not know what it forbids")
    func schema() async throws {
        let journal = try folder.open()
        await journal.close()
        #expect(try sql(folder.journal, Self.version) == "5")
        try await commit([.noted])
        #expect(try sql(folder.journal, Self.version) == "6")
        let again = try folder.open()
        try await again.commit([.switchDropped(try plan())])
        #expect(try await again.plannedSwitch() == nil)
        await again.close()
        #expect(try sql(folder.journal, Self.version) == "5")
    }

    @Test(
        "a row that is damaged stops the node: it may be all that keeps the old key shares back",
        arguments: ["", "noted", "what 5 32", "noted 5 32 a:3:x b:3:x", "noted 1 32"])
    func damaged(text: String) async throws {
        try await commit([.noted])
        try change("UPDATE meta SET value = '\(text)' WHERE key = 'planned_switch'")
        #expect(try JournalVerifier.verify(folder.journal).problems.map(\.kind) == [.damaged])
        let journal = try folder.open()
        await #expect(throws: JournalError.self) { try await journal.load(where: everything) }
        await #expect(throws: JournalError.self) {
            try await journal.commit([.plannedSwitch(SwitchRecord(try plan(), .announced))])
        }
        await journal.close()
    }

    @Test("a second end is refused, and the first stays")
    func contradiction() async throws {
        try await commit([.noted, .confirmed])
        let journal = try folder.open()
        await #expect(throws: JournalError.self) {
            try await journal.commit([.plannedSwitch(SwitchRecord(try plan(), .calledOff))])
        }
        #expect(try await journal.plannedSwitch()?.stage == .confirmed)
        await journal.close()
    }

    @Test(
        "by the operator's word a plan is forgotten that nobody goes by, or whose end cannot be learned, and only such a one",
        arguments: SwitchStage.allCases)
    func forgotten(stage: SwitchStage) async throws {
        try await commit([stage])
        let journal = try folder.open()
        let isOpen = stage == .noted || stage.isUndecided
        #expect(try await journal.forgetSwitch()?.stage == (isOpen ? stage : nil))
        #expect(try await journal.plannedSwitch()?.stage == (isOpen ? nil : stage))
        #expect(try await journal.forgetSwitch() == nil)
        await journal.close()
    }

    // MARK: Handing on

    @Test("after a confirmed switch the new journal is as old as the first, and knows from when on it signs")
    func confirmed() async throws {
        try await commit([.noted, .confirmed], records(10))
        let summary = try await handOver()
        #expect(summary?.isAgreed == true && summary?.validators == 2 && summary?.duties == 1)
        for path in [folder.journal, successor] {
            #expect(throws: JournalError.self) { try open(path, lock: old) }
            let journal = try open(path, lock: new)
            let found = try await journal.load(where: everything)
            #expect(found.plannedSwitch == SwitchRecord(try plan(), .entered))
            #expect(journal.createdAt == made, "nobody waits")
            #expect(found.watermarks.keys.sorted() == [key(0), key(1)] && found.closed == [.attester(slot: 10)])
            await journal.close()
            #expect(try sql(path, Self.version) == "6")
        }
    }

    @Test("interrupted at any step it is done again")
    func again() async throws {
        try await commit([.noted, .confirmed], records(10))
        for _ in 0..<2 {
            #expect(try await handOver()?.isAgreed == true)
            let journal = try open(successor, lock: new)
            #expect(try await journal.plannedSwitch()?.stage == .entered && journal.createdAt == made)
            await journal.close()
        }
        // As if the last step had not been made: the first journal is still the old set's.
        let journal = try open(folder.journal, lock: new)
        try await journal.rebind(to: .sample, at: made, SwitchRecord(try plan(), .confirmed))
        await journal.close()
        let reopened = try folder.open()
        #expect(try await reopened.plannedSwitch()?.stage == .confirmed)
        await reopened.close()
        #expect(try await handOver()?.isAgreed == true)
        #expect(throws: JournalError.self) { try folder.open() }
    }

    @Test(
        "nothing is handed on while others may go by a plan that is not decided",
        arguments: [SwitchStage.announced, .declined, .committed, .divided])
    func undecided(stage: SwitchStage) async throws {
        try await commit([stage], records(10))
        await #expect(throws: JournalHandover.Failure.planned(path: folder.journal, epoch: 5)) { try await handOver() }
        let journal = try folder.open()
        #expect(try await journal.plannedSwitch()?.stage == stage)
        await journal.close()
    }

    @Test("after a confirmed switch to another lock this one is entered as without a plan, and waits")
    func otherLock() async throws {
        let journal = try folder.open()
        try await journal.commit([.plannedSwitch(SwitchRecord(try plan(to: 0xDD), .confirmed))])
        await journal.close()
        #expect(try await handOver()?.isAgreed == false)
        let entered = try open(successor, lock: new)
        #expect(try await entered.plannedSwitch() == nil && entered.createdAt == now)
        await entered.close()
    }

    @Test(
        "a switch by hand takes a plan away that nobody goes by, or whose end was not learned, and waits as ever",
        arguments: [SwitchStage.noted, .calledOff, .open, .locked, .torn])
    func byHand(stage: SwitchStage) async throws {
        try await commit([stage], records(10))
        #expect(try await handOver()?.isAgreed == false)
        let journal = try open(successor, lock: new)
        #expect(try await journal.plannedSwitch() == nil && journal.createdAt == now)
        await journal.close()
    }

    @Test("the way back from a planned switch is that of any other")
    func back() async throws {
        try await commit([.noted, .confirmed], records(10))
        _ = try await handOver()
        let summary = try await JournalHandover(from: new, to: old, share: share(1), now: { [now] in now })
            .perform(successor, successor: folder.journal)
        #expect(summary?.isAgreed == false)
        let journal = try open(folder.journal, lock: old)
        #expect(try await journal.plannedSwitch() == nil && journal.createdAt == now)
        await journal.close()
    }

    @Test("the meaning of the handover is that of the value that simulations use")
    func meaning() async throws {
        let exit = Duty(slot: Slot(64), type: .exit)
        let told =
            records(10) + registrations() + [
                .expired(exit), .halted(Halt(duty: .attester(slot: 10), seen: "something")),
            ]
        try await commit([.noted, .confirmed], told)
        _ = try await handOver()
        var fold = JournalSnapshot()
        for record in told { try fold.apply(record) }
        let journal = try open(folder.journal, lock: new)
        #expect(
            Contents(try await journal.load(where: everything)) == Contents(fold.handedOn(entering: try plan())))
        await journal.close()
    }
}
