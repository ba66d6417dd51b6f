import ClusterTestSupport
import Foundation
import TestSupport
import Testing

@testable import styx

/// No command writes a secret that it was given, at any level, wherever it fails; services repeat all they are told.
@Suite("secrets")
struct SecretsTests {
    private static let secrets = ["Sec-User", "Sec-Pass", "Sec-Path", "Sec-Query", "Sec-Header", "Sec-Token"]
    private let cluster: SmallCluster
    private var directory: TemporaryDirectory { cluster.directory }
    private let server: EchoServer

    init() throws {
        cluster = try SmallCluster("secrets", nodes: 4)
        server = try EchoServer()
    }

    /// With every kind of secret that a URL can hold.
    private func url(_ path: String = "/Sec-Path", query: String = "?key=Sec-Query", port: Int? = nil) -> String {
        "http://Sec-User:Sec-Pass@127.0.0.1:\(port ?? server.port)\(path)\(query)"
    }

    private func check(_ outcome: Program.Outcome, sourceLocation: SourceLocation = #_sourceLocation) {
        let basic = Data("Sec-User:Sec-Pass".utf8).base64EncodedString()
        for line in outcome.text.split(separator: "\n") {
            for secret in Self.secrets + [basic] where line.lowercased().contains(secret.lowercased()) {
                Issue.record("\(secret) in: \(line.prefix(2000))", sourceLocation: sourceLocation)
            }
            // Every flag of a command has its place in one line.
            let bytesMax = line.contains(#/ configuration |"configuration"|msg=configuration/#) ? 8000 : 2000
            #expect(line.utf8.count < bytesMax, "\(line.prefix(200))", sourceLocation: sourceLocation)
        }
        #expect(!outcome.text.isEmpty, sourceLocation: sourceLocation)
    }

    private func files(_ node: Int) -> [String] {
        let home = directory.file("node\(node)")
        return [
            "--lock-file", "\(home)/cluster-lock.json", "--private-key-file", "\(home)/charon-enr-private-key",
            "--journal-file", "\(home)/journal.sqlite", "--validator-api-address", "127.0.0.1:0",
            "--monitoring-address", "127.0.0.1:0", "--validator-keys-dir", "\(home)/validator_keys",
        ]
    }

    @Test("run, from its start to its end, at debug level", arguments: ["console", "logfmt", "json"])
    func run(format: String) throws {
        let outcome = try Program.run(
            ["run"] + files(0) + [
                "--beacon-node-endpoints", url(query: ""), "--fallback-beacon-node-endpoints", url(query: "", port: 1),
                "--p2p-relays", url(), "--execution-client-rpc-endpoint", url(), "--debug-address", "127.0.0.1:0",
                "--log-level", "debug", "--log-format", format,
            ], environment: ["CHARON_BEACON_NODE_HEADERS": "X-Key=Sec-Header,Authorization=Bearer Sec-Token"],
            in: directory.path, until: "waiting for a beacon node")
        check(outcome)
        #expect(outcome.text.contains("127.0.0.1"))
        #expect(outcome.status == 0)
    }

    @Test("run, refused before it starts")
    func refused() throws {
        let good = files(0) + ["--beacon-node-endpoints", url(query: "")]
        for arguments in [
            files(0) + ["--beacon-node-endpoints", url()],
            files(0) + ["--beacon-node-endpoints", "ftp://Sec-User:Sec-Pass@h"],
            files(0) + ["--beacon-node-endpoints", "//Sec-User:Sec-Pass@h"],
            files(0) + ["--beacon-node-endpoint", url()], files(0) + ["--beacon-node-endpoint=\(url())"],
            good + ["--beacon-node-headers", "Sec-Header"], good + ["--beacon-node-headers", "=Sec-Header"],
            good + ["--p2p-relays", "ftp://Sec-User:Sec-Pass@h/Sec-Path"],
            good + ["--p2p-relays", "//Sec-User:Sec-Pass@h/Sec-Path"],
            good + ["--execution-client-rpc-endpoint", "Sec-User:Sec-Pass@h", "--p2p-peers", "x"],
            good + [url()], good + ["--beacon-node-timeout", url()],
        ] {
            let outcome = try Program.run(["run"] + arguments, in: directory.path, until: "waiting for a beacon node")
            check(outcome)
        }
        let outcome = try Program.run(
            ["run"], environment: ["CHARON_BEACON_NODE_ENDPOINT": url(), "STYX_PRIVATE_KEY": "Sec-Token"],
            in: directory.path)
        check(outcome)
        #expect(outcome.text.contains("CHARON_BEACON_NODE_ENDPOINTS"))
    }

    @Test("the place of a token is no secret")
    func tokenFile() throws {
        let path = try directory.write("no-token.txt", Array("short".utf8))
        let outcome = try Program.run(
            [
                "run", "--lock-file", directory.file("node0/cluster-lock.json"), "--private-key-file",
                directory.file("node0/charon-enr-private-key"), "--beacon-node-endpoints", "http://127.0.0.1:1",
                "--signer", "keystores", "--keymanager-address", "127.0.0.1:0", "--keymanager-token-file", path,
            ], in: directory.path)
        #expect(outcome.status != 0)
        #expect(outcome.text.contains("--keymanager-token-file \(path) holds no token"), "\(outcome.text)")
    }

    /// Commands that ask services.
    private var asking: [[String]] {
        let seat = Array(files(0).prefix(4))
        let common = [
            "--nodes", "4", "--num-validators", "1", "--network", "hoodi", "--insecure-keys",
            "--fee-recipient-addresses", "0x000000000000000000000000000000000000dEaD", "--withdrawal-addresses",
            "0x000000000000000000000000000000000000dEaD", "--cluster-dir", directory.file("made"),
        ]
        return [
            ["create", "cluster"] + common + ["--publish", "--publish-address", url("/v1")],
            ["create", "cluster"] + common + [
                "--keymanager-addresses", Array(repeating: url(), count: 4).joined(separator: ","),
                "--keymanager-auth-tokens", "Sec-Token,Sec-Token,Sec-Token,Sec-Token",
            ],
            ["create", "cluster"] + common + [
                "--keymanager-addresses", url(), "--keymanager-auth-tokens", "Sec-Token",
            ],
            ["create", "cluster", "--definition-file", url("/d"), "--cluster-dir", directory.file("made")],
            ["create", "cluster"] + common + ["--execution-client-rpc-endpoint", "ftp://Sec-User:Sec-Pass@h"],
            ["create", "dkg", "--publish-address", url("/v1"), "--publish"],
            ["cluster", "inspect", url("/lock")], ["cluster", "inspect", url("/lock", port: 1)],
            [
                "cluster", "inspect", directory.file("node0/cluster-lock.json"), "--execution-client-rpc-endpoint",
                url(),
            ],
            ["exit", "broadcast", "--all", "--beacon-node-endpoints", url(query: "")] + seat,
            ["exit", "delete", "--all", "--publish-address", url("/v1")] + seat,
            [
                "exit", "request", "--all", "--beacon-node-endpoints", url(query: ""), "--validator-api-address",
                url("/v1"),
            ] + seat,
            [
                "deposit", "fetch", "--publish-address", url("/v1"), "--lock-file",
                directory.file("node0/cluster-lock.json"), "--validator-public-keys",
                cluster.pubKeys[0].hex,
            ],
            ["feerecipient", "fetch", "--publish-address", url("/v1")] + seat.prefix(2),
            ["combine", "--cluster-dir", directory.path, "--output-dir", directory.file("keys")],
            ["enr", "--data-dir", directory.file("node0")],
            ["alpha", "test", "beacon", "--endpoints", url(query: ""), "--test-cases", "Ping,Version"],
            ["doctor", "--offline", "--beacon-node-endpoints", url(query: "")] + files(0),
            ["doctor", "--offline", "--json", "--beacon-node-endpoints", url("/v1", port: 1)] + files(0),
            ["alpha", "test", "mev", "--endpoints", url(query: ""), "--publish", "--publish-address", url("/v1")],
        ]
    }

    @Test("commands that ask services")
    func services() throws {
        for arguments in asking { check(try Program.run(arguments, in: directory.path)) }
    }

    private var relayArguments: [String] {
        [
            "relay", "--data-dir", directory.file("relay"), "--p2p-tcp-address", "127.0.0.1:0", "--http-address",
            "127.0.0.1:0", "--log-level", "debug", "--p2p-relays", url(), "--loki-addresses", url(),
        ]
    }

    @Test("relay")
    func relay() throws {
        let outcome = try Program.run(relayArguments, in: directory.path, until: "give the nodes")
        check(outcome)
        #expect(outcome.status == 0)
    }

    /// The flags of a command line, in turn as variables and as lines of a configuration file.
    private func spread(
        _ arguments: [String], more: [String] = []
    ) throws -> (rest: [String], variables: [String: String]) {
        var (rest, lines, variables): ([String], [String], [String: String]) = ([], [], [:])
        var open = arguments[...]
        while let argument = open.popFirst() {
            guard argument.hasPrefix("--"), let value = open.first, !value.hasPrefix("--") else {
                rest.append(argument)
                continue
            }
            open.removeFirst()
            if lines.count > variables.count {
                variables["CHARON_" + argument.dropFirst(2).uppercased().replacing("-", with: "_")] = value
            } else {
                lines.append("\(argument.dropFirst(2)): \"\(value)\"")
            }
        }
        lines += ["beacon-node-endpoint: \(url())", "unknown: {key: Sec-Token}"] + more
        variables["STYX_BEACON_NODE_HEADER"] = "a=Sec-Header"
        try directory.write("charon.yaml", Array((lines.joined(separator: "\n") + "\n").utf8))
        return (rest, variables)
    }

    @Test("the same secrets from variables and a configuration file")
    func elsewhere() throws {
        for arguments in asking {
            let (rest, variables) = try spread(arguments)
            check(try Program.run(rest, environment: variables, in: directory.path))
        }
        let running = [
            (
                ["run"] + files(0) + [
                    "--beacon-node-endpoints", url(query: ""), "--fallback-beacon-node-endpoints",
                    url(query: "", port: 1), "--p2p-relays", url(), "--execution-client-rpc-endpoint", url(),
                    "--beacon-node-headers", "X-Key=Sec-Header,Authorization=Bearer Sec-Token", "--log-level", "debug",
                    "--publish-address", url("/v1"), "--fetch-feerecipient-updates",
                ], "waiting for a beacon node"
            ), (relayArguments, "give the nodes"),
        ]
        for (arguments, enough) in running {
            // A flag of another command, too.
            let (rest, variables) = try spread(arguments, more: ["keymanager-auth-tokens: [Sec-Token]"])
            let outcome = try Program.run(rest, environment: variables, in: directory.path, until: enough)
            check(outcome)
            #expect(outcome.status == 0 && outcome.text.contains("belongs to no flag"))
        }
    }

    @Test("a configuration file that cannot be read")
    func brokenFile() throws {
        for text in ["beacon-node-headers: 'Sec-Header\nx: y\n", "a: b\n- \(url())\n", "- Sec-Token", "a: *Sec-Token"] {
            try directory.write("charon.yaml", Array(text.utf8))
            let outcome = try Program.run(["run"], in: directory.path)
            check(outcome)
            #expect(outcome.status == 1 && outcome.text.contains("charon.yaml:"), "\(outcome.text)")
        }
    }

    @Test("keys on disk are in nobody's output")
    func keys() throws {
        let key = String(decoding: try directory.read("node0/charon-enr-private-key"), as: UTF8.self)
        let outcome = try Program.run(
            ["run"] + files(0) + [
                "--signer", "keystores", "--beacon-node-endpoints", url(query: ""), "--p2p-relays", "", "--log-level",
                "debug",
            ], in: directory.path, until: "waiting for a beacon node")
        check(outcome)
        let secret = key.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst(key.hasPrefix("0x") ? 2 : 0)
        #expect(secret.count == 64 && !outcome.text.contains(secret))
    }
}
