import Logging
import Program

/// Where every line of this process goes: standard error, and a file and Loki if there are some.
///
/// Who logs makes a record and puts it into a bounded queue or two; forms, secrets and waiting are others' work.
package final class LogHub: Sendable {
    /// Of standard error. Files and Loki get everything down to debug.
    private let level: Logger.Level
    private let stream: LogWriter
    private let file: LogWriter?
    private let loki: LokiPusher?

    package init(level: Logger.Level, stream: LogWriter, file: LogWriter? = nil, loki: LokiPusher? = nil) {
        self.level = level
        self.stream = stream
        self.file = file
        self.loki = loki
    }

    /// What loggers have to let through: warnings count even when nobody is shown them.
    var levelNeeded: Logger.Level { file != nil || loki != nil ? .debug : min(level, .warning) }

    package func receive(_ record: LogRecord) {
        switch record.level {
        case .trace, .debug, .info, .notice: break
        case .warning: LogTally.note(.warning, topic: record.topic)
        case .error, .critical: LogTally.note(.error, topic: record.topic)
        }
        if record.level >= level { stream.add(record) }
        file?.add(record)
        loki?.add(record)
    }

    /// Writes what waits, as far as that is possible in time.
    ///
    /// - Returns: false if standard error takes nothing.
    package func close(within limit: Duration) -> Bool {
        _ = file?.close(within: limit)
        return stream.close(within: limit)
    }
}
