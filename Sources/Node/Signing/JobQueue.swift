/// Which crypto job is next: the most urgent kind first, within a kind the oldest.
struct JobQueue<Job: Sendable>: Sendable {
    private var waiting: [CryptoThreads.Priority: Line] = [:]

    /// First in, first out, without moving what waits.
    private struct Line {
        private var jobs: [Job] = []
        private var head = 0

        var count: Int { jobs.count - head }

        mutating func append(_ job: Job) { jobs.append(job) }

        mutating func popFirst() -> Job? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            head += 1
            // Room is given back when half of it is used up: constant work for each job on average.
            if head * 2 >= jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    mutating func add(_ job: Job, _ priority: CryptoThreads.Priority) {
        waiting[priority, default: Line()].append(job)
    }

    /// Jobs that wait.
    var counts: [CryptoThreads.Priority: Int] { waiting.mapValues(\.count) }

    mutating func next() -> Job? {
        for priority in CryptoThreads.Priority.allCases {
            if let job = waiting[priority]?.popFirst() { return job }
        }
        return nil
    }
}
