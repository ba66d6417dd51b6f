import Ethereum
import SSZ
import Testing

struct SlotClockTests {
    let clock = SlotClock(genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 32)

    @Test(
        arguments: [
            (1000_000, 0), (1011_999, 0), (1012_000, 1), (1000_000 + 12_000 * 64, 64),
        ] as [(Int64, UInt64)])
    func findsTheSlot(milliseconds: Int64, slot: UInt64) {
        #expect(clock.slot(at: Instant(nanoseconds: milliseconds * 1_000_000)) == Slot(slot))
    }

    @Test func hasNoSlotBeforeGenesis() {
        #expect(clock.slot(at: clock.genesis - .nanoseconds(1)) == nil)
        #expect(clock.slot(at: Instant(nanoseconds: .min)) == nil)
        #expect(
            clock.slot(at: Instant(nanoseconds: .max)) == Slot(UInt64((Int64.max - 1_000_000_000_000) / 12_000_000_000))
        )
    }

    @Test func startsSlotsAndEpochs() {
        #expect(clock.start(of: Slot(0)) == clock.genesis)
        #expect(clock.start(of: Slot(3)) == clock.genesis + .seconds(36))
        #expect(clock.start(of: Epoch(2)) == clock.genesis + .seconds(12 * 64))
        #expect(clock.epoch(of: 31) == 0)
        #expect(clock.epoch(of: 32) == 1)
        #expect(clock.firstSlot(of: 3) == 96)
    }

    @Test func saturates() {
        #expect(clock.start(of: Slot.max) == Instant(nanoseconds: .max))
        #expect(clock.start(of: Epoch.farFuture) == Instant(nanoseconds: .max))
        #expect(clock.firstSlot(of: .farFuture) == .max)
        #expect(Slot.max + 1 == Slot.max)
        #expect(Slot(3) - 5 == Slot(0))
        #expect(Slot(3) + 5 == Slot(8))
        let long = SlotClock(genesis: Instant(nanoseconds: .max), slotDuration: .seconds(Int64.max), slotsPerEpoch: 1)
        #expect(long.start(of: Slot.max) == Instant(nanoseconds: .max))
    }
}

struct InstantTests {
    @Test func addsAndSubtracts() {
        let instant = Instant(unixSeconds: 5)
        #expect(instant + .milliseconds(1500) == Instant(nanoseconds: 6_500_000_000))
        #expect(instant - .seconds(6) == Instant(nanoseconds: -1_000_000_000))
        #expect(instant - Instant(unixSeconds: 7) == .seconds(-2))
    }

    @Test func saturates() {
        let last = Instant(nanoseconds: .max)
        let first = Instant(nanoseconds: .min)
        #expect(last + .seconds(1) == last)
        #expect(first - .seconds(1) == first)
        #expect(last - .seconds(Int64.max) == last + .zero - .seconds(Int64.max))
        #expect(last - first == .nanoseconds(Int64.max) - .nanoseconds(Int64.min))
        #expect(Instant(unixSeconds: .max) == last)
    }

    @Test(
        arguments: [
            (0, "0.000000000", 0), (1_500_000_000, "1.500000000", 1), (-1, "-0.000000001", -1),
            (-1_000_000_000, "-1.000000000", -1), (.max, "9223372036.854775807", 9_223_372_036),
            (.min, "-9223372036.854775808", -9_223_372_037),
        ] as [(Int64, String, Int64)])
    func describesItself(nanoseconds: Int64, text: String, seconds: Int64) {
        let instant = Instant(nanoseconds: nanoseconds)
        #expect(instant.description == text)
        #expect(instant.unixSeconds == seconds)
    }
}

struct QuantityTests {
    @Test func hasTheFormOfANumber() throws {
        #expect(Slot(258).sszBytes() == [2, 1, 0, 0, 0, 0, 0, 0])
        #expect(try Slot(ssz: [2, 1, 0, 0, 0, 0, 0, 0]) == 258)
        #expect(Slot(258).json() == "258")
        #expect(try Slot(json: "258") == 258)
        #expect(throws: SSZError(.json(expected: "decimal text"))) { try Slot(json: 258) }
        #expect(Slot(258).hashTreeRoot() == UInt64(258).hashTreeRoot())
        #expect(Slot(decimal: "18446744073709551615") == .max)
        #expect(Slot(decimal: "18446744073709551616") == nil)
        #expect("\(Slot(7))" == "7")
        #expect(Slot(7) < Slot(8))
    }
}
