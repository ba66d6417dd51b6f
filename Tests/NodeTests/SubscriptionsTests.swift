import BeaconAPI
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite("What subscriptions beacon nodes are told")
struct SubscriptionsTests {
    private func row(_ validator: UInt64, slot: UInt64, committee: UInt64 = 3) -> AttesterDuty {
        var row = AttesterDuty()
        row.slot = Slot(slot)
        row.validatorIndex = ValidatorIndex(validator)
        row.committeeIndex = CommitteeIndex(committee)
        row.committeesAtSlot = 64
        return row
    }

    /// What is due, and that it was taken.
    private func told(
        _ subscriptions: inout CommitteeSubscriptions, _ rows: [AttesterDuty], _ selected: [Bool?], at slot: UInt64
    ) -> [BeaconCommitteeSubscription] {
        let open = subscriptions.open(rows, at: Slot(slot))
        let selection = open.map { row in rows.firstIndex(of: row).flatMap { selected[$0] } }
        let due = subscriptions.due(open, selected: selection)
        subscriptions.tell(due)
        return due
    }

    @Test("a seat is told as soon as it is known, once more when the validator is selected, and then no more")
    func lateProofs() {
        var subscriptions = CommitteeSubscriptions(slotsPerEpoch: 32)
        let rows = [row(1, slot: 40), row(2, slot: 41), row(3, slot: 42)]
        let first = told(&subscriptions, rows, [nil, true, nil], at: 10)
        #expect(first == zip(rows, [false, true, false]).map { BeaconCommitteeSubscription($0, isAggregator: $1) })
        let unchanged = told(&subscriptions, rows, [nil, true, nil], at: 11)
        #expect(unchanged.isEmpty)
        let undecided = subscriptions.open(rows, at: 11)
        #expect(undecided == [rows[0], rows[2]])
        let second = told(&subscriptions, rows, [true, true, false], at: 12)
        #expect(second == [BeaconCommitteeSubscription(rows[0], isAggregator: true)])
        let settled = subscriptions.open(rows, at: 12)
        #expect(settled.isEmpty, "nobody asks about them again")
    }

    @Test("what was not taken is due again; past and present slots are not told")
    func notTaken() {
        var subscriptions = CommitteeSubscriptions(slotsPerEpoch: 32)
        let rows = [row(1, slot: 40), row(2, slot: 41)]
        let open = subscriptions.open(rows, at: 40)
        #expect(open == [rows[1]])
        let first = subscriptions.due(open, selected: [nil])
        #expect(first.count == 1)
        let second = subscriptions.due(open, selected: [nil])
        #expect(second.count == 1)
    }

    @Test("a reorganised duty is another seat; a beacon node that forgot is told all of them")
    func again() {
        var subscriptions = CommitteeSubscriptions(slotsPerEpoch: 32)
        _ = told(&subscriptions, [row(1, slot: 40)], [true], at: 10)
        let moved = row(1, slot: 40, committee: 4)
        let elsewhere = told(&subscriptions, [moved], [nil], at: 11)
        #expect(elsewhere.map(\.committeeIndex) == [4])
        subscriptions.forget()
        let again = told(&subscriptions, [moved], [nil], at: 11)
        #expect(again.count == 1)
    }

    @Test("what a validator client subscribed is not told again, until a beacon node forgets it")
    func validatorClient() {
        var subscriptions = CommitteeSubscriptions(slotsPerEpoch: 32)
        let rows = [row(1, slot: 40), row(2, slot: 41)]
        subscriptions.heard([BeaconCommitteeSubscription(rows[0], isAggregator: false)], at: 10)
        let others = told(&subscriptions, rows, [true, nil], at: 10)
        #expect(others.map(\.validatorIndex) == [2])
        subscriptions.forget()
        let all = told(&subscriptions, rows, [true, nil], at: 10)
        #expect(all.count == 2)
    }

    @Test("a validator client cannot make us remember what lies far ahead, or without end")
    func bounded() {
        var subscriptions = CommitteeSubscriptions(slotsPerEpoch: 32)
        let far = [row(1, slot: 10 + 96), row(1, slot: 9), row(1, slot: .max)]
        subscriptions.heard(far.map { BeaconCommitteeSubscription($0, isAggregator: true) }, at: 10)
        let beyond = subscriptions.open([far[0]], at: 10)
        #expect(beyond == [far[0]])
        let many = (0...UInt64(1 << 17)).map { BeaconCommitteeSubscription(row($0, slot: 40), isAggregator: true) }
        subscriptions.heard(many, at: 10)
        let kept = subscriptions.open([row(0, slot: 40)], at: 10)
        #expect(kept.isEmpty)
        let dropped = subscriptions.open([row(1 << 17, slot: 40)], at: 10)
        #expect(dropped.count == 1)
    }

    // MARK: Sync committees

    @Test(
        "seats are told until their period's end, those of the next from two epochs before it on",
        arguments: [
            (0, [(0, 256)]), (253, [(253, 256)]), (254, [(254, 256), (256, 512)]), (255, [(255, 256), (256, 512)]),
            (256, [(256, 512)]), (.max, [(.max, .max)]),
        ] as [(UInt64, [(UInt64, UInt64)])])
    func periods(epoch: UInt64, expected: [(UInt64, UInt64)]) {
        let periods = SyncSubscriptions(epochsPerPeriod: 256).periods(at: Epoch(epoch))
        #expect(periods == expected.map { .init(epoch: Epoch($0.0), end: Epoch($0.1)) })
    }

    @Test("seats that a validator client subscribed for as long are not told again")
    func syncOfValidatorClient() {
        var subscriptions = SyncSubscriptions(epochsPerPeriod: 256)
        let rows = (1...3).map { validator -> SyncDuty in
            var row = SyncDuty()
            row.validatorIndex = ValidatorIndex(UInt64(validator))
            row.validatorSyncCommitteeIndices = [5, 200]
            return row
        }
        let period = subscriptions.periods(at: 10)[0]
        subscriptions.heard([SyncCommitteeSubscription(rows[0], until: 256), .init(rows[1], until: 255)])
        let due = subscriptions.due(rows, period)
        #expect(due == rows.dropFirst().map { SyncCommitteeSubscription($0, until: 256) })
        subscriptions.forget()
        let again = subscriptions.due(rows, period)
        #expect(again.count == 3)
    }
}
