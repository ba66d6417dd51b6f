import Ethereum
import Logging
import Testing

@testable import LogSinks

@Suite("records of the log")
struct LogRecordTests {
    private struct Broken: Error, CustomStringConvertible { let description = "broken" }

    private static func event(_ metadata: Logger.Metadata?, error: (any Error)? = nil) -> LogEvent {
        LogEvent(
            level: .error, message: "m", error: error, metadata: metadata, source: nil, file: "A/B.swift",
            function: "f",
            line: 3)
    }

    @Test("fields stand in the order of their names; the line's own win")
    func merged() {
        let record = LogRecord(
            Self.event(["b": "2", "c": .stringConvertible(3), "d": ["x", "y"]]), topic: "t",
            metadata: ["a": "1", "b": "0"], at: sampleTime)
        #expect(
            record.fields == [.init("a", "1"), .init("b", "2"), .init("c", "3"), .init("d", #"["x", "y"]"#)])
        #expect(record.message == "m" && record.topic == "t" && record.file == "A/B.swift" && record.line == 3)
    }

    @Test("an error has a field of its own")
    func error() {
        #expect(
            LogRecord(Self.event(nil, error: Broken()), topic: "t", metadata: [:], at: sampleTime).fields
                == [.init("error", "broken")])
        #expect(
            LogRecord(Self.event(["error": "told"], error: Broken()), topic: "t", metadata: [:], at: sampleTime).fields
                == [.init("error", "told")])
    }

    @Test("no field takes the name of another, or one that ends it")
    func names() {
        let record = LogRecord(
            Self.event(["level": "1", "msg": "2", "a b": "3", "a=\"": "4", "": "5", "slot": "6"]), topic: "t",
            metadata: [:], at: sampleTime)
        #expect(record.fields.map(\.name) == ["_", "a___", "a_b_", "level_", "msg_", "slot"])
    }
}
