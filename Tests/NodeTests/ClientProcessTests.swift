import TestSupport
import Testing

@testable import Node

@Suite("clients' processes")
struct ClientProcessTests {
    private static func client(_ name: String, _ words: [String]) -> ClientProcess? {
        ClientProcess(name: name, commandLine: words.map { $0 + "\0" }.joined())
    }

    @Test("known by their names, or by what an interpreter runs")
    func components() {
        let rows: [(String, [String], String?)] = [
            ("lighthouse\n", ["lighthouse", "vc"], "lighthouse"),
            ("nimbus_validato\n", ["/nimbus_validator_client"], "nimbus"),
            ("node\n", ["node", "/usr/app/lodestar", "validator"], "lodestar"),
            ("java\n", ["java", "-jar", "Teku.jar"], "teku"), ("node\n", ["node", "server.js"], nil),
            ("bash\n", ["bash", "-c", "lighthouse vc"], nil), ("teku", [], nil), ("", [], nil),
        ]
        for (name, words, component) in rows { #expect(Self.client(name, words)?.component == component, "\(name)") }
    }

    @Test("what is or may be secret in a command line is masked")
    func secrets() {
        let rows: [([String], String)] = [
            (["vc", "--distributed"], "vc --distributed"),
            (["--beacon-nodes", "http://u:p@charon:3600/key?x=y"], "--beacon-nodes http://charon:3600/…"),
            (["--beacon-nodes=http://a:1,https://b/k"], "--beacon-nodes=http://a:1,https://b/…"),
            (["--http-token", "abc", "vc"], "--http-token *** vc"), (["--api-key=abc"], "--api-key=***"),
            (["--password-file", "/p"], "--password-file /p"), (["--secrets-dir=/s"], "--secrets-dir=/s"),
            (["redis://u:p@x"], "***"), (["--auth", "--x"], "--auth --x"), (["a\u{1B}[2J"], "a?[2J"),
        ]
        for (words, text) in rows {
            #expect(Self.client("lighthouse", ["lighthouse"] + words)?.parameters == "lighthouse " + text)
        }
        let long = Self.client("lighthouse", ["lighthouse", String(repeating: "w", count: 9000)])
        #expect(long?.parameters.count == 1024)
    }

    @Test("of a directory each command line once; only processes are looked at; what is gone is forgotten")
    func directory() async throws {
        let proc = try TemporaryDirectory()
        for number in ["7", "8"] {
            try proc.write("\(number)/comm", Array("lighthouse\n".utf8))
            try proc.write("\(number)/cmdline", Array("lighthouse\0vc\0".utf8))
        }
        try proc.write("self/comm", Array("teku\n".utf8))
        try proc.write("9/comm", Array("teku\n".utf8))
        let found = try #require(ClientProcess.all(in: proc.path))
        #expect(found.map(\.parameters) == ["lighthouse vc"])
        #expect(ClientProcess.all(in: proc.file("none")) == nil)
        let metrics = try NodeFiles().metrics()
        metrics.api.note(found)
        let name = "app_validator_stack_params"
        #expect(Scrape(metrics)[name] == [#"\#(name){component="lighthouse",cli_parameters="lighthouse vc"} 1"#])
        metrics.api.note([])
        #expect(Scrape(metrics)[name].isEmpty)
    }
}
