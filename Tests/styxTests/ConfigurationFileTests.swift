import TestSupport
import Testing
import Timing

@testable import styx

@Suite("configuration file")
struct ConfigurationFileTests {
    private static func file(
        _ text: String, _ format: ConfigurationFile.Format = .yaml
    ) throws(ConfigurationFile.Fault) -> ConfigurationFile {
        try ConfigurationFile(Array(text.utf8), format: format, path: "/d/charon.\(format)")
    }

    @Test(
        "values are the text that stands there; what is null is not set, and what is empty is",
        arguments: [
            ("nickname: a", "a"), ("nickname: 'a b'", "a b"), ("Nickname: a", "a"), ("nickname: 007", "007"),
            ("nickname: 0x10000038", "0x10000038"), ("nickname: yes", "yes"), ("nickname: true", "true"),
            ("nickname: 1.50", "1.50"), ("nickname: a, b", "a, b"), ("nickname: [a, b]", "a,b"),
            ("nickname:\n- a\n- \n- 'c'\n", "a,c"), ("nickname: \"null\"", "null"), ("nickname: null", nil),
            ("nickname: ~", nil), ("nickname:", nil), ("nickname: ''", ""), ("nickname: []", ""),
            ("nickname: [null, '']", ""), ("nickname: '  '", ""), ("nickname: >\n  a\n  b\n", "a b"),
            ("# nickname: a", nil), ("", nil), ("---\nnickname: a\n", "a"), ("nickname: {a: b}", nil),
            ("nickname: [[a]]", nil), ("nick: &x a\nnickname: *x", "a"), ("\u{feff}nickname: a", "a"),
            ("nickname: http://h/?a=1&b=2#c", "http://h/?a=1&b=2#c"),
        ] as [(String, String?)])
    func yaml(text: String, expected: String?) throws {
        #expect(try Self.file(text)["nickname"]?.text == expected)
    }

