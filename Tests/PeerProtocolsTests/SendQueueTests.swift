import TestSupport
import Testing

@testable import PeerProtocols

@Suite("send queue")
struct SendQueueTests {
    @Test("starts up to the limit, then waits, then gives up the oldest")
    func limits() {
        var queue = SendQueue(underWayMax: 2, waitingMax: 2)
        let entries = (1...6 as ClosedRange<UInt64>).map { queue.enter($0) }
        #expect(entries == [.start, .start, .wait, .wait, .waitInsteadOf(3), .waitInsteadOf(4)])
        #expect(queue.waiting == [5, 6])
        let next = (1...4).map { _ in queue.leave() }
        #expect(next == [5, 6, nil, nil])
        #expect(queue.underWay == 0)
    }

    @Test("a withdrawn message is not started")
    func withdraws() {
        var queue = SendQueue(underWayMax: 1, waitingMax: 4)
        for ticket in 1...3 as ClosedRange<UInt64> { _ = queue.enter(ticket) }
        let withdrawn = [2, 2, 1].map { queue.withdraw($0) }
        #expect(withdrawn == [true, false, false])
        let next = queue.leave()
        #expect(next == 3)
    }

    @Test("never more than the bounds, and everything admitted ends", arguments: 0..<100 as Range<UInt64>)
    func bounds(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = SendQueue(
            underWayMax: Int.random(in: 1...4, using: &random), waitingMax: Int.random(in: 1...5, using: &random))
        var underWay = 0
        var waiting: Set<UInt64> = []
        for ticket in 1...200 as ClosedRange<UInt64> {
            switch Int.random(in: 0...3, using: &random) {
            case 0, 1:
                switch queue.enter(ticket) {
                case .start: underWay += 1
                case .wait: waiting.insert(ticket)
                case .waitInsteadOf(let oldest):
                    #expect(waiting.min() == oldest)
                    waiting.remove(oldest)
                    waiting.insert(ticket)
                }
            case 2 where underWay > 0:
                if let next = queue.leave() { #expect(waiting.remove(next) != nil) } else { underWay -= 1 }
            case 3:
                guard let some = waiting.sorted().randomElement(using: &random) else { break }
                let isWithdrawn = queue.withdraw(some)
                #expect(isWithdrawn)
                waiting.remove(some)
            default: break
            }
            #expect(queue.underWay == underWay && Set(queue.waiting) == waiting)
            #expect(underWay <= queue.underWayMax && waiting.count <= queue.waitingMax)
            #expect(waiting.isEmpty || underWay == queue.underWayMax)
        }
    }
}

@Suite("send health")
struct SendHealthTests {
    /// `s` and `f` are results; `!` marks those that are news.
    @Test(
        "news are the first failure and the third success after the last one",
        arguments: ["sss", "f!ff", "f!ss", "f!sss!s", "f!ssfssfsss!sf!sss!", "sf!fsss!ssf!"])
    func news(script: String) {
        var health = SendHealth()
        var seen = ""
        for result in script where result != "!" {
            let isNews = result == "s" ? health.noteSuccess() : health.noteFailure()
            seen += isNews ? "\(result)!" : "\(result)"
        }
        #expect(seen == script)
    }
}
