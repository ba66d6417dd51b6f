import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import ValidatorAPI

@Suite("Bounds on one request's work")
struct RequestBoundTests {
    private static func bound(_ deadline: NIODeadline?) -> RequestBound {
        RequestBound(scope: nil, loop: MultiThreadedEventLoopGroup.singleton.next(), deadline: deadline)
    }

    @Test("an end counts from where it was set, not from where the work begins")
    func past() async {
        let bound = Self.bound(.now() - .seconds(1))
        await #expect(throws: Interruption.timeout) { try await bound.run { await Gate().wait() } }
    }

    @Test("a shorter bound never ends later than the one that it is made of")
    func shorter() {
        let end = NIODeadline.now() + .hours(1)
        let bound = Self.bound(end)
        #expect(bound.ending(earlierBy: .seconds(5)).deadline == end - .seconds(5))
        #expect(bound.endingWithin(.seconds(7200)).deadline == end)
        let before = NIODeadline.now()
        let soon = bound.endingWithin(.seconds(60)).deadline
        #expect(soon.map { $0 >= before + .seconds(60) && $0 < end } == true)
        #expect(Self.bound(nil).ending(earlierBy: .seconds(5)).deadline == nil)
        #expect(Self.bound(nil).endingWithin(.seconds(60)).deadline != nil)
    }
}