    @Test(
        "JSON",
        arguments: [
            (#"{"nickname": "a"}"#, "a"), ("{\n\t\"nickname\":\t\"a\"\n}", "a"), (#"{"nickname":"a\/b"}"#, "a/b"),
            (#"{"nickname":"\u00e9"}"#, "é"), (#"{"nickname":true}"#, "true"), (#"{"nickname":12}"#, "12"),
            (#"{"nickname":["a","b,c"]}"#, "a,b,c"), (#"{"nickname":null}"#, nil), ("{}", nil),
            (#"{"nickname":""}"#, ""),
        ] as [(String, String?)])
    func json(text: String, expected: String?) throws {
        #expect(try Self.file(text, .json)["nickname"]?.text == expected)
    }

    @Test(
        "TOML",
        arguments: [
            (#"nickname = "a""#, "a"), ("nickname='a b' # c", "a b"), ("\"Nickname\" = \"a\"\r\n", "a"),
            ("nickname = true", "true"), ("nickname = 1_000", "1000"), ("nickname = 0x10000038", "0x10000038"),
            ("nickname = -1.5e3", "-1.5e3"), ("nickname = 2026-08-21T07:32:00Z", "2026-08-21T07:32:00Z"),
            (#"nickname = ["a", 'b,c', 7]"#, "a,b,c,7"), ("nickname = [\n \"a\", # x\n\n \"b\",\n]\n", "a,b"),
            (#"nickname = "\u00e9\"\\""#, #"é"\"#), (#"nickname = "\U0001F600""#, "😀"),
            (#"nickname = """#, ""), ("nickname = []", ""), ("nickname = [['a']]", nil), ("nickname = {a = 1}", nil),
            ("[nickname]\na = 1", nil), ("nickname.a = 1", nil), ("[x]\nnickname = 'a'", nil), ("# c", nil), ("", nil),
            ("\u{feff}nickname = 'a'", "a"), ("log-level = 'x'\nnickname = 'http://h/?a=1#c'", "http://h/?a=1#c"),
        ] as [(String, String?)])
    func toml(text: String, expected: String?) throws {
        #expect(try Self.file(text, .toml)["nickname"]?.text == expected)
    }

    @Test("tables of TOML are named with what is in them, by their first line")
    func tables() throws {
        let file = try Self.file("a = 1\n[p2p]\nrelays = 'x'\ntcp.y = {z = 1}\n[[p2p.q]]\n", .toml)
        #expect(
            file.entries == [
                .init(key: "a", value: .text("1"), line: 1),
                .init(key: "p2p", value: .nested(["relays", "tcp", "q"]), line: 2),
            ])
    }

    @Test(
        "what cannot be read is named by line, and none of it is repeated",
        arguments: [
            ("nickname: a\nsecret: 'Sec-Token\n", ConfigurationFile.Format.yaml, 3),
            ("nickname: a\n\tsecret: Sec-Token", .yaml, 2), ("a: b\nsecret: [Sec-Token\n", .yaml, 3),
            ("Sec-Token", .yaml, 1), ("- Sec-Token", .yaml, 1), ("a: b\na: Sec-Token", .yaml, 1),
            ("a: b\nA: Sec-Token", .yaml, 2), ("a: b\n[Sec-Token]: c", .yaml, 2), ("a: *Sec-Token", .yaml, 1),
            ("a: b\nc: |\n  Sec-Token\n  d\n", .yaml, 2), ("a: \"Sec-Token\\x01\"", .yaml, 1),
            ("{\"a\": \"b\",\n\"c\" \"Sec-Token\"}", .json, 2), ("a: b\n---\nsecret: Sec-Token\n", .yaml, 2),
            ("a: \u{1}Sec-Token", .yaml, 1), ("a = Sec-Token", .toml, 1), ("a = 1\nb = 'Sec-Token", .toml, 2),
            ("a = 1\n\nb: Sec-Token", .toml, 3), ("a = 'b' 'Sec-Token'", .toml, 1),
            ("a = [\n'b'\n'Sec-Token']", .toml, 3), (#"a = "Sec-Token\tb""#, .toml, 1),
            ("a = 1\na = 'Sec-Token'", .toml, 2), ("a = 1\n[A]\nb = 'Sec-Token'", .toml, 2), ("[Sec-Token", .toml, 1),
            ("a = \"\"\"\nSec-Token\"\"\"", .toml, 1), (#"a = "Sec-Token\x""#, .toml, 1), ("= 'Sec-Token'", .toml, 1),
            (#"a = "Sec-Token\u0001""#, .toml, 1), ("a = {b = 'Sec-Token'", .toml, 1), ("a.b\nSec-Token", .toml, 1),
        ] as [(String, ConfigurationFile.Format, Int?)])
    func faults(text: String, format: ConfigurationFile.Format, line: Int?) throws {
        let fault = try #require(throws: ConfigurationFile.Fault.self) { _ = try Self.file(text, format) }
        #expect(fault.line == line, "\(fault)")
        #expect(!fault.what.isEmpty && !fault.cure.isEmpty && !"\(fault)".contains("Sec-Token"), "\(fault)")
    }

    @Test(
        "a flag that stands twice is named with both lines",
        arguments: [
            ("a: b\nc: d\na: e", .yaml, 1, "a twice, here and in line 3"),
            ("a: b\nab: c\nA: d", .yaml, 3, "a twice, here and in line 1"), ("{a: b, a: c}", .yaml, 1, "a twice"),
            ("{\n\"a\": 1,\n\"a\" : 2}", .json, 2, "a twice, here and in line 3"),
            ("a = 1\nb = 2\na = 3", .toml, 3, "a twice, here and in line 1"),
            ("a = 1\n[a]\nb = 2", .toml, 2, "a twice, here and in line 1"),
        ] as [(String, ConfigurationFile.Format, Int, String)])
    func twice(text: String, format: ConfigurationFile.Format, line: Int, what: String) throws {
        let fault = try #require(throws: ConfigurationFile.Fault.self) { _ = try Self.file(text, format) }
        #expect(fault == .init(line: line, what: "has the flag \(what)", cure: "keep one of them"))
    }

    @Test("each format has a cure of its own")
    func cures() throws {
        for (text, format, cure) in [
            ("a: [", .yaml, "`flag: value`"), ("{\"a\"", .json, "{\"flag\": \"value\", …}"),
            ("a: 1", .toml, "`flag = \"value\"`"),
        ] as [(String, ConfigurationFile.Format, String)] {
            let fault = try #require(throws: ConfigurationFile.Fault.self) { _ = try Self.file(text, format) }
            #expect(fault.cure.contains(cure), "\(fault)")
        }
    }

    @Test("bounded: size, depth, and what is written once and counts many times")
    func bounds() throws {
        let line = "nickname: a\n"
        let filler = String(repeating: "#", count: ConfigurationFile.bytesMax - line.utf8.count)
        #expect(try Self.file(line + filler)["nickname"]?.text == "a")
        for text in [
            line + filler + "#", String(repeating: "[", count: 60_000),
            "a: " + String(repeating: "{a: ", count: 15_000),
            String(repeating: "- ", count: 30_000) + "a", String(repeating: "? ", count: 30_000) + "a",
            "a: &a [x]\n" + (0..<40).map { "b\($0): &b\($0) [*a, *a]\n" }.joined(),
        ] {
            #expect(throws: ConfigurationFile.Fault.self, "\(text.prefix(20))") { _ = try Self.file(text) }
        }
        for piece in ["[", "{a = "] {
            let text = "a = " + String(repeating: piece, count: 12_000)
            #expect(throws: ConfigurationFile.Fault.self, "\(piece)") { _ = try Self.file(text, .toml) }
        }
        #expect(throws: ConfigurationFile.Fault.self) {
            _ = try ConfigurationFile([0x61, 0x3a, 0x20, 0xff], format: .yaml, path: "x")
        }
        #expect(ConfigurationFile.markers(in: "a: http://h/?a=1&b=2*3") == 0)
        #expect(ConfigurationFile.markers(in: "a: &x [*x,*x]\n&y b: - *x") == 5)
    }

    @Test("arbitrary bytes are read or refused")
    func fuzz() {
        var random = SplitMix64(seed: 17)
        let pieces = [
            "nickname", ":", " ", "\n", "-", "[", "]", "{", "}", "'", "\"", "&a", "*a", "#", "|", "\t", "é", "\0", "=",
            ",", ".", "\\", "\r",
        ]
        for _ in 0..<2000 {
            let text = (0..<random.next() % 24).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
            for format in [ConfigurationFile.Format.yaml, .toml] {
                guard let file = try? Self.file(text, format) else { continue }
                _ = EnvironmentArguments.unknown(in: file, for: Run.flags)
            }
        }
    }

    // MARK: Folder

    private static func folder(_ files: [(String, String)]) throws -> (ConfigurationFolder, TemporaryDirectory) {
        let directory = try TemporaryDirectory()
        for (name, text) in files { try directory.write(name, Array(text.utf8)) }
        return (try ConfigurationFolder(directory.path), directory)
    }

    @Test("styx.* counts before charon.*; of several kinds one is read, and the others are named")
    func precedence() throws {
        let (folder, directory) = try Self.folder([
            ("charon.yml", "nickname: hidden"), ("charon.json", #"{"nickname": "c", "log-level": "debug"}"#),
            ("styx.yaml", "nickname: s\nlog-level:"), ("charon.env", "X=1"), ("charon", "x"),
        ])
        #expect(folder.files.map(\.path) == [directory.file("styx.yaml"), directory.file("charon.json")])
        #expect(folder.unread.map(\.path) == [directory.file("charon.yml"), directory.file("charon.env")])
        let nickname = folder.value(of: "nickname")
        #expect(nickname?.text == "s" && nickname?.origin == directory.file("styx.yaml") + ":1")
        #expect(folder.value(of: "log-level")?.text == "debug", "what is null is not set")
        #expect(folder.value(of: "graffiti") == nil)
        #expect(try Self.folder([]).0.files.isEmpty)
    }

    @Test("a directory of such a name is no configuration, and not passed over")
    func directory() {
        let error = #expect(throws: CommandFailure.self) { _ = try Self.folder([("styx.yaml/x", "x")]) }
        #expect(error?.description.contains("/styx.yaml cannot be read: it is a directory; put a file") == true)
    }

    @Test("the command line and variables win over files, these over defaults; lists and switches of both forms")
    func expanded() throws {
        let (folder, _) = try Self.folder([
            (
                "charon.yaml",
                """
                nickname: file
                beacon-node-endpoints: [http://a:1, http://b:2]
                p2p-relays: http://c,http://d
                builder-api: true
                no-verify: false
                beacon-node-timeout: 3s
                monitoring-address:
                data-dir: elsewhere
                """
            )
        ])
        func run(_ arguments: [String], _ environment: [String: String]) throws -> Run {
            let expanded = EnvironmentArguments.expand(["run"] + arguments, environment: environment, files: folder)
            return try #require(try Styx.parseAsRoot(expanded.arguments) as? Run)
        }
        let plain = try run([], ["CHARON_NICKNAME": ""])
        #expect(plain.nickname == "file" && plain.builderApi && !plain.noVerify)
        #expect(list(plain.beaconNodeEndpoints) == ["http://a:1", "http://b:2"])
        #expect(list(plain.p2pRelays) == ["http://c", "http://d"] && plain.beaconNodeTimeout == .seconds(3))
        #expect(plain.monitoring.monitoringAddress == "127.0.0.1:3620")
        let variables = try run([], ["CHARON_NICKNAME": "variable", "CHARON_BUILDER_API": "false"])
        #expect(variables.nickname == "variable" && !variables.builderApi)
        let flags = try run(["--nickname=flag", "--builder-api=0"], ["CHARON_NICKNAME": "variable"])
        #expect(flags.nickname == "flag" && !flags.builderApi)
        let enr = EnvironmentArguments.expand(["enr"], environment: [:], files: folder)
        #expect(enr.arguments == ["enr", "--data-dir=elsewhere"])
    }

    @Test(
        "empty in a file means none, whatever the default and charon.yaml say; a flag that cannot be none has its default",
        arguments: [
            ("styx.yaml", "p2p-relays: \"\"\nmonitoring-address: ''\nbeacon-node-timeout: ''\nno-verify: ''\n"),
            ("styx.toml", "p2p-relays = \"\"\nmonitoring-address = []\nbeacon-node-timeout = ''\nno-verify = ''\n"),
            (
                "styx.json",
                #"{"p2p-relays": "", "monitoring-address": "", "beacon-node-timeout": "", "no-verify": ""}"#
            ),
        ])
    func none(name: String, text: String) throws {
        let (folder, directory) = try Self.folder([(name, text), ("charon.yaml", "p2p-relays: http://c")])
        func run(_ arguments: [String], _ environment: [String: String]) throws -> Run {
            let expanded = EnvironmentArguments.expand(["run"] + arguments, environment: environment, files: folder)
            #expect(expanded.origins["monitoring-address"]?.hasPrefix(directory.file(name)) == true)
            return try #require(try Styx.parseAsRoot(expanded.arguments) as? Run)
        }
        let plain = try run([], ["CHARON_P2P_RELAYS": ""])
        #expect(list(plain.p2pRelays).isEmpty && plain.monitoring.monitoringAddress.isEmpty)
        let initial = try #require(try Styx.parseAsRoot(["run"]) as? Run)
        #expect(plain.beaconNodeTimeout == initial.beaconNodeTimeout && !plain.noVerify)
        let variable = try run([], ["CHARON_P2P_RELAYS": "http://v"])
        let flag = try run(["--p2p-relays=http://f"], [:])
        #expect(list(variable.p2pRelays) == ["http://v"] && list(flag.p2pRelays) == ["http://f"])
    }

    @Test("what belongs to no flag is told by name, with what was meant and without its value")
    func unknown() throws {
        let (folder, directory) = try Self.folder([
            (
                "charon.yaml",
                """
                beacon-node-endpoint: http://u:Sec-Token@h
                beacon_node_endpoints: Sec-Token
                p2p:
                  relays: Sec-Token
                zzz: Sec-Token
                data-dir: of-another-command
                nickname: {a: Sec-Token}
                """
            )
        ])
        let unknown = EnvironmentArguments.unknown(in: folder.files[0], for: Run.flags)
        #expect(unknown.map(\.key) == ["beacon-node-endpoint", "beacon_node_endpoints", "p2p", "zzz", "nickname"])
        #expect(
            unknown.map(\.meant) == ["beacon-node-endpoints", "beacon-node-endpoints", "p2p-relays", nil, nil])
        #expect(unknown.map(\.line) == [1, 2, 3, 5, 7])
        #expect(unknown.map(\.isNested) == [false, false, true, false, true])
        let findings = Surroundings(folder: folder, flags: Run.flags).findings
        #expect(findings.count == 6 && findings[0].facts["path"] == directory.file("charon.yaml"))
        #expect(findings[1].facts["place"] == directory.file("charon.yaml") + ":1")
        #expect(!"\(findings)".contains("Sec-Token"))
        // A flag of the command that runs is no slip.
        let mev = EnvironmentArguments.unknown(in: folder.files[0], for: TestMEV.flags)
        #expect(mev.map(\.key) == ["beacon_node_endpoints", "p2p", "zzz", "nickname"])
    }
}
