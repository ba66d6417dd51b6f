import Ethereum
import Logging
import TestSupport
import Testing

@testable import LogSinks

@Suite("lines on their way to Loki")
struct LokiDeliveryTests {
    private static let labels = [(name: "service", value: "charon")]
    private let start = ContinuousClock.now

    private static func delivery(_ count: Int = 1) -> LokiDelivery {
        var delivery = LokiDelivery(count: count)
        delivery.identify(labels)
        return delivery
    }

    @Test("nothing goes before the labels are known; then everything does")
    func unidentified() {
        var delivery = LokiDelivery(count: 1)
        for number in 0..<10 { delivery.add(record("\(number)")) }
        #expect(delivery.take(0, at: start)?.records.count == nil)
        #expect(delivery.take(0, at: start + .seconds(3600), isLast: true)?.records.count == nil)
        delivery.identify(Self.labels)
        let batch = delivery.take(0, at: start)
        #expect(batch?.records.map(\.message) == (0..<10).map { "\($0)" })
        #expect(batch?.labels.map(\.name) == ["service"])
    }

    @Test("one batch is under way at a time; what comes meanwhile makes the next")
    func batches() {
        var (delivery, random) = (Self.delivery(), SeededGenerator(seed: 1))
        delivery.add(record("a"))
        #expect(delivery.take(0, at: start)?.records.count == 1)
        delivery.add(record("b"))
        #expect(delivery.take(0, at: start)?.records.count == nil)
        #expect(delivery.end(0, .taken, tooLong: 0, at: start, using: &random) == nil)
        #expect(delivery.take(0, at: start)?.records.map(\.message) == ["b"])
        #expect(delivery.end(0, .taken, tooLong: 0, at: start, using: &random) == nil)
        #expect(delivery.take(0, at: start)?.records.count == nil)
        #expect(delivery.dropped == 0)
    }

    @Test("lines of threads that raced go in order of time, but for what is under way")
    func order() {
        func at(_ message: String, _ milliseconds: Int) -> LogRecord {
            record(message, at: sampleTime + .milliseconds(milliseconds))
        }
        var (delivery, random) = (Self.delivery(), SeededGenerator(seed: 1))
        for line in [at("b", 2), at("d", 4), at("a", 1), at("c", 3), at("c too", 3)] { delivery.add(line) }
        #expect(delivery.take(0, at: start)?.records.map(\.message) == ["a", "b", "c", "c too", "d"])
        for line in [at("f", 6), at("late", 2), at("e", 5)] { delivery.add(line) }
        #expect(delivery.end(0, .taken, tooLong: 0, at: start, using: &random) == nil)
        #expect(delivery.take(0, at: start)?.records.map(\.message) == ["late", "e", "f"])
    }

