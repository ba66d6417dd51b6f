import Ethereum
import Testing

@testable import Node

@Suite("When beacon nodes are told what they did not ask for")
struct StandingOrdersTests {
    private static let clock = SlotClock(
        genesis: Instant(nanoseconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)

    private static func at(epoch: UInt64, slot: UInt64 = 0, plus seconds: Double = 0) -> Instant {
        clock.start(of: Slot(epoch * 32 + slot)) + .nanoseconds(Int64(seconds * 1e9))
    }

    private static let all: [StandingOrders.Order] = [
        .registrations(part: 0), .registrations(part: 1), .committees, .feeRecipients, .syncCommittees,
    ]

    private func orders(at now: Instant) -> StandingOrders {
        StandingOrders(Self.all, clock: Self.clock, seed: 1, at: now)
    }

    @Test("at the start everything is due, what a block needs first")
    func start() {
        let now = Self.at(epoch: 5, slot: 3)
        #expect(
            orders(at: now).due(at: now)
                == [.feeRecipients, .committees, .syncCommittees, .registrations(part: 0), .registrations(part: 1)])
    }

    @Test("later each has its time: epochs' starts, and quiet times of slots, each part of registrations its own")
    func regular() {
        let now = Self.at(epoch: 5, slot: 3)
        var orders = orders(at: now)
        for order in Self.all {
            let before = orders.carriedOut(order, at: now)
            #expect(before == 0)
        }
        for (order, time) in [
            (.committees, Self.at(epoch: 5, slot: 3, plus: 9)), (.feeRecipients, Self.at(epoch: 6)),
            (.syncCommittees, Self.at(epoch: 6, plus: 9)),
            (.registrations(part: 0), Self.at(epoch: 6, plus: 9)),
            (.registrations(part: 1), Self.at(epoch: 6, slot: 1, plus: 9)),
        ] as [(StandingOrders.Order, Instant)] {
            #expect(!orders.due(at: time - .milliseconds(1)).contains(order), "\(order)")
            #expect(orders.due(at: time).contains(order), "\(order)")
        }
        #expect(orders.nextWake() == Self.at(epoch: 5, slot: 3, plus: 9))
        _ = orders.carriedOut(.committees, at: Self.at(epoch: 5, slot: 3, plus: 9.5))
        #expect(orders.nextWake() == Self.at(epoch: 5, slot: 4, plus: 9))
    }

    @Test("before genesis it is as in the first slot")
    func beforeGenesis() {
        let now = Self.at(epoch: 0) - .seconds(60)
        var orders = orders(at: now)
        _ = orders.carriedOut(.feeRecipients, at: now)
        #expect(!orders.due(at: now).contains(.feeRecipients))
        #expect(orders.due(at: Self.at(epoch: 1)).contains(.feeRecipients))
    }

    @Test("what failed is tried again after growing pauses of a minute at most, and then has its regular time again")
    func failures() throws {
        var now = Self.at(epoch: 5)
        var orders = StandingOrders([.feeRecipients], clock: Self.clock, seed: 1, at: now)
        var pauses: [Duration] = []
        for count in 1...12 {
            let failures = orders.failed(.feeRecipients, at: now)
            #expect(failures == count)
            let next = try #require(orders.nextWake())
            #expect(orders.due(at: next - .milliseconds(1)).isEmpty && orders.due(at: next) == [.feeRecipients])
            pauses.append(next - now)
            now = next
        }
        #expect(pauses[0] < .seconds(2) && pauses.allSatisfy { $0 <= .seconds(72) } && pauses[11] > .seconds(40))
        let before = orders.carriedOut(.feeRecipients, at: now)
        #expect(before == 12)
        let afterwards = orders.failed(.feeRecipients, at: now)
        #expect(afterwards == 1)
    }

    @Test("a beacon node that comes back is told everything at once, but not more often than every five seconds")
    func startsOver() {
        let start = Self.at(epoch: 5)
        var orders = orders(at: start)
        var told = 0
        // One that comes and goes twenty times a second, for a minute.
        for tick in 0..<1200 {
            let now = start + .milliseconds(50) * tick
            orders.startOver(at: now)
            for order in orders.due(at: now) {
                if order == .registrations(part: 1) { told += 1 }
                _ = orders.carriedOut(order, at: now)
            }
        }
        #expect((10...13).contains(told), "\(told)")
        // What the last one asked for.
        let settled = start + .seconds(70)
        for order in orders.due(at: settled) { _ = orders.carriedOut(order, at: settled) }
        let later = Self.at(epoch: 5, slot: 20)
        #expect(orders.due(at: later).isEmpty || orders.due(at: later) == [.committees])
        orders.startOver(at: later)
        #expect(orders.due(at: later).count == Self.all.count)
    }

    @Test("it ends a pause after failures, too")
    func startsOverAfterFailures() {
        let now = Self.at(epoch: 5)
        var orders = StandingOrders([.feeRecipients], clock: Self.clock, seed: 1, at: now)
        for _ in 0..<10 { _ = orders.failed(.feeRecipients, at: now) }
        let back = now + .seconds(6)
        #expect(orders.due(at: back).isEmpty)
        orders.startOver(at: back)
        #expect(orders.due(at: back) == [.feeRecipients])
    }

    @Test("a clock that is set back puts nothing off")
    func clockSetBack() {
        let future = Self.at(epoch: 500)
        var orders = orders(at: future)
        for order in Self.all { _ = orders.carriedOut(order, at: future) }
        let now = Self.at(epoch: 5)
        #expect(orders.due(at: now).count == Self.all.count)
        for order in Self.all { _ = orders.carriedOut(order, at: now) }
        orders.startOver(at: now)
        #expect(orders.due(at: now).count == Self.all.count)
    }

    @Test("without orders there is nothing to wake for")
    func none() {
        let orders = StandingOrders([], clock: Self.clock, seed: 1, at: Self.at(epoch: 1))
        #expect(orders.nextWake() == nil && orders.due(at: Self.at(epoch: 2)).isEmpty)
    }
}
