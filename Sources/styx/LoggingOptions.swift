import ArgumentParser
import ClusterSetup
import Foundation
import LogSinks
import Logging
import Program

/// Flags of what is told beside the results.
struct LoggingOptions: ParsableArguments {
    @Option(help: "debug, info, warn, error, fatal or panic.") var logLevel = LogLevel.info
    @Option(help: "console, logfmt or json.") var logFormat = LogFormat.console
    @Option(help: "Colours of the console format: auto (on a terminal), force or disable.")
    var logColor = LogColor.auto
    @Option(
        help: """
            File that gets all lines down to debug, in the same format; put aside and compressed at 100 MB, ten of them \
            kept. None if empty.
            """)
    var logOutputPath = ""

    static let names = ["log-level", "log-format", "log-color", "log-output-path"]

    /// Sets the log up, once in a process.
    func logger(loki: LokiPusher? = nil) throws -> Logger {
        try LogOutput.bootstrap(level: logLevel, format: logFormat, color: logColor, path: logOutputPath, loki: loki)
    }
}

/// Flags of where log lines are pushed to.
struct LokiOptions: ParsableArguments {
    @Option(
        help: """
            Loki servers that get all lines down to debug, comma-separated URLs with their path, e.g. \
            http://loki:3100/loki/api/v1/push.
            """)
    var lokiAddresses: [String] = []
    @Option(help: "The label service of these lines, by which dashboards find them.") var lokiService = "charon"

    static let names = ["loki-addresses", "loki-service"]
    /// Each has a queue and a connection of its own.
    private static let addressesMax = 8

    /// Nil without addresses.
    func pusher() throws -> LokiPusher? {
        let texts = list(lokiAddresses)
        guard !texts.isEmpty else { return nil }
        guard texts.count <= Self.addressesMax else {
            throw CommandFailure("--loki-addresses has \(texts.count) addresses; give at most \(Self.addressesMax)")
        }
        let addresses = try texts.enumerated().map { index, text in
            do throws(ServiceURL.Fault) {
                return try ServiceURL(text)
            } catch {
                // Not the text itself: it may hold a password.
                throw CommandFailure(
                    "--loki-addresses: number \(index + 1) is \(error); write e.g. http://loki:3100/loki/api/v1/push")
            }
        }
        return LokiPusher(addresses, service: lokiService, masked: CommandSecrets.masked) { Logger(label: "loki") }
    }
}

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

enum LogColor: String, ExpressibleByArgument, CaseIterable {
    case auto, force, disable

    func isOn(onTerminal: Bool) -> Bool {
        switch self {
        case .auto: onTerminal
        case .force: true
        case .disable: false
        }
    }
}

extension LogFormat: ExpressibleByArgument {}
