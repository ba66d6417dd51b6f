import NIOCore
import Testing

@testable import Libp2p

@Suite("loop allowance")
struct LoopAllowanceTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test("a burst within the stock rests no longer than the others' turn")
    func burst() {
        var allowance = LoopAllowance(now: start)
        for _ in 0..<50 { allowance.spend(.milliseconds(1), now: start) }
        #expect(!allowance.isSpent && allowance.rest == LoopAllowance.restMin)
        allowance.spend(.milliseconds(1), now: start)
        #expect(allowance.isSpent && allowance.rest == .milliseconds(5))
    }

    @Test("who sends without end gets his share of the time, and the stock once")
    func flood() {
        var allowance = LoopAllowance(now: start)
        var (now, work) = (start, TimeAmount.zero)
        while now < start + .seconds(10) {
            now = now + .milliseconds(1)
            work = work + .milliseconds(1)
            allowance.spend(.milliseconds(1), now: now)
            now = now + allowance.rest
        }
        #expect(work >= .milliseconds(2000) && work <= .milliseconds(2060), "\(work)")
    }

    @Test("a pause fills the stock, and never more than it")
    func pause() {
        var allowance = LoopAllowance(now: start)
        allowance.spend(.milliseconds(60), now: start)
        #expect(allowance.isSpent)
        allowance.spend(.zero, now: start + .milliseconds(50))
        #expect(!allowance.isSpent)
        allowance.spend(.milliseconds(51), now: start + .seconds(3600))
        #expect(allowance.isSpent && allowance.rest == .milliseconds(5))
    }

    @Test("a clock that stands or runs back gives nothing")
    func backwards() {
        var allowance = LoopAllowance(now: start)
        allowance.spend(.milliseconds(55), now: start - .seconds(1))
        #expect(allowance.rest == .milliseconds(25))
    }

    @Test("a thread's time grows with its work")
    func threadTime() {
        let before = LoopAllowance.threadTime()
        var sum: UInt64 = 0
        for number in 0..<100_000 as Range<UInt64> { sum &+= number &* number }
        #expect(sum != 0 && LoopAllowance.threadTime() > before)
    }
}
