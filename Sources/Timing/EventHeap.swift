/// Things to happen, soonest first; equal times in the order they were scheduled.
package struct EventHeap<Time: Comparable, Item> {
    private var heap: [(at: Time, sequence: UInt64, item: Item)] = []
    private var sequence: UInt64 = 0

    package init() {}

    package var nextTime: Time? { heap.first?.at }

    package var count: Int { heap.count }

    package mutating func schedule(_ item: Item, at: Time) {
        heap.append((at, sequence, item))
        sequence += 1
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package mutating func pop() -> (at: Time, item: Item)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.item)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let child = left + 1 < heap.count && precedes(left + 1, left) ? left + 1 : left
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        (heap[a].at, heap[a].sequence) < (heap[b].at, heap[b].sequence)
    }
}

extension EventHeap: Sendable where Time: Sendable, Item: Sendable {}
