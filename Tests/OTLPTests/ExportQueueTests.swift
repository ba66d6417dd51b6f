import TestSupport
import Testing
import Timing

@testable import OTLP
@testable import Traces

@Suite("ExportQueue")
struct ExportQueueTests {
    private static let limits: ExportQueue.Limits = {
        var limits = ExportQueue.Limits()
        (limits.spansMax, limits.batchSpansMax, limits.attemptsMax) = (20, 4, 3)
        return limits
    }()

    private func queue(_ limits: ExportQueue.Limits = Self.limits) -> ExportQueue {
        ExportQueue(limits: limits, seed: 1)
    }

    private func ids(_ spans: [Span]) -> [UInt64] { spans.map(\.id.rawValue) }

    @Test("first in, first out, in batches; at once when a batch's worth has piled up")
    func order() {
        var queue = queue()
        #expect(queue.next().isEmpty)
        queue.add(Spans.spans(1...9))
        #expect(ids(queue.next()) == [1, 2, 3, 4])
        #expect(ids(queue.next()) == [1, 2, 3, 4], "it is still under way")
        #expect(queue.finished(.taken(rejected: 0, "")) == .zero)
        #expect(ids(queue.next()) == [5, 6, 7, 8])
        #expect(queue.finished(.taken(rejected: 1, "old")) == nil)
        #expect(ids(queue.next()) == [9])
        #expect(queue.finished(.taken(rejected: 0, "")) == nil)
        #expect(queue.isEmpty && queue.tally == .init(sent: 8, refused: 1))
    }

    @Test("what does not work is tried again, ever more slowly, then given up")
    func attempts() {
        var queue = queue()
        queue.add(Spans.spans(1...5))
        var pauses: [Duration] = []
        for _ in 0..<3 {
            #expect(ids(queue.next()) == [1, 2, 3, 4])
            pauses.append(queue.finished(.later("down")) ?? .zero)
        }
        #expect(pauses[0] < pauses[2] && pauses[0] >= .milliseconds(800))
        #expect(queue.tally.givenUp == 4)
        #expect(ids(queue.next()) == [5])
        for _ in 0..<200 { #expect(queue.finished(.later("down")) ?? .zero <= .seconds(36)) }
    }

    @Test("what is refused is not sent again, and the next not at once")
    func refused() {
        var queue = queue()
        queue.add(Spans.spans(1...8))
        _ = queue.next()
        #expect(queue.finished(.refused("no")) ?? .zero >= .milliseconds(800))
        #expect(ids(queue.next()) == [5, 6, 7, 8] && queue.tally.refused == 4)
    }

    @Test("without room the oldest go")
    func crowdedOut() {
        var queue = queue()
        queue.add(Spans.spans(1...30))
        #expect(queue.waitingCount == 20 && queue.tally.crowdedOut == 10)
        #expect(ids(queue.next()) == [11, 12, 13, 14])
    }

    @Test("bytes are bounded too, and a batch has at least one span")
    func bytes() {
        var limits = Self.limits
        let big = String(repeating: "x", count: 900)
        let span = Spans.span(1, error: big)
        (limits.bytesMax, limits.batchBytesMax) = (span.heldBytes * 3, span.heldBytes / 2)
        var queue = queue(limits)
        for number in 1...10 { queue.add([Spans.span(UInt64(number), error: big)]) }
        #expect(queue.waitingCount == 3 && queue.waitingBytes == limits.bytesMax)
        #expect(ids(queue.next()) == [8])
    }

    @Test("at the end what is left is counted")
    func giveUp() {
        var queue = queue()
        queue.add(Spans.spans(1...6))
        _ = queue.next()
        queue.giveUp()
        #expect(queue.isEmpty && queue.waitingBytes == 0 && queue.tally.dropped == 6)
    }

    @Test("whatever the collector does, every span is accounted for and memory stays bounded", arguments: 0..<20)
    func accounted(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = queue()
        var added = 0
        for _ in 0..<2000 {
            if Bool.random(using: &random) {
                let count = Int.random(in: 0...12, using: &random)
                queue.add((0..<count).map { Spans.span(UInt64(added + $0 + 1)) })
                added += count
            }
            let batch = queue.next()
            if !batch.isEmpty {
                let outcomes: [ExportOutcome] = [
                    .taken(rejected: 0, ""), .taken(rejected: batch.count, ""), .later(""), .later(""), .refused(""),
                ]
                _ = queue.finished(outcomes.randomElement(using: &random) ?? .later(""))
            }
            #expect(queue.waitingCount <= 20)
        }
        queue.giveUp()
        #expect(queue.tally.sent + queue.tally.dropped == added, "seed \(seed)")
    }

    @Test("a collector that is away for an hour costs no memory, and gets what is new when it is back")
    func hour() {
        var queue = ExportQueue(seed: 3)
        var time = Duration.zero
        var next = Duration.zero
        var number: UInt64 = 0
        var peak = 0
        while time < .seconds(3600) {
            queue.add(Spans.spans(number + 1...number + 40))
            number += 40
            if time >= next, !queue.next().isEmpty {
                next = time + (queue.finished(.later("down")) ?? .zero)
            }
            peak = max(peak, queue.waitingBytes)
            time += .seconds(1)
        }
        #expect(peak <= 8 << 20 && queue.waitingCount <= 8192)
        while case let batch = queue.next(), !batch.isEmpty {
            _ = queue.finished(.taken(rejected: 0, ""))
            if batch.last?.id.rawValue == number { break }
        }
        #expect(queue.isEmpty && queue.tally.sent + queue.tally.dropped == Int(number))
    }
}
