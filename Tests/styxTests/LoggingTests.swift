import ArgumentParser
import ClusterTestSupport
import Foundation
import Logging
import TestSupport
import Testing

@testable import styx

@Suite("flags of the log")
struct LoggingTests {
    private let cluster: SmallCluster
    private var directory: TemporaryDirectory { cluster.directory }

    init() throws { cluster = try SmallCluster("logging", nodes: 4) }

    private func run(
        _ arguments: [String], until enough: String? = "waiting for a beacon node", and isReady: () -> Bool = { true }
    ) throws -> Program.Outcome {
        let home = directory.file("node0")
        return try Program.run(
            [
                "run", "--lock-file", "\(home)/cluster-lock.json", "--private-key-file",
                "\(home)/charon-enr-private-key", "--journal-file", "\(home)/journal.sqlite",
                "--validator-api-address", "127.0.0.1:0", "--monitoring-address", "", "--p2p-relays", "",
                "--beacon-node-endpoints", "http://127.0.0.1:1",
            ] + arguments, in: directory.path, until: enough, and: isReady)
    }

    @Test(
        "levels in any case, and Charon's other names for them",
        arguments: [
            ("debug", Logger.Level.debug), ("INFO", .info), ("Warn", .warning), ("WARNING", .warning),
            ("error", .error), ("fatal", .critical), ("panic", .critical),
        ])
    func levels(text: String, level: Logger.Level) throws {
        #expect(try LoggingOptions.parse(["--log-level", text]).logLevel.level == level)
    }

    @Test("what is no level, form or colour is refused", arguments: ["level", "format", "color"])
    func refused(flag: String) {
        #expect(throws: (any Error).self) { try LoggingOptions.parse(["--log-\(flag)", "loud"]) }
    }

    @Test("colours where there is a terminal, or where they are forced")
    func colors() throws {
        #expect(LogColor.auto.isOn(onTerminal: true) && !LogColor.auto.isOn(onTerminal: false))
        #expect(LogColor.force.isOn(onTerminal: false) && !LogColor.disable.isOn(onTerminal: true))
        #expect(try !run([]).text.contains("\u{1b}"))
        #expect(try run(["--log-color", "force"]).text.contains("\u{1b}[32mapp-start"))
    }

    @Test("the file has all lines down to debug, in the form of the others", arguments: ["console", "json"])
    func file(format: String) throws {
        let path = directory.file("logs/\(format).log")
        let mark = format == "json" ? "\"level\":\"debug\"" : " DEBG "
        // The beacon node is asked again and again: from the second failure on that is told to the file alone.
        let outcome = try run([
            "--log-output-path", path, "--log-format", format, "--log-level", "warn", "--log-color", "force",
        ]) { (try? String(contentsOfFile: path, encoding: .utf8))?.contains(mark) ?? false }
        #expect(!outcome.text.contains("Lock file loaded"))
        let lines = String(decoding: try directory.read("logs/\(format).log"), as: UTF8.self).split(separator: "\n")
        #expect(lines.contains { $0.contains("Lock file loaded") } && lines.last?.contains("stopped") == true)
        #expect(lines.contains { $0.contains(mark) })
        #expect(!lines.contains { $0.contains("\u{1b}") })
    }

    @Test("a file that cannot be is refused; one that cannot be now is told and stops nothing")
    func badFile() throws {
        let outcome = try run(["--log-output-path", directory.path], until: nil)
        #expect(outcome.status != 0)
        #expect(outcome.text.contains("--log-output-path \(directory.path) is a directory"), "\(outcome.text)")
        let blocked = try directory.write("blocked", [])
        let other = try run(["--log-output-path", blocked + "/styx.log"])
        #expect(other.status == 0)
        #expect(other.text.contains("no log file is written until it can be opened"), "\(other.text)")
    }

    @Test("addresses of Loki that are none are refused without being repeated")
    func badLoki() throws {
        for address in ["ftp://Sec-User:Sec-Pass@loki/push", "Sec-Pass"] {
            let outcome = try run(["--loki-addresses", "http://127.0.0.1:1/loki/api/v1/push,\(address)"], until: nil)
            #expect(outcome.status != 0)
            #expect(outcome.text.contains("--loki-addresses: number 2 is not a URL"), "\(outcome.text)")
            #expect(!outcome.text.contains("Sec-"))
        }
        let many = Array(repeating: "http://127.0.0.1:1/", count: 9).joined(separator: ",")
        #expect(try run(["--loki-addresses", many], until: nil).text.contains("give at most 8"))
    }

    @Test("a Loki that is not there is told, and stops nothing")
    func noLoki() throws {
        let outcome = try run(
            ["--loki-addresses", "http://127.0.0.1:1/loki/api/v1/push"], until: "log lines do not reach Loki")
        #expect(outcome.status == 0)
    }

    @Test("no flag of the log is lost in the environment")
    func environment() {
        let expanded = EnvironmentArguments.expand(
            ["run"],
            environment: [
                "CHARON_LOG_COLOR": "force", "CHARON_LOG_OUTPUT_PATH": "/x", "CHARON_LOKI_ADDRESSES": "http://l/p",
                "CHARON_LOKI_SERVICE": "s", "STYX_LOG_LEVEL": "debug", "CHARON_LOG_FORMAT": "json",
            ])
        #expect(
            Set(expanded.arguments.dropFirst()) == [
                "--log-color=force", "--log-output-path=/x", "--loki-addresses=http://l/p", "--loki-service=s",
                "--log-level=debug", "--log-format=json",
            ])
    }
}
