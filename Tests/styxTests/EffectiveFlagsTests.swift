import Testing

@testable import styx

@Suite("the line with every flag")
struct EffectiveFlagsTests {
    private static func values(
        _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> [String: String] {
        let expanded = EnvironmentArguments.expand(arguments, environment: environment)
        let command = try Styx.parseAsRoot(expanded.arguments)
        return EffectiveFlags(command).values
    }

    @Test("all flags of the command, and no others")
    func complete() throws {
        for (name, flags) in [("run", Run.flags), ("relay", RelayCommand.flags)] {
            let values = try Self.values([name])
            #expect(Set(values.keys) == Set(flags.options + flags.switches), "\(name)")
        }
    }

    @Test("values as operators write them, wherever they come from")
    func values() throws {
        let values = try Self.values(
            ["run", "--beacon-node-endpoints", "http://a:1, http://b:2", "--builder-api"],
            ["CHARON_BEACON_NODE_TIMEOUT": "90s", "STYX_LOG_LEVEL": "DEBUG", "CHARON_P2P_EXTERNAL_IP": "1.2.3.4"])
        for (name, expected) in [
            ("beacon-node-endpoints", "http://a:1,http://b:2"), ("builder-api", "true"), ("no-verify", "false"),
            ("beacon-node-timeout", "1m30s"), ("beacon-node-submit-timeout", "2s"), ("log-level", "debug"),
            ("signer", "off"), ("signer-timeout", "2s"), ("p2p-external-ip", "1.2.3.4"), ("p2p-external-hostname", ""),
            ("validator-keys-dir", ".charon/validator_keys"),
            ("monitoring-address", "127.0.0.1:3620"), ("feature-set", "stable"),
            ("testnet-chain-id", "0"), ("publish-address", "https://api.obol.tech/v1"), ("graffiti", ""),
        ] {
            #expect(values[name] == expected, "\(name)")
        }
        let relay = try Self.values(["relay", "--auto-p2pkey=false"])
        #expect(relay["auto-p2pkey"] == "false" && relay["p2p-max-reservations"] == "512")
        let long = try Self.values(["run", "--p2p-peers", String(repeating: "/ip4/1.2.3.4/tcp/1,", count: 100)])
        #expect(long["p2p-peers"]?.count == 301)
    }

    @Test(
        "secrets are masked where they stand",
        arguments: [
            ("beacon-node-endpoints", "http://a:1", "http://a:1"),
            ("beacon-node-endpoints", "http://u:p@a:1/,https://h/k/v2?x=y#z", "http://***@a:1/,https://h/***?***"),
            ("beacon-node-endpoints", "u:p@h", "***@h"), ("beacon-node-endpoints", "//u:p@h/x", "//***@h/***"),
            ("beacon-node-endpoints", "http://u:p@q@h", "http://***@h"),
            ("beacon-node-endpoints", "http://u:p/q@h,http://h/p@q?r", "http://***,http://***?***"),
            ("p2p-relays", "http://r:1/enr,/ip4/1.2.3.4/tcp/1/p2p/16U", "http://r:1/***,/ip4/1.2.3.4/tcp/1/p2p/16U"),
            ("publish-address", "https://u:p@api/v1", "https://***@api/v1"),
            ("signer-url", "https://s:9000?token=x", "https://s:9000?***"),
            ("beacon-node-headers", "A=b,C=d=e,secret", "A=***,C=***,***"), ("otlp-headers", "A=b", "A=***"),
            ("keymanager-auth-tokens", "a,b", "***,***"), ("keymanager-token-file", "/a/b", "/a/b"),
            ("nickname", "plain", "plain"), ("nickname", "", ""),
        ])
    func masked(flag: String, value: String, expected: String) {
        #expect(CommandSecrets.shown(value, of: flag) == expected)
    }
}
