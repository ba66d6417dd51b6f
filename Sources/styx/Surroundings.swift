import Foundation
import Logging
import Synchronization

/// Where this process runs: its variables and configuration files, and what an operator believes to have configured by
/// them and did not. That is told once, at the start.
struct Surroundings: Sendable {
    /// For people. Values stay where they are: they may be secrets.
    struct Finding: Equatable, Sendable {
        var isWarning = true
        let message: String
        /// Of something of a file; variables serve every command.
        let isOfFile: Bool
        let facts: [String: String]
    }

    var environment: [String: String] = [:]
    var folder = ConfigurationFolder()
    /// Of the command that runs.
    var flags = EnvironmentArguments.Flags(options: [])

    private static let current = Mutex(Surroundings())

    /// Those of this process. A file that cannot be read is of no matter to who asks for help or for nothing.
    ///
    /// - Throws: `CommandFailure` naming a configuration file.
    static func look(for arguments: [String]) throws -> Surroundings {
        var found = Surroundings(environment: ProcessInfo.processInfo.environment)
        let asksHelp = arguments.contains { ["-h", "--help"].contains($0) }
        if !asksHelp, let (_, flags) = EnvironmentArguments.command(of: arguments) {
            found.flags = flags
            found.folder = try ConfigurationFolder(FileManager.default.currentDirectoryPath)
        }
        current.withLock { $0 = found }
        return found
    }

    /// Tells what was found.
    static func tell(_ logger: Logger) {
        for finding in current.withLock({ $0 }).findings {
            logger.log(
                level: finding.isWarning ? .warning : .info, "\(finding.message)",
                metadata: finding.facts.mapValues { .string($0) })
        }
    }

    /// Tells what was found in files, for commands without a log.
    static func note() {
        for finding in current.withLock({ $0 }).findings where finding.isOfFile {
            let facts = finding.facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            styx.note("warning: \(finding.message): \(facts.joined(separator: ", "))")
        }
    }

    var findings: [Finding] {
        var findings = folder.files.map { file in
            Finding(
                isWarning: false, message: "configuration file is read", isOfFile: false, facts: ["path": file.path])
        }
        findings += folder.unread.map { unread in
            Finding(
                message: "configuration file is not read", isOfFile: true,
                facts: ["path": unread.path, "reason": unread.why])
        }
        for file in folder.files {
            findings += EnvironmentArguments.unknown(in: file, for: flags).map { key, line, isNested, meant in
                Finding(
                    message: isNested
                        ? "entry of a configuration file is nested: only flags by their whole names are read"
                        : "entry of a configuration file belongs to no flag",
                    isOfFile: true,
                    facts: Self.facts(String(key.withoutControls.prefix(100)), meant, ["place": "\(file.path):\(line)"])
                )
            }
        }
        return findings
            + EnvironmentArguments.unknown(in: environment).map { name, meant in
                Finding(
                    isWarning: meant != nil, message: "environment variable belongs to no flag", isOfFile: false,
                    facts: Self.facts(name, meant, [:]))
            }
    }

    private static func facts(_ name: String, _ meant: String?, _ others: [String: String]) -> [String: String] {
        var facts = others
        facts["name"] = name
        facts["probably_meant"] = meant
        return facts
    }
}
