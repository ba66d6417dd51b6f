import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Storage

@Suite("a journal goes along with an edit of the cluster") struct JournalHandoverTests {
    private let folder = Folder()
    private let old = JournalBinding.sample.lockHash
    private let new = root(0xCC)
    private let now = Instant(unixSeconds: 1_800_000_000)

    private var successor: String { folder.journal + ".new" }

    private func handover(from old: Root? = nil, to new: Root? = nil, share: Int? = 2) -> JournalHandover {
        JournalHandover(
            from: old ?? self.old, to: new ?? self.new, share: share.map { StorageTests.share($0) },
            now: { [now] in now })
    }

    private func open(_ path: String, lock: Root, share: Int? = nil) throws(JournalError) -> Journal {
        try Journal(
            path: path,
            binding: JournalBinding(
                lockHash: lock, genesisValidatorsRoot: JournalBinding.sample.genesisValidatorsRoot,
                share: share.map { StorageTests.share($0) }), now: { [now] in now })
    }

    private func write(_ records: [Record]) async throws {
        let journal = try folder.open()
        try await journal.commit(records)
        await journal.close()
    }

    private func snapshot(_ path: String, lock: Root) async throws -> (JournalSnapshot, Journal) {
        let journal = try open(path, lock: lock)
        return (try await journal.load { _ in true }, journal)
    }

    @Test("watermarks go along, what was begun is closed, and neither file opens under the old lock")
    func handsOn() async throws {
        try await write(records(10) + [.proposalWatermark(key(0), ProposalWatermark(slot: Slot(9), root: root(1)))])
        let summary = try await handover().perform(folder.journal, successor: successor)
        #expect(summary == .init(validators: 2, duties: 1, isHalted: false))
        for path in [folder.journal, successor] {
            #expect(throws: JournalError.self) { try open(path, lock: old) }
            let (found, journal) = try await snapshot(path, lock: new)
            #expect(found.watermarks.keys.sorted() == [key(0), key(1)])
            #expect(found.watermarks.values.allSatisfy { $0.source == 3 && $0.target == 10 })
            #expect(found.proposalWatermarks[key(0)]?.slot == Slot(9))
            #expect(found.closed == [.attester(slot: 10)])
            #expect(found.votes.isEmpty && found.unsigned.isEmpty && found.partials.isEmpty && found.aggregated.isEmpty)
            #expect(journal.createdAt == now)
            #expect(journal.binding.share == share(2))
            await #expect(throws: JournalError.self) {
                try await journal.commit([.attestationWatermark(key(0), watermark(3, 10, 99))])
            }
            await journal.close()
        }
    }

    @Test("what no deadline ends can be asked for again")
    func dropsEndless() async throws {
        let exit = Duty(slot: Slot(64), type: .exit)
        try await write([.expired(exit), .expired(.attester(slot: 10))])
        _ = try await handover().perform(folder.journal, successor: successor)
        let (found, journal) = try await snapshot(successor, lock: new)
        #expect(found.closed == [.attester(slot: 10)])
        await journal.close()
    }

    @Test("whom blocks pay goes along: what the cluster has signed of it, into a new journal and one that is there")
    func keepsRegistrations() async throws {
        let duty = Duty(slot: Slot(70), type: .builderRegistration)
        try await write(registrations(at: 70) + records(10))
        let other = try open(successor, lock: new)
        try await other.commit(registrations(at: 60))
        await other.close()
        for _ in 0..<2 {
            _ = try await handover().perform(folder.journal, successor: successor)
            for path in [folder.journal, successor] {
                let (found, journal) = try await snapshot(path, lock: new)
                #expect(found.aggregated[duty]?.keys.sorted() == [entry(0)] && !found.closed.contains(duty))
                #expect(found.aggregated.count == (path == successor ? 2 : 1) && found.partials.isEmpty)
                await journal.close()
            }
        }
    }

    @Test("a halt goes along")
    func halt() async throws {
        let halt = Halt(duty: .attester(slot: 10), seen: "something")
        try await write([.halted(halt)])
        #expect(try await handover().perform(folder.journal, successor: successor)?.isHalted == true)
        let (found, journal) = try await snapshot(successor, lock: new)
        #expect(found.halt == halt)
        await journal.close()
    }

    @Test("a validator that was slashed stays one for which nothing is signed")
    func slashed() async throws {
        let slashing = Slashing(.proven, seen: "two blocks of slot 9")
        try await write([.slashed(key(0), slashing)])
        _ = try await handover().perform(folder.journal, successor: successor)
        let (found, journal) = try await snapshot(successor, lock: new)
        #expect(found.slashed == [key(0): slashing])
        await journal.close()
    }

    @Test("there and back, what was signed on the way counts")
    func back() async throws {
        try await write(records(10))
        _ = try await handover().perform(folder.journal, successor: successor)
        let journal = try open(successor, lock: new)
        try await journal.commit([
            .attestationWatermark(key(0), watermark(5, 20, 7)), .attestationWatermark(key(2), watermark(5, 20, 7)),
        ])
        await journal.close()
        _ = try await handover(from: new, to: old).perform(successor, successor: folder.journal)
        #expect(throws: JournalError.self) { try open(successor, lock: new) }
        let (found, restored) = try await snapshot(folder.journal, lock: old)
        #expect(found.watermarks[key(0)] == watermark(5, 20, 0))
        #expect(found.watermarks[key(1)]?.target == 10)
        #expect(found.watermarks[key(2)]?.target == 20)
        await restored.close()
    }

    @Test("in one file as well, and as often as one likes")
    func inPlace() async throws {
        try await write(records(10))
        for _ in 0..<2 {
            #expect(try await handover().perform(folder.journal, successor: folder.journal)?.validators == 2)
            let (found, journal) = try await snapshot(folder.journal, lock: new)
            #expect(found.watermarks[key(0)] == watermark(3, 10, 8))
            #expect(found.closed == [.attester(slot: 10)])
            await journal.close()
        }
    }

    @Test("interrupted before its end it is done again, with what was signed since")
    func again() async throws {
        try await write(records(10))
        _ = try await handover().perform(folder.journal, successor: successor)
        // As if the last step had not been made and the node had gone on.
        let binding = JournalBinding.sample
        let journal = try open(folder.journal, lock: new)
        try await journal.rebind(to: binding, at: now)
        try await journal.commit([.attestationWatermark(key(1), watermark(6, 30, 1))])
        await journal.close()
        _ = try await handover().perform(folder.journal, successor: successor)
        let (found, last) = try await snapshot(successor, lock: new)
        #expect(found.watermarks[key(1)] == watermark(6, 30, 0))
        await last.close()
    }

    @Test("not while a node has it, not another cluster's, and none where none was")
    func refusals() async throws {
        #expect(try await handover().perform(folder.journal, successor: successor) == nil)
        let running = try folder.open()
        await #expect(throws: JournalError.inUse(path: folder.journal)) {
            try await handover().perform(folder.journal, successor: successor)
        }
        await running.close()
        await #expect(throws: JournalHandover.Failure.stranger(path: folder.journal, found: old)) {
            try await handover(from: root(1)).perform(folder.journal, successor: successor)
        }
        let stranger = try open(successor, lock: root(2))
        await stranger.close()
        await #expect(throws: JournalHandover.Failure.stranger(path: successor, found: root(2))) {
            try await handover().perform(folder.journal, successor: successor)
        }
        // Nothing was changed by the attempt.
        await (try folder.open()).close()
    }
}
