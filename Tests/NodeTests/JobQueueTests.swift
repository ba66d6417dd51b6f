import Testing

@testable import Node

@Suite struct JobQueueTests {
    @Test("urgent jobs first, then the oldest")
    func order() {
        var queue = JobQueue<String>()
        for (job, priority) in [
            ("s1", CryptoThreads.Priority.suspect), ("a1", .ahead), ("o1", .own), ("s2", .suspect), ("o2", .own),
            ("a2", .ahead),
        ] { queue.add(job, priority) }
        #expect((0..<4).map { _ in queue.next() } == ["o1", "o2", "a1", "a2"])
        queue.add("o3", .own)
        #expect((0..<4).map { _ in queue.next() } == ["o3", "s1", "s2", nil])
    }

    @Test("keeps order however many come and go")
    func many() {
        var queue = JobQueue<Int>()
        var (added, taken) = (0, 0)
        for round in 0..<200 {
            for _ in 0..<(round % 7) {
                queue.add(added, .own)
                added += 1
            }
            for _ in 0..<(round % 5) where taken < added {
                #expect(queue.next() == taken)
                taken += 1
            }
        }
        while let job = queue.next() {
            #expect(job == taken)
            taken += 1
        }
        #expect(taken == added)
    }

    @Test(
        "parts are as many as threads, neither too small nor too large",
        arguments: [
            (0, 4, []), (1, 4, [1]), (15, 4, [15]), (16, 4, [16]), (32, 4, [16, 16]), (63, 4, [21, 21, 21]),
            (125, 2, [62, 63]), (125, 8, [17, 18, 18, 18, 18, 18, 18]), (200, 2, [50, 50, 50, 50]),
        ])
    func parts(row: (count: Int, threads: Int, sizes: [Int])) {
        let parts = CryptoThreads.parts(of: row.count, threads: row.threads, least: 16, most: 64)
        #expect(parts.map(\.count) == row.sizes)
        #expect(parts.flatMap { Array($0) } == Array(0..<row.count))
    }
}
