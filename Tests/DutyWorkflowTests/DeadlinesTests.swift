import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("Deadlines")
struct DeadlinesTests {
    struct Row: Sendable {
        let type: DutyType
        /// After the slot's start, for 12 s × 32 and 5 s × 16; nil for never.
        let mainnet: Duration?
        let gnosis: Duration?
    }

    /// span + slot / 12, in whole nanoseconds.
    static let rows: [Row] = [
        Row(type: .proposer, mainnet: .seconds(5), gnosis: .nanoseconds(1_666_666_666 + 416_666_666)),
        Row(type: .randao, mainnet: .seconds(5), gnosis: .nanoseconds(1_666_666_666 + 416_666_666)),
        Row(type: .attester, mainnet: .seconds(385), gnosis: .nanoseconds(80_416_666_666)),
        Row(type: .aggregator, mainnet: .seconds(385), gnosis: .nanoseconds(80_416_666_666)),
        Row(type: .syncMessage, mainnet: .seconds(13), gnosis: .nanoseconds(5_416_666_666)),
        Row(type: .syncContribution, mainnet: .seconds(13), gnosis: .nanoseconds(5_416_666_666)),
        Row(type: .prepareAggregator, mainnet: .seconds(769), gnosis: .nanoseconds(160_416_666_666)),
        Row(type: .prepareSyncContribution, mainnet: .seconds(769), gnosis: .nanoseconds(160_416_666_666)),
        Row(type: .signature, mainnet: .seconds(13), gnosis: .nanoseconds(5_416_666_666)),
        Row(type: .infoSync, mainnet: .seconds(13), gnosis: .nanoseconds(5_416_666_666)),
        Row(type: .builderProposer, mainnet: .seconds(13), gnosis: .nanoseconds(5_416_666_666)),
        Row(type: .exit, mainnet: nil, gnosis: nil),
        Row(type: .builderRegistration, mainnet: nil, gnosis: nil),
    ]

    @Test("every type of duty has its span", arguments: rows)
    func table(row: Row) {
        for (clock, expected) in [
            (Fixture.clock(), row.mainnet), (Fixture.clock(slot: .seconds(5), slotsPerEpoch: 16), row.gnosis),
        ] {
            let duty = Duty(slot: Slot(7), type: row.type)
            let deadlines = Deadlines(clock: clock)
            let start = clock.start(of: Slot(7))
            #expect(deadlines.deadline(of: duty) == expected.map { start + $0 }, "\(row.type)")
            guard let deadline = expected.map({ start + $0 }) else {
                #expect(!deadlines.isExpired(duty, at: Instant(nanoseconds: .max)))
                continue
            }
            #expect(!deadlines.isExpired(duty, at: deadline - .nanoseconds(1)))
            #expect(deadlines.isExpired(duty, at: deadline))
        }
    }

    @Test("all types are in the table")
    func complete() { #expect(Set(Self.rows.map(\.type)) == Set(DutyType.allCases)) }

    static let gateRows: [(type: DutyType, slot: UInt64, isAdmitted: Bool)] = [
        (.attester, 0, true), (.attester, 191, true), (.attester, 193, true), (.attester, 194, false),
        (.proposer, 193, true), (.proposer, 194, false), (.attester, .max, false),
        (.randao, 194, true), (.prepareAggregator, 255, true), (.prepareAggregator, 256, false), (.exit, .max, false),
    ]

    /// In the last moment of epoch 5.
    @Test("the gate lets in two slots ahead, two epochs what is signed ahead, and everything old", arguments: gateRows)
    func gate(type: DutyType, slot: UInt64, isAdmitted: Bool) {
        let deadlines = Deadlines(clock: Fixture.clock())
        let duty = Duty(slot: Slot(slot), type: type)
        #expect(deadlines.admits(duty, at: Instant.slot(191, plus: 11.9)) == isAdmitted)
    }

    @Test("before genesis the gate counts from slot 0")
    func gateBeforeGenesis() {
        let deadlines = Deadlines(clock: Fixture.clock())
        #expect(deadlines.admits(.attester(slot: Slot(2)), at: .at(-1000)))
        #expect(!deadlines.admits(.attester(slot: Slot(3)), at: .at(-1000)))
        #expect(deadlines.isForeseeable(.attester(slot: Slot(95)), at: .at(-1000)))
        #expect(!deadlines.isForeseeable(.attester(slot: Slot(96)), at: .at(-1000)))
    }

    @Test("duties come out once, soonest first, and stay over")
    func queue() {
        var queue = DeadlineQueue(deadlines: Deadlines(clock: Fixture.clock()))
        let early = Duty(slot: Slot(3), type: .proposer)
        let late = Duty(slot: Slot(1), type: .attester)
        for duty in [late, early, late, Duty(slot: Slot(1), type: .exit)] { queue.add(duty) }
        #expect(queue.next == .slot(3, plus: 5))
        #expect(queue.expired(at: .slot(3, plus: 4.9)).isEmpty)
        #expect(queue.expired(at: .slot(100)) == [early, late])
        #expect(queue.next == nil)
        #expect(queue.isOver(early) && queue.isOver(late))
        queue.add(early)
        #expect(queue.next == nil, "a duty that is over is not taken up again")
    }

    @Test("memory of what is over is bounded")
    func overIsBounded() {
        var queue = DeadlineQueue(deadlines: Deadlines(clock: Fixture.clock()))
        for slot in UInt64(0)..<5000 { queue.add(.attester(slot: Slot(slot))) }
        #expect(queue.expired(at: .slot(10000)).count == 5000)
        #expect(!queue.isOver(.attester(slot: Slot(0))))
        #expect(queue.isOver(.attester(slot: Slot(4999))))
    }
}
