import NIOCore
import Testing

@testable import PeerProtocols

@Suite("repeat filter")
struct RepeatFilterTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test("three copies pass in a window, and again two windows later")
    func window() {
        var filter = RepeatFilter(now: start)
        func passes(_ milliseconds: Int64) -> Bool { filter.admits([1, 2], now: start + .milliseconds(milliseconds)) }
        let early = [0, 0, 10, 20, 900].map(passes)
        #expect(early == [true, true, true, false, false])
        let stillRemembered = passes(1500)
        let forgotten = [2600, 2600, 2600, 2600].map(passes)
        #expect(!stillRemembered && forgotten == [true, true, true, false])
    }

    @Test("other bytes are other messages", arguments: [10, 100_000])
    func distinct(count: Int) {
        var filter = RepeatFilter(now: start)
        for first in 0..<100 as Range<UInt8> {
            var bytes = [UInt8](repeating: 0, count: count)
            bytes[0] = first
            let atFront = filter.admits(bytes, now: start)
            bytes[0] = 0
            bytes[count - 1] = first &+ 100
            let atEnd = filter.admits(bytes, now: start)
            #expect(atFront && atEnd)
        }
    }
}
