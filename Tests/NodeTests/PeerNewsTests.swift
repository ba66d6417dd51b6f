import Logging
import PeerProtocols
import Synchronization
import Testing

@testable import DutyWorkflow
@testable import Node

@Suite("what the operator is told of peers that come and go")
struct PeerNewsTests {
    private final class Kept: Sendable {
        let lines = Mutex<[String]>([])
    }

    private struct Lines: LogHandler {
        let kept: Kept
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
            kept.lines.withLock { $0.append("\(event.level) \(event.message) \(facts.joined(separator: " "))") }
        }
    }

    @Test("a peer that connects over and over has one line in a while, which counts the others")
    func flapping() {
        let kept = Kept()
        let news = PeerNews(Logger(label: "test") { _ in Lines(kept: kept) })
        let start = ContinuousClock.now
        for second in 0..<13 {
            let now = start + .seconds(second)
            news.tell(.info, "peer connected", of: PeerIndex(1), ["address": "-"], at: now)
            news.tell(.warning, "peer disconnected", of: PeerIndex(1), ["reason": "r"], at: now)
        }
        news.tell(.info, "peer connected", of: PeerIndex(2), ["address": "-"], at: start)
        let lines = kept.lines.withLock { $0 }
        // The rest is there for who looks for it.
        #expect(lines.count == 27)
        #expect(
            lines.filter { !$0.hasPrefix("debug") } == [
                "info peer connected address=- peer=1", "warning peer disconnected peer=1 reason=r",
                "info peer connected address=- alike_since_last=11 peer=1",
                "warning peer disconnected alike_since_last=11 peer=1 reason=r",
                "info peer connected address=- peer=2",
            ])
    }
}
