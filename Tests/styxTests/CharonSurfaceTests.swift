import ClusterTestSupport
import TestSupport
import Testing

@testable import styx

/// What set-ups made for Charon give: names from operations.md §2, §3 and §15.
@Suite("set-ups made for Charon")
struct CharonSurfaceTests {
    private let cluster: SmallCluster
    private var directory: TemporaryDirectory { cluster.directory }

    init() throws { cluster = try SmallCluster("charon", nodes: 4) }

    private static let runFlags = """
        lock-file manifest-file private-key-file private-key-file-lock no-verify beacon-node-endpoints \
        fallback-beacon-node-endpoints beacon-node-timeout beacon-node-submit-timeout beacon-node-headers \
        execution-client-rpc-endpoint validator-api-address vc-tls-cert-file vc-tls-key-file monitoring-address \
        debug-address builder-api consensus-protocol nickname graffiti graffiti-disable-client-append overrides-file \
        fetch-feerecipient-updates publish-address publish-timeout feature-set feature-set-enable feature-set-disable \
        proc-directory testnet-name testnet-fork-version testnet-chain-id testnet-genesis-timestamp \
        testnet-capella-hard-fork simnet-beacon-mock simnet-beacon-mock-fuzz simnet-validator-mock \
        simnet-validator-keys-dir simnet-slot-duration synthetic-block-proposals p2p-relays p2p-tcp-address \
        p2p-udp-address p2p-external-ip p2p-external-hostname p2p-disable-reuseport log-format log-level
        """
    private static let relayFlags = """
        data-dir auto-p2pkey http-address monitoring-address debug-address p2p-relay-loglevel p2p-max-reservations \
        p2p-max-connections p2p-advertise-private-addresses p2p-relays p2p-tcp-address p2p-udp-address p2p-external-ip \
        p2p-external-hostname p2p-disable-reuseport log-format log-level
        """

    @Test("every flag of `charon run` and `charon relay` is known")
    func known() {
        for (charon, styx) in [(Self.runFlags, Run.flags), (Self.relayFlags, RelayCommand.flags)] {
            let missing = Set(charon.split(separator: " ").map(String.init)).subtracting(styx.options + styx.switches)
            #expect(missing.isEmpty)
        }
    }

    private func files(_ node: Int) -> [String] {
        let home = directory.file("node\(node)")
        return [
            "--lock-file", "\(home)/cluster-lock.json", "--private-key-file", "\(home)/charon-enr-private-key",
            "--journal-file", "\(home)/journal.sqlite", "--validator-api-address", "127.0.0.1:0",
            "--monitoring-address", "127.0.0.1:0", "--p2p-relays", "",
        ]
    }

    private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Program.Outcome {
        try Program.run(
            ["run"] + files(0) + arguments, environment: environment, in: directory.path,
            until: "waiting for a beacon node")
    }

