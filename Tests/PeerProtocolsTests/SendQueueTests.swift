import TestSupport
import Testing

@testable import PeerProtocols

@Suite("send queue")
struct SendQueueTests {
    @Test("starts up to the limit, then waits, then gives up the oldest")
    func limits() {
        var queue = SendQueue(.init(underWayMax: 2, waitingMax: 2))
        let entries = (1...6 as ClosedRange<UInt64>).map { queue.enter($0, bytes: 1) }
        #expect(
            entries == [
                .start, .start, .wait(givenUp: []), .wait(givenUp: []), .wait(givenUp: [3]), .wait(givenUp: [4]),
            ])
        #expect(queue.waiting == [5, 6])
        let next = (1...4).map { _ in queue.leave(bytes: 1) }
        #expect(next == [[5], [6], [], []])
        #expect(queue.underWay == 0)
    }

    @Test("large messages wait for bytes in their order, small ones do not wait for them")
    func bytes() {
        var queue = SendQueue(.init(underWayMax: 9, waitingMax: 9, bytesMax: 100, smallBytesMax: 10))
        let sizes = [60, 50, 30, 10, 1]
        let entries = sizes.enumerated().map { queue.enter(UInt64($0.offset), bytes: $0.element) }
        #expect(entries == [.start, .wait(givenUp: []), .wait(givenUp: []), .start, .start])
        let next = [queue.leave(bytes: 10), queue.leave(bytes: 60), queue.leave(bytes: 50)]
        #expect(next == [[], [1, 2], []])
    }

    @Test("the oldest large messages make room for the newest, however large; small ones stay")
    func bytesGivenUp() {
        var queue = SendQueue(.init(underWayMax: 1, waitingMax: 9, bytesMax: 100, smallBytesMax: 10))
        let sizes = [60, 50, 1, 50, 40, 500]
        let entries = sizes.enumerated().map { queue.enter(UInt64($0.offset), bytes: $0.element) }
        #expect(
            entries == [.start] + [[], [], [], [1], [3, 4]].map { .wait(givenUp: $0) })
        #expect(queue.waiting == [2, 5])
        let next = [queue.leave(bytes: 60), queue.leave(bytes: 1)]
        #expect(next == [[2], [5]])
    }

    @Test("never more than the bounds, and everything admitted ends", arguments: 0..<100 as Range<UInt64>)
    func bounds(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = SendQueue(
            .init(
                underWayMax: Int.random(in: 1...4, using: &random), waitingMax: Int.random(in: 1...5, using: &random),
                bytesMax: Int.random(in: 20...80, using: &random), smallBytesMax: 10))
        var sizes: [UInt64: Int] = [:]
        var underWay: Set<UInt64> = []
        var waiting: Set<UInt64> = []
        func counted(_ tickets: Set<UInt64>) -> Int { tickets.compactMap { sizes[$0] }.filter { $0 > 10 }.reduce(0, +) }
        for ticket in 1...200 as ClosedRange<UInt64> {
            if Bool.random(using: &random) || underWay.isEmpty {
                sizes[ticket] = Int.random(in: 1...40, using: &random)
                switch queue.enter(ticket, bytes: sizes[ticket] ?? 0) {
                case .start: underWay.insert(ticket)
                case .wait(let givenUp):
                    waiting.insert(ticket)
                    #expect(waiting.isSuperset(of: givenUp) && !givenUp.contains(ticket))
                    waiting.subtract(givenUp)
                }
            } else if let done = underWay.sorted().randomElement(using: &random) {
                underWay.remove(done)
                for next in queue.leave(bytes: sizes[done] ?? 0) {
                    #expect(waiting.remove(next) != nil)
                    underWay.insert(next)
                }
            }
            #expect(queue.underWay == underWay.count && Set(queue.waiting) == waiting)
            #expect(underWay.count <= queue.limits.underWayMax && waiting.count <= queue.limits.waitingMax)
            #expect(counted(underWay) <= max(queue.limits.bytesMax, 40))
            #expect(counted(waiting) <= max(queue.limits.bytesMax, 40))
            // Something is always on its way while anything waits.
            #expect(waiting.isEmpty || !underWay.isEmpty)
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
