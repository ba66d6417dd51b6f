import Testing
import Timing

@Suite("Event heap")
struct EventHeapTests {
    @Test("soonest first, equal times in the order they were scheduled", arguments: 0..<20 as Range<UInt64>)
    func order(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var heap = EventHeap<Int, Int>()
        var waiting: [(at: Int, item: Int)] = []
        for item in 0..<500 {
            let at = Int.random(in: 0..<40, using: &random)
            heap.schedule(item, at: at)
            waiting.append((at, item))
            guard Bool.random(using: &random) else { continue }
            let index = waiting.indices.min { (waiting[$0].at, $0) < (waiting[$1].at, $1) } ?? 0
            let soonest = waiting.remove(at: index)
            #expect(heap.nextTime == soonest.at)
            let popped = heap.pop()
            #expect(popped?.at == soonest.at && popped?.item == soonest.item)
        }
        while heap.pop() != nil { waiting.removeLast() }
        #expect(waiting.isEmpty && heap.nextTime == nil)
    }
}
