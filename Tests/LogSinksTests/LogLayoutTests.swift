import Ethereum
import Foundation
import Logging
import Testing

@testable import LogSinks

@Suite("the three forms of a line")
struct LogLayoutTests {
    private static func line(_ format: LogFormat, _ record: LogRecord, isPretty: Bool = true) -> String {
        var layout = LogLayout.utc(format)
        return text(layout.line(record, isPretty: isPretty))
    }

    @Test("console")
    func console() {
        #expect(
            Self.line(.console, failedDuty)
                == #"16:30:05.123 ERRO tracker    Duty failed                              {"duty": "123/attester", "#
                + #""reason": "no operator \"signed\"", "reason_code": "unknown", "slot": "123", "step": "consensus"}"#)
        #expect(Self.line(.console, record()) == "16:30:05.123 INFO p2p        peer connected")
        let long = record(
            "a message of more than forty letters stands whole", .debug, topic: "a-long-topic", [.init("a", "")])
        #expect(
            Self.line(.console, long)
                == #"16:30:05.123 DEBG a-long-top a message of more than forty letters stands whole {"a": ""}"#)
    }

    @Test("logfmt, with the fields of the log dashboard")
    func logfmt() {
        #expect(
            Self.line(.logfmt, failedDuty, isPretty: false)
                == #"ts=2025-11-29T16:30:05.123456789Z level=error caller=Node/StyxNode.swift:17 msg="Duty failed" "#
                + #"topic=tracker duty=123/attester reason="no operator \"signed\"" reason_code=unknown slot=123 "#
                + "step=consensus")
        #expect(
            Self.line(.logfmt, record("a", .warning, [.init("b", "c")]))
                == "ts=2025-11-29T16:30:05.123456789Z level=warn caller=Node/StyxNode.swift:17 msg=a topic=p2p b=c "
                + #"pretty="WARN p2p        a                                        {\"b\": \"c\"}""#)
    }

    @Test("json, an object that parses")
    func json() throws {
        let line = Self.line(.json, failedDuty)
        #expect(
            line == #"{"level":"error","ts":"2025-11-29T16:30:05.123456789Z","caller":"Node/StyxNode.swift:17","#
                + #""msg":"Duty failed","topic":"tracker","duty":"123/attester","reason":"no operator \"signed\"","#
                + #""reason_code":"unknown","slot":"123","step":"consensus"}"#)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["reason"] == "no operator \"signed\"" && object["slot"] == "123" && object.count == 10)
    }

    @Test(
        "levels in words and in letters",
        arguments: [
            (Logger.Level.trace, "debug", "DEBG"), (.debug, "debug", "DEBG"), (.info, "info", "INFO"),
            (.notice, "info", "INFO"), (.warning, "warn", "WARN"), (.error, "error", "ERRO"),
            (.critical, "error", "ERRO"),
        ])
    func levels(level: Logger.Level, word: String, letters: String) {
        #expect(Self.line(.logfmt, record("a", level)).contains(" level=\(word) "))
        #expect(Self.line(.console, record("a", level)).contains(" \(letters) "))
    }

    @Test("only the console has colours, and only if told")
    func colors() {
        var colored = LogLayout.utc(.console, isColored: true)
        #expect(
            text(colored.line(record("a", .warning)))
                == "16:30:05.123 \u{1b}[33mWARN\u{1b}[0m \u{1b}[32mp2p       \u{1b}[0m a")
        for format in [LogFormat.logfmt, .json] {
            var layout = LogLayout.utc(format, isColored: true)
            #expect(!layout.line(record("a", .warning)).contains(0x1b))
        }
    }

    @Test(
        "the console has local time",
        arguments: [(3600, "17:30:05.123"), (-17 * 3600, "23:30:05.123"), (5 * 3600 + 1800, "22:00:05.123")])
    func zones(east: Int, clock: String) {
        var layout = LogLayout.utc(.console, east: east)
        #expect(text(layout.line(record())).hasPrefix(clock + " "))
    }

    @Test("times before 1970 and within one second")
    func times() {
        var layout = LogLayout.utc(.json)
        for (nanoseconds, expected) in [
            (-1, "1969-12-31T23:59:59.999999999Z"), (0, "1970-01-01T00:00:00.000000000Z"),
            (999, "1970-01-01T00:00:00.000000999Z"), (1_000_000_000, "1970-01-01T00:00:01.000000000Z"),
        ] as [(Int64, String)] {
            let line = text(layout.line(record(at: Instant(nanoseconds: nanoseconds))))
            #expect(line.contains("\"ts\":\"\(expected)\""))
        }
        var console = LogLayout.utc(.console)
        #expect(text(console.line(record(at: Instant(nanoseconds: -1)))).hasPrefix("23:59:59.999 "))
    }

    @Test("what others wrote stays on its line, moves no cursor and turns no letters", arguments: LogFormat.allCases)
    func hostile(format: LogFormat) throws {
        let evil = "a\nlevel=error\r\t\u{1b}[2J\u{9b}2J\u{2028}\u{2029}\u{202e}\u{2066}\u{0}\u{7f}\\\"ü€😀"
        let line = Self.line(format, record(evil, [.init("f", evil)]))
        for scalar in line.unicodeScalars {
            #expect(
                scalar.properties.generalCategory != .control
                    && ![0x2028, 0x2029, 0x202e, 0x2066].contains(scalar.value))
        }
        #expect(line.contains("ü€😀"))
        guard format == .json else { return }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["f"] == evil && object["msg"] == evil)
    }

    @Test("secrets go before anything is escaped or cut", arguments: LogFormat.allCases)
    func secrets(format: LogFormat) {
        let secret = #"pass"word\"#
        var layout = LogLayout.utc(format) { $0.replacing(secret, with: "***") }
        let long = String(repeating: "x", count: LogLayout.textBytesMax - 4)
        let line = text(layout.line(record("say \(secret)", [.init("a", secret), .init("b", long + secret)])))
        #expect(!line.contains("pass") && !line.contains("word") && line.contains("***"))
    }

    @Test("long texts are cut between letters", arguments: LogFormat.allCases)
    func long(format: LogFormat) {
        let long = String(repeating: "€", count: LogLayout.textBytesMax)
        let line = Self.line(format, record(long, [.init("a", long)]), isPretty: false)
        #expect(line.utf8.count < 2 * LogLayout.textBytesMax + 300)
        #expect(line.contains("€…") && !line.contains("\u{fffd}"))
    }

    @Test("logfmt quotes whatever it could mistake")
    func quotes() {
        for (value, written) in [
            ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""), ("a\"b", #""a\"b""#), (#"a\b"#, #""a\\b""#),
            ("ü", "\"ü\""), ("0x12", "0x12"), ("/ip4/1.2.3.4", "/ip4/1.2.3.4"), ("\n", #""\n""#),
        ] {
            #expect(Self.line(.logfmt, record([.init("f", value)]), isPretty: false).hasSuffix(" f=\(written)"))
        }
    }
}

private func record(_ fields: [LogRecord.Field]) -> LogRecord { record("a", .info, fields) }
private func record(_ message: String, _ fields: [LogRecord.Field]) -> LogRecord { record(message, .info, fields) }