    @Test("a batch that fails goes again, first, after a pause; at the end without one")
    func retries() {
        var (delivery, random) = (Self.delivery(), SeededGenerator(seed: 1))
        delivery.add(record("a"))
        _ = delivery.take(0, at: start)
        #expect(
            delivery.end(0, .failed("down"), tooLong: 0, at: start, using: &random)
                == .trouble(index: 0, why: "down", dropped: 0))
        delivery.add(record("b"))
        #expect(delivery.take(0, at: start + .milliseconds(700))?.records.count == nil)
        #expect(delivery.take(0, at: start + .seconds(2))?.records.map(\.message) == ["a", "b"])
        #expect(delivery.end(0, .failed("down"), tooLong: 0, at: start + .seconds(2), using: &random) == nil)
        #expect(delivery.take(0, at: start + .seconds(2), isLast: true)?.records.count == 2)
        #expect(
            delivery.end(0, .taken, tooLong: 0, at: start + .seconds(2), using: &random)
                == .worksAgain(index: 0, dropped: 0))
        #expect(delivery.dropped == 0)
    }

    @Test("a batch that would be refused again is dropped and counted, and holds up no other")
    func refused() {
        var (delivery, random) = (Self.delivery(), SeededGenerator(seed: 1))
        delivery.add(record("a"))
        _ = delivery.take(0, at: start)
        delivery.add(record("b"))
        #expect(
            delivery.end(0, .refused("too old"), tooLong: 0, at: start, using: &random)
                == .trouble(index: 0, why: "too old", dropped: 1))
        #expect(delivery.take(0, at: start)?.records.map(\.message) == ["b"])
    }

    @Test("lines that are too long count as dropped once their batch is through")
    func tooLong() {
        var (delivery, random) = (Self.delivery(), SeededGenerator(seed: 1))
        delivery.add(record("a"))
        _ = delivery.take(0, at: start)
        _ = delivery.end(0, .failed("down"), tooLong: 1, at: start, using: &random)
        #expect(delivery.dropped == 0)
        _ = delivery.take(0, at: start, isLast: true)
        _ = delivery.end(0, .taken, tooLong: 1, at: start, using: &random)
        #expect(delivery.dropped == 1)
    }

    @Test("Loki black-holed for an hour: memory flat, a warning per 12 s at most, then everything kept goes")
    func blackHole() {
        var (delivery, random) = (Self.delivery(2), SeededGenerator(seed: 5))
        let hour = 3600
        var warnings: [Int] = []
        var requests = 0
        /// When the request under way will have failed, by Loki.
        var failing: [Int: Int] = [:]
        var added = 0
        var peak = 0
        for second in 0..<hour {
            let now = start + .seconds(second)
            for number in 0..<50 {
                delivery.add(record("line \(number) of \(second)", .debug, [.init("duty", "1/attester")]))
                added += 1
            }
            for index in 0..<2 {
                if let end = failing[index], second >= end {
                    failing[index] = nil
                    if case .trouble = delivery.end(index, .failed("timeout"), tooLong: 0, at: now, using: &random) {
                        warnings.append(second)
                        delivery.add(record("log lines do not reach Loki", .warning))
                        added += 1
                    }
                }
                if failing[index] == nil, delivery.take(index, at: now) != nil {
                    failing[index] = second + 10
                    requests += 1
                }
            }
            peak = max(peak, delivery.queues.map(\.bytes).reduce(0, +))
            #expect(delivery.queues.allSatisfy { $0.count <= LokiQueue.countMax })
        }
        #expect(peak < 2 * 1000 * 512, "two queues of a thousand small records")
        #expect(warnings.count > 30 && zip(warnings, warnings.dropFirst()).allSatisfy { $1 - $0 >= 12 })
        #expect(requests < 2 * hour / 40, "pauses grow")
        let held = delivery.queues.map(\.count).reduce(0, +)
        #expect(delivery.dropped == UInt64(2 * added - held))

        let later = start + .seconds(hour + 100)
        for index in 0..<2 {
            if failing[index] != nil {
                _ = delivery.end(index, .failed("timeout"), tooLong: 0, at: later, using: &random)
            }
            let batch = delivery.take(index, at: later + .seconds(100))
            #expect(batch?.records.count == delivery.queues[index].count)
            #expect(batch?.records.first?.message == "line 0 of 0")
            guard case .worksAgain = delivery.end(index, .taken, tooLong: 0, at: later, using: &random) else {
                Issue.record("nothing told")
                continue
            }
            #expect(delivery.queues[index].count == 0 && delivery.queues[index].bytes == 0)
        }
    }

    @Test("one Loki that is down holds up no other")
    func apart() {
        var (delivery, random) = (Self.delivery(2), SeededGenerator(seed: 1))
        for number in 0..<3000 {
            delivery.add(record("\(number)"))
            if number == 0 { _ = delivery.take(1, at: start) }
            guard delivery.take(0, at: start) != nil else { continue }
            _ = delivery.end(0, .taken, tooLong: 0, at: start, using: &random)
        }
        #expect(delivery.queues[0].count == 0)
        #expect(delivery.queues[1].count == 750, "a quarter is kept for warnings")
        #expect(delivery.dropped == 2250)
    }
}
