import ArgumentParser
import Foundation
import Logging
import Program

/// In any case of letters, as Charon takes it; `fatal` and `panic` are levels of its logger.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case debug, info, warn, error, fatal, panic

    init?(argument: String) {
        let name = argument.lowercased()
        self.init(rawValue: name == "warning" ? "warn" : name)
    }

    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        case .fatal, .panic: .critical
        }
    }
}

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case console, logfmt, json
}

/// Logs to stderr, in Charon's three formats (operations.md §6).
enum LogOutput {
    static func bootstrap(level: LogLevel, format: LogFormat) -> Logger {
        LoggingSystem.bootstrap { label in LineLogHandler(topic: label, logLevel: level.level, format: format) }
        return Logger(label: "app-start")
    }
}

private struct LineLogHandler: LogHandler {
    let topic: String
    var logLevel: Logger.Level
    let format: LogFormat
    var metadata: Logger.Metadata = [:]

    init(topic: String, logLevel: Logger.Level, format: LogFormat) {
        self.topic = topic
        self.logLevel = logLevel
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        for (name, value) in event.metadata ?? [:] { fields[name] = value }
        let line = line(
            event.level, "\(event.message)", fields.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })
        Terminal.write(line)
        switch event.level {
        case .trace, .debug, .info, .notice: break
        case .warning: LogTally.note(.warning, topic: topic)
        case .error, .critical: LogTally.note(.error, topic: topic)
        }
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: [(String, String)]) -> String {
        switch format {
        case .console:
            let padded = message.padding(toLength: max(40, message.count), withPad: " ", startingAt: 0)
            let object =
                fields.isEmpty
                ? "" : " {" + fields.map { "\(quoted($0.0)): \(quoted($0.1))" }.joined(separator: ", ") + "}"
            let topic = topic.padding(toLength: 10, withPad: " ", startingAt: 0)
            return "\(Timestamp.clock()) \(short(level)) \(topic) \(padded)\(object)"
        case .logfmt:
            let all =
                [("ts", Timestamp.rfc3339()), ("level", long(level)), ("msg", message), ("topic", topic)] + fields
            return all.map { "\($0.0)=\(needsQuotes($0.1) ? quoted($0.1) : $0.1)" }.joined(separator: " ")
        case .json:
            let all =
                [("level", long(level)), ("ts", Timestamp.rfc3339()), ("msg", message), ("topic", topic)] + fields
            return "{" + all.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",") + "}"
        }
    }

    private func short(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBG"
        case .info, .notice: "INFO"
        case .warning: "WARN"
        case .error, .critical: "ERRO"
        }
    }

    private func long(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }

    private func needsQuotes(_ text: String) -> Bool {
        text.isEmpty || text.contains { $0 == " " || $0 == "\"" || $0 == "=" || $0.isNewline }
    }

    /// A JSON string. Whatever a peer sent stays on one line.
    private func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case let other where other.value < 0x20 || other.value == 0x7f:
                out += String(format: "\\u%04x", other.value)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

private enum Timestamp {
    /// Local time of day with milliseconds.
    static func clock() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var local = tm()
        localtime_r(&time.tv_sec, &local)
        return String(
            format: "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec, time.tv_nsec / 1_000_000)
    }

    static func rfc3339() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var utc = tm()
        gmtime_r(&time.tv_sec, &utc)
        return String(
            format: "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
            utc.tm_min, utc.tm_sec, time.tv_nsec)
    }
}