    @Test("every variable empty: as if there were none", arguments: ["CHARON_", "STYX_"])
    func empty(prefix: String) throws {
        let flags = Run.flags.options + Run.flags.switches + RelayCommand.flags.options
        let variables = flags.map { prefix + $0.uppercased().replacing("-", with: "_") }
        let outcome = try run(
            ["--beacon-node-endpoints", "http://127.0.0.1:1"],
            Dictionary(variables.map { ($0, "") }) { first, _ in first })
        #expect(outcome.status == 0 && outcome.text.contains("waiting for a beacon node"), "\(outcome.text)")
        for word in ["without effect", "belongs to no flag", "ERRO"] { #expect(!outcome.text.contains(word)) }
    }

    /// Addresses of this machine instead of those of compose's network; the rest is as in its file.
    @Test("compose's environment starts a node, and what it asks for is told or done")
    func compose() throws {
        let outcome = try run(
            [],
            [
                "CHARON_BEACON_NODE_ENDPOINTS": "http://127.0.0.1:1", "CHARON_BEACON_NODE_TIMEOUT": "3s",
                "CHARON_BEACON_NODE_SUBMIT_TIMEOUT": "4s", "CHARON_BEACON_NODE_HEADERS": "",
                "CHARON_FALLBACK_BEACON_NODE_ENDPOINTS": "", "CHARON_LOG_LEVEL": "info", "CHARON_LOG_FORMAT": "console",
                "CHARON_FEATURE_SET_ENABLE": "", "CHARON_NICKNAME": "", "CHARON_P2P_EXTERNAL_HOSTNAME": "",
                "CHARON_EXECUTION_CLIENT_RPC_ENDPOINT": "http://127.0.0.1:1", "CHARON_P2P_TCP_ADDRESS": "127.0.0.1:0",
                "CHARON_BUILDER_API": "true", "CHARON_VERSION": "v1.10.0",
            ])
        #expect(outcome.status == 0, "\(outcome.text)")
        let line = try #require(outcome.text.split(separator: "\n").first { $0.contains(" configuration ") })
        for fact in [#""beacon-node-timeout": "3s""#, #""builder-api": "true""#, #""nickname": """#] {
            #expect(line.contains(fact), "\(line)")
        }
        let names = line.matches(of: #/"([a-z0-9-]+)": "/#).map { String($0.1) }
        #expect(names == names.sorted() && names.count == Run.flags.options.count + Run.flags.switches.count)
    }

    @Test("flags of what is not here are told by name, once each")
    func idle() throws {
        let outcome = try run([
            "--beacon-node-endpoints", "http://127.0.0.1:1", "--manifest-file", "m", "--consensus-protocol", "abft",
            "--synthetic-block-proposals", "--simnet-slot-duration", "1s",
            "--simnet-beacon-mock=false", "--feature-set-enable", "quic,json_requests,lineer,sse_reorg_duties",
            "--feature-set-disable", "fetch_only_commidx_0",
        ])
        #expect(outcome.status == 0)
        let lines = outcome.text.split(separator: "\n").filter { $0.contains("without effect") }
        for name in [
            "--consensus-protocol", "--synthetic-block-proposals", "--simnet-slot-duration", "quic",
            "lineer", "fetch_only_commidx_0",
        ] {
            #expect(lines.count { $0.contains("\"\(name)\"") } == 1, "\(name): \(lines)")
        }
        #expect(lines.count == 6 && lines.contains { $0.contains(#""probably_meant": "linear""#) }, "\(lines)")
    }

    @Test(
        "what would mean another thing if it were ignored is refused",
        arguments: ["simnet-beacon-mock", "simnet-beacon-mock-fuzz", "simnet-validator-mock", "p2p-fuzz"])
    func refused(flag: String) throws {
        let outcome = try run(["--\(flag)", "--beacon-node-endpoints", "http://127.0.0.1:1"])
        #expect(outcome.status == 1 && outcome.text.contains("styx: run: --\(flag) is not in this version"))
        #expect(!outcome.text.contains("waiting"))
    }

    @Test(
        "commands that are not here say so",
        arguments: ["alpha add-validators", "alpha view-cluster-manifest", "unsafe run"])
    func absent(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let outcome = try Program.run(words + ["--x", "y"], in: directory.path)
        #expect(outcome.status == 1 && outcome.text.contains("this version"))
        #expect(!outcome.text.contains("Usage"))
    }

    @Test("`test` is `alpha test`")
    func alias() throws {
        let outcome = try Program.run(["test", "validator", "--test-cases", "nonsense"], in: directory.path)
        #expect(outcome.status == 1 && outcome.text.contains("alpha test validator"), "\(outcome.text)")
    }

    @Test("a configuration file counts for every command; one that cannot be read stops it, but not the help")
    func configurationFile() throws {
        try directory.write("charon.yaml", Array("nickname: \(String(repeating: "n", count: 33))\nzzz: 1\n".utf8))
        let long = try run(["--beacon-node-endpoints", "http://127.0.0.1:1"])
        #expect(long.status == 1 && long.text.contains("--nickname is set by /"), "\(long.text)")
        #expect(long.text.contains("/charon.yaml:1)"))
        #expect(long.text.contains("belongs to no flag"))
        try directory.write("charon.yaml", Array("data-dir: node1\nzzz: 1\n".utf8))
        let enr = try Program.run(["enr"], in: directory.path)
        #expect(enr.status == 0 && enr.text.contains("enr:") && enr.text.contains("warning: entry"), "\(enr.text)")
        try directory.write("styx.json", Array("{\n\"a\"".utf8))
        for arguments in [["enr"], ["run"], ["relay"], ["cluster", "inspect", "x"]] {
            let broken = try Program.run(arguments, in: directory.path)
            #expect(broken.status == 1 && broken.text.contains("/styx.json:3 "), "\(broken.text)")
        }
        for arguments in [["enr", "--help"], ["version"]] {
            #expect(try Program.run(arguments, in: directory.path).status == 0)
        }
    }
}
