import Logging
import Program
import Synchronization
import Testing

@testable import LogSinks

@Suite("where lines go")
struct LogHubTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }

        struct End: LogDestination {
            let lines: Lines
            mutating func write(_ records: [LogRecord]) {
                lines.lines.withLock { $0 += records.map { "\($0.level) \($0.topic) \($0.message)" } }
            }
        }

        var writer: LogWriter { LogWriter(name: "test") { End(lines: self) } }
    }

    private static func logAll(_ hub: LogHub, topic: String) {
        let logger = Logger(label: topic) { HubLogHandler(topic: $0, hub: hub) }
        for level in Logger.Level.allCases { logger.log(level: level, "m") }
    }

    @Test("the stream gets its level, the file everything down to debug")
    func levels() {
        let (stream, file) = (Lines(), Lines())
        let hub = LogHub(level: .error, stream: stream.writer, file: file.writer)
        Self.logAll(hub, topic: "vmock")
        #expect(hub.close(within: .seconds(60)))
        #expect(stream.all == ["error vmock m", "critical vmock m"])
        #expect(file.all == ["debug", "info", "notice", "warning", "error", "critical"].map { "\($0) vmock m" })
    }

    @Test("warnings that nobody is shown count all the same; what nobody wants is not even made")
    func counted() {
        let stream = Lines()
        let hub = LogHub(level: .critical, stream: stream.writer)
        #expect(hub.levelNeeded == .warning)
        let before = LogTally.counts["stacksnipe"]
        Self.logAll(hub, topic: "stacksnipe")
        #expect(hub.close(within: .seconds(60)))
        #expect(stream.all == ["critical stacksnipe m"])
        let after = LogTally.counts["stacksnipe"]
        #expect(before == nil && after?.warnings == 1 && after?.errors == 2)
    }

    @Test("a logger's own metadata is on each of its lines")
    func metadata() throws {
        let stream = Lines()
        let hub = LogHub(level: .debug, stream: stream.writer)
        var handler = HubLogHandler(topic: "t", hub: hub)
        handler[metadataKey: "a"] = "1"
        #expect(handler[metadataKey: "a"] == "1" && handler.metadata == ["a": "1"] && handler.logLevel == .debug)
        #expect(hub.close(within: .seconds(60)))
    }
}
