import BeaconAPI
import Ethereum
import Testing

@testable import Node

@Suite("which beacon nodes follow the chain")
struct SyncVerdictTests {
    private static func status(
        _ head: Slot, syncing: Bool = false, optimistic: Bool = false, offline: Bool = false
    ) -> SyncingStatus {
        SyncingStatus(
            headSlot: head, syncDistance: syncing ? 50 : 0, isSyncing: syncing, isOptimistic: optimistic,
            isExecutionOffline: offline)
    }

    @Test(
        "by what they say themselves and by what the others say",
        arguments: [
            ([status(100), status(100)], []), ([status(99), status(101)], []),
            ([status(50), status(100, syncing: true)], [1]),
            ([status(100, optimistic: true), status(100, offline: true), status(100)], [0, 1]),
            // A head in the future is a lie or a wrong clock.
            ([status(102), status(100)], [0]), ([status(Slot(.max)), status(100)], [0]),
            // One stands still and does not know it.
            ([status(80), status(100), status(100)], [0]), ([status(92), status(100), status(100)], []),
            // The chain itself stands still; one that claims the newest head makes nobody look old.
            ([status(20), status(20)], []), ([status(20), status(100)], []),
            ([status(20), status(21), status(100)], []),
            ([], []), ([status(100, syncing: true)], [0]),
        ] as [([SyncingStatus], Set<Int>)])
    func verdict(statuses: [SyncingStatus], idle: Set<Int>) {
        let verdict = SyncVerdict(statuses.enumerated().map { ($0.offset, $0.element) }, current: 100)
        #expect(Set(verdict.idle.keys) == idle)
        #expect(verdict.idle.values.allSatisfy { !$0.isEmpty })
    }

    @Test(
        "who is far behind a head near our clock is told of, and asked all the same",
        arguments: [
            // Of two nobody can tell which is right.
            ([status(20), status(100)], [0]), ([status(91), status(100)], [0]), ([status(92), status(100)], []),
            ([status(20), status(21), status(100)], [0, 1]),
            // The chain stands still, or both are as old.
            ([status(20), status(60)], []), ([status(20), status(20)], []),
            // Known to be wrong by itself, or by more than one other.
            ([status(20, syncing: true), status(100)], []), ([status(80), status(100), status(100)], []), ([], []),
        ] as [([SyncingStatus], Set<Int>)])
    func apart(statuses: [SyncingStatus], apart: Set<Int>) {
        let verdict = SyncVerdict(statuses.enumerated().map { ($0.offset, $0.element) }, current: 100)
        #expect(Set(verdict.apart.keys) == apart)
        #expect(Set(verdict.idle.keys).isDisjoint(with: apart))
    }
}
