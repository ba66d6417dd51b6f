import Ethereum
import Logging

/// One line of the log before it has a form.
package struct LogRecord: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What lines have of their own: a field of that name gets an underscore behind it.
    private static let reserved: Set<String> = ["ts", "level", "caller", "msg", "topic", "stacktrace", "pretty"]
    /// What a record and a field take beside their texts, roughly.
    private static let overheadBytes = 128

    package let time: Instant
    package let level: Logger.Level
    package let topic: String
    package let message: String
    /// In the order of their names.
    package let fields: [Field]
    /// `Module/File.swift`.
    package let file: String
    package let line: UInt

    package init(
        time: Instant, level: Logger.Level, topic: String, message: String, fields: [Field] = [],
        file: String = #fileID, line: UInt = #line
    ) {
        self.time = time
        self.level = level
        self.topic = topic
        self.message = message
        self.fields = fields
        self.file = file
        self.line = line
    }

    /// - Parameter metadata: of the logger; what the event itself says goes before it.
    init(_ event: LogEvent, topic: String, metadata: Logger.Metadata, at time: Instant) {
        var all = metadata
        for (name, value) in event.metadata ?? [:] { all[name] = value }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        let fields = all.map { Field(Self.legal($0.key), Self.text($0.value)) }.sorted { $0.name < $1.name }
        self.init(
            time: time, level: event.level, topic: topic, message: event.message.description, fields: fields,
            file: event.file, line: event.line)
    }

    /// Memory it takes while it waits, roughly.
    var bytes: Int {
        fields.reduce(message.utf8.count + Self.overheadBytes) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + Self.overheadBytes / 2
        }
    }

    private static func text(_ value: Logger.MetadataValue) -> String {
        if case .string(let text) = value { text } else { "\(value)" }
    }

    /// A name that logfmt and JSON can both have.
    private static func legal(_ name: String) -> String {
        let isPlain = !name.isEmpty && name.utf8.allSatisfy(isLegal)
        let plain = isPlain ? name : String(decoding: name.utf8.map { isLegal($0) ? $0 : 0x5f }, as: UTF8.self) + "_"
        return reserved.contains(plain) ? plain + "_" : plain
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension Logger.Level {
    /// As logfmt and JSON have it.
    var word: StaticString {
        switch self {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }

    /// As the console has it.
    var letters: StaticString {
        switch self {
        case .trace, .debug: "DEBG"
        case .info, .notice: "INFO"
        case .warning: "WARN"
        case .error, .critical: "ERRO"
        }
    }
}
