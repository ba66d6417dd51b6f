import Cluster
import Ethereum
import Logging

/// What a line looks like. Source: operations.md §6.
package enum LogFormat: String, CaseIterable, Sendable {
    /// For people: `HH:MM:SS.mmm LEVL topic_____ message {"field": "value"}`, local time.
    case console
    /// What Loki and its dashboards take apart.
    case logfmt
    /// An object a line.
    case json
}

/// Makes lines of records.
package struct LogLayout: Sendable {
    /// Of one text in a line; peers and services bound what they send long before.
    static let textBytesMax = 8192
    private static let topicWidth = 10
    private static let messageWidth = 40

    let format: LogFormat
    /// For terminals; console only.
    let isColored: Bool
    /// Takes secrets out of texts.
    private let masked: @Sendable (String) -> String
    /// The zone of a time, for the console.
    private let secondsEastOfUTC: @Sendable (Instant) -> Int
    /// The last second that was written, and how: calendars are slow.
    private var second: (unix: Int64, text: String) = (.min, "")

    package init(
        _ format: LogFormat, isColored: Bool = false, masked: @escaping @Sendable (String) -> String = { $0 },
        secondsEastOfUTC: @escaping @Sendable (Instant) -> Int = LocalTime.secondsEastOfUTC
    ) {
        self.format = format
        self.isColored = isColored && format == .console
        self.masked = masked
        self.secondsEastOfUTC = secondsEastOfUTC
    }

    /// UTF-8 without a line break.
    ///
    /// - Parameter isPretty: whether logfmt repeats it for people, as Charon's does.
    package mutating func line(_ record: LogRecord, isPretty: Bool = true) -> [UInt8] {
        var line = LineBytes()
        let record = masked(record)
        switch format {
        case .console:
            clock(record.time, &line)
            line.put(" ")
            console(record, &line)
        case .logfmt: logfmt(record, isPretty, &line)
        case .json: json(record, &line)
        }
        return line.bytes
    }

    /// Before anything is escaped or cut: secrets are found as they were given.
    private func masked(_ record: LogRecord) -> LogRecord {
        LogRecord(
            time: record.time, level: record.level, topic: record.topic, message: masked(record.message),
            fields: record.fields.map { .init($0.name, masked($0.value)) }, file: record.file, line: record.line)
    }

    // MARK: Console

    private func clock(_ time: Instant, _ line: inout LineBytes) {
        let seconds = time.unixSeconds + Int64(secondsEastOfUTC(time))
        let day = Int((seconds % 86_400 + 86_400) % 86_400)
        line.digits(day / 3600, width: 2)
        line.put(":")
        line.digits(day / 60 % 60, width: 2)
        line.put(":")
        line.digits(day % 60, width: 2)
        line.put(".")
        line.digits(Self.nanoseconds(time) / 1_000_000, width: 3)
    }

    private func console(_ record: LogRecord, _ line: inout LineBytes) {
        colored(Self.color(record.level), &line) { $0.put(record.level.letters) }
        line.put(" ")
        let topic = record.topic.utf8.count <= Self.topicWidth ? record.topic : String(record.topic.prefix(10))
        colored("\u{1b}[32m", &line) { line in
            line.escaped(topic, bytesMax: Self.textBytesMax)
            line.spaces(Self.topicWidth - topic.unicodeScalars.count)
        }
        line.put(" ")
        line.escaped(record.message, bytesMax: Self.textBytesMax)
        guard !record.fields.isEmpty else { return }
        line.spaces(Self.messageWidth - record.message.unicodeScalars.count)
        line.put(" {")
        for (index, field) in record.fields.enumerated() {
            if index > 0 { line.put(", ") }
            line.put("\"")
            line.put(field.name)
            line.put("\": ")
            line.quoted(field.value, bytesMax: Self.textBytesMax)
        }
        line.put("}")
    }

    private func colored(_ color: StaticString, _ line: inout LineBytes, _ write: (inout LineBytes) -> Void) {
        if isColored { line.put(color) }
        write(&line)
        if isColored { line.put("\u{1b}[0m") }
    }

    private static func color(_ level: Logger.Level) -> StaticString {
        switch level {
        case .trace, .debug: "\u{1b}[35m"
        case .info, .notice: "\u{1b}[34m"
        case .warning: "\u{1b}[33m"
        case .error, .critical: "\u{1b}[31m"
        }
    }

    // MARK: Structured

    private mutating func logfmt(_ record: LogRecord, _ isPretty: Bool, _ line: inout LineBytes) {
        line.put("ts=")
        timestamp(record.time, &line)
        line.put(" level=")
        line.put(record.level.word)
        line.put(" caller=")
        value(caller(record), &line)
        line.put(" msg=")
        value(record.message, &line)
        line.put(" topic=")
        value(record.topic, &line)
        for field in record.fields {
            line.put(" ")
            line.put(field.name)
            line.put("=")
            value(field.value, &line)
        }
        guard isPretty else { return }
        var pretty = LineBytes()
        console(record, &pretty)
        line.put(" pretty=")
        line.quoted(String(decoding: pretty.bytes, as: UTF8.self), bytesMax: .max)
    }

    /// In quotes where a reader could take it for something else.
    private func value(_ text: String, _ line: inout LineBytes) {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x21...0x7e).contains(byte)
                    && ![UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\")].contains(byte)
            }
        guard isPlain, text.utf8.count <= Self.textBytesMax else {
            return line.quoted(text, bytesMax: Self.textBytesMax)
        }
        line.put(text)
    }

    private mutating func json(_ record: LogRecord, _ line: inout LineBytes) {
        line.put("{\"level\":\"")
        line.put(record.level.word)
        line.put("\",\"ts\":\"")
        timestamp(record.time, &line)
        line.put("\",\"caller\":")
        line.quoted(caller(record), bytesMax: Self.textBytesMax)
        line.put(",\"msg\":")
        line.quoted(record.message, bytesMax: Self.textBytesMax)
        line.put(",\"topic\":")
        line.quoted(record.topic, bytesMax: Self.textBytesMax)
        for field in record.fields {
            line.put(",\"")
            line.put(field.name)
            line.put("\":")
            line.quoted(field.value, bytesMax: Self.textBytesMax)
        }
        line.put("}")
    }

    private func caller(_ record: LogRecord) -> String { "\(record.file):\(record.line)" }

    /// RFC 3339 in UTC, always with nine decimals: times of one length sort as texts.
    private mutating func timestamp(_ time: Instant, _ line: inout LineBytes) {
        if second.unix != time.unixSeconds {
            second = (time.unixSeconds, String(RFC3339.seconds(time).dropLast()))
        }
        line.put(second.text)
        line.put(".")
        line.digits(Self.nanoseconds(time), width: 9)
        line.put("Z")
    }

    /// Within its second.
    private static func nanoseconds(_ time: Instant) -> Int {
        Int(time.nanoseconds &- time.unixSeconds &* 1_000_000_000)
    }
}
