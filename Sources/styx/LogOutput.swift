import Foundation
import LogSinks
import Logging
import Synchronization

/// This process's log: its lines go to standard error, to a file and to Loki (operations.md §6).
enum LogOutput {
    /// For what still waits when the process ends.
    private static let closeLimit = Duration.seconds(1)
    private static let hub = Mutex<LogHub?>(nil)

    /// Once in a process.
    ///
    /// - Parameter path: of the file; empty for none.
    static func bootstrap(
        level: LogLevel, format: LogFormat = .console, color: LogColor = .auto, path: String = "",
        loki: LokiPusher? = nil
    ) throws -> Logger {
        let isColored = color.isOn(onTerminal: Terminal.isInteractive)
        let file = try file(path, format)
        let stream = LogWriter(name: "standard error") {
            StreamLog(
                LogLayout(format, isColored: isColored, masked: CommandSecrets.masked), put: Terminal.write(lines:))
        }
        let hub = LogHub(level: level.level, stream: stream, file: file, loki: loki)
        self.hub.withLock { $0 = hub }
        LoggingSystem.bootstrap { label in HubLogHandler(topic: label, hub: hub) }
        return Logger(label: "app-start")
    }

    private static func file(_ path: String, _ format: LogFormat) throws -> LogWriter? {
        guard !path.isEmpty else { return nil }
        var isDirectory: ObjCBool = false
        if path.hasSuffix("/") || FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
            path.hasSuffix("/") || isDirectory.boolValue
        {
            throw CommandFailure("--log-output-path \(path) is a directory; give a file, e.g. \(path)/styx.log")
        }
        return LogWriter(name: path) {
            FileLog(path: path, LogLayout(format, masked: CommandSecrets.masked)) { Logger(label: "log") }
        }
    }

    /// Pushes for as long as `body` runs.
    static func pushing(to loki: LokiPusher?, _ body: () async throws -> Void) async throws {
        guard let loki else { return try await body() }
        try await loki.run(during: body)
    }

    /// Before the process ends, or its last lines are lost.
    ///
    /// - Returns: false if standard error takes nothing: whoever writes there would wait for ever.
    static func close() -> Bool { hub.withLock { $0 }?.close(within: closeLimit) ?? true }
}
