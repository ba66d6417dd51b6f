import Testing

@testable import LogSinks

@Suite("records that wait")
struct LogQueueTests {
    @Test("bounded in bytes: what does not fit is counted, what waits stays")
    func bytes() {
        var queue = LogQueue(bytesMax: 100_000, reserve: 0)
        var taken = 0
        for number in 0..<10_000 where queue.add(record("\(number)", .info)) { taken += 1 }
        #expect(queue.bytes <= 100_000 && queue.bytes > 90_000)
        #expect(queue.records.count == taken && queue.records.first?.message == "0")
        #expect(queue.takeDropped() == UInt64(10_000 - taken))
        #expect(queue.takeDropped() == 0)
    }

    @Test("one record larger than all is dropped")
    func huge() {
        var queue = LogQueue(bytesMax: 1000)
        #expect(queue.add(record(String(repeating: "x", count: 1000), .error)) == false)
        #expect(queue.add(record("x", .error)) == true)
    }

    @Test("a flood of small talk leaves room for warnings")
    func reserve() {
        var queue = LogQueue(bytesMax: .max, countMax: 100)
        for _ in 0..<200 { _ = queue.add(record("talk", .info)) }
        #expect(queue.records.count == 75)
        for _ in 0..<200 { _ = queue.add(record("trouble", .warning)) }
        #expect(queue.records.count == 100)
    }

    @Test("bytes follow what goes")
    func removal() {
        var queue = LogQueue(bytesMax: .max)
        for number in 0..<10 { _ = queue.add(record("\(number)", .info, [.init("name", "value")])) }
        let one = record("0", .info, [.init("name", "value")]).bytes
        queue.removeFirst(4)
        #expect(queue.records.map(\.message) == ["4", "5", "6", "7", "8", "9"] && queue.bytes == 6 * one)
        #expect(queue.takeAll().count == 6)
        #expect(queue.bytes == 0 && queue.records.isEmpty)
    }
}

@Suite("dropped lines are told")
struct DropNoticeTests {
    @Test("at once, then every twelve seconds, and none is forgotten")
    func rhythm() {
        var notice = DropNotice()
        let start = ContinuousClock.now
        #expect(notice.note(0, at: start) == nil)
        #expect(notice.note(3, at: start) == 3)
        #expect(notice.note(4, at: start + .seconds(1)) == nil)
        #expect(notice.note(5, at: start + .seconds(11)) == nil)
        #expect(notice.note(0, at: start + .seconds(12)) == 9)
        #expect(notice.note(0, at: start + .seconds(30)) == nil)
        #expect(notice.untold == 0)
    }
}
