import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Storage

/// A file near its bound: what can be sent again goes first, what was promised never.
@Suite struct JournalSpaceTests {
    private let folder = Folder()
    private let bytesMax = 1 << 20

    /// A hostile operator's shares of many validators, each over a message of its own.
    private func junk(_ slot: UInt64) -> Record {
        let duty = Duty.attester(slot: Slot(slot))
        let set = (0..<100).map { number in
            let object = signed(Slot(slot), head: UInt8(number), signature: 4)
            return (entry(number), ParSignedData(data: object, shareIndex: share(4)))
        }
        return .partials(duty, Dictionary(uniqueKeysWithValues: set), .broadcasted)
    }

    private func fill(_ journal: Journal) async throws -> Int {
        var slot: UInt64 = 1000
        while journal.metrics.partialsDropped == 0, slot < 2000 {
            try await journal.commit([junk(slot)])
            slot += 1
        }
        return Int(slot - 1000)
    }

    @Test("drops peers' partials when space is short, and keeps taking what is ours")
    func dropped() async throws {
        let journal = try folder.open(bytesMax: bytesMax)
        let slots = try await fill(journal)
        #expect(slots > 3 && slots < 100)
        for slot in UInt64(10)..<30 { try await journal.commit(records(Slot(slot))) }
        await journal.close()

        let reopened = try folder.open(bytesMax: bytesMax)
        try await reopened.commit(records(30))
        let snapshot = try await reopened.load(where: everything)
        #expect(Set(snapshot.votes.keys.map(\.slot.rawValue)) == Set(10...30))
        #expect(snapshot.partials.count { $0.duty.slot == 30 && $0.partial.shareIndex == share(1) } == 2)
    }

    @Test("gives up peers' partials before it refuses a vote")
    func evicted() async throws {
        let journal = try folder.open(bytesMax: bytesMax)
        _ = try await fill(journal)
        // More than the quarter that is kept free.
        var slot: UInt64 = 10
        while journal.metrics.rowsSwept == 0, slot < 400 {
            try await journal.commit(records(Slot(slot), validators: 4))
            slot += 1
        }
        let snapshot = try await journal.load(where: everything)
        #expect(Set(snapshot.votes.keys.map(\.slot.rawValue)) == Set(10..<slot))
        #expect(snapshot.partials.filter { $0.partial.shareIndex == share(1) }.count == Int(slot - 10) * 4)
        #expect(snapshot.partials.contains { $0.duty.slot == 1000 }, "the nearest stay longest")
    }

    @Test("makes room by what is old, and only then stops")
    func swept() async throws {
        let journal = try folder.open(bytesMax: bytesMax, keptSlots: 5, at: 100_000)
        for slot in UInt64(10)..<600 { try await journal.commit(records(Slot(slot), validators: 4)) }
        #expect(journal.metrics.rowsSwept > 0)
        let left = Set(try await journal.load(where: everything).votes.keys.map(\.slot.rawValue))
        #expect(left.isSuperset(of: 595..<600))
    }

    @Test("sweeps when it is opened")
    func sweptAtOpen() async throws {
        let journal = try folder.open()
        for slot in UInt64(10)..<20 { try await journal.commit(records(Slot(slot))) }
        await journal.close()
        let reopened = try folder.open(keptSlots: 3, at: 19)
        #expect(try await reopened.load(where: everything).votes.keys.map(\.slot.rawValue).min() == 16)
    }
}
