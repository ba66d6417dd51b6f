import Testing

@testable import BeaconClient

@Suite("submissions that slower nodes still get")
struct SlowSubmissionsTests {
    @Test("the oldest are given up when they hold too much memory")
    func bounded() {
        var slow = SlowSubmissions()
        let third = SlowSubmissions.bytesMax / 3
        let first = slow.add(third)
        let second = slow.add(third)
        #expect(first.givenUp.isEmpty && second.givenUp.isEmpty && first.id != second.id)
        let step1 = slow.add(third).givenUp
        #expect(step1.isEmpty)
        let step2 = slow.add(third).givenUp
        #expect(step2 == [first.id])
        slow.remove(second.id)
        let step3 = slow.add(third).givenUp
        #expect(step3.isEmpty)
    }

    @Test("one that is too large alone is given up itself, and what is gone is not given up twice")
    func large() {
        var slow = SlowSubmissions()
        let small = slow.add(1)
        let large = slow.add(SlowSubmissions.bytesMax + 1)
        #expect(large.givenUp == [small.id, large.id])
        slow.remove(small.id)
        slow.remove(large.id)
        let step1 = slow.add(SlowSubmissions.bytesMax).givenUp
        #expect(step1.isEmpty)
    }
}
