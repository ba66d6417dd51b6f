import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import styx

@Suite("command line and environment")
struct EnvironmentArgumentsTests {
    /// `styx run` as the parser understands it.
    private static func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Run {
        let expanded = EnvironmentArguments.expand(["run"] + arguments, environment: environment)
        return try #require(try Styx.parseAsRoot(expanded) as? Run)
    }

    @Test("the command line wins over STYX_*, that over CHARON_*, that over the default; what is empty is not set")
    func precedence() throws {
        let (flag, styx, charon) = ("--nickname=flag", ["STYX_NICKNAME": "styx"], ["CHARON_NICKNAME": "charon"])
        let both = styx.merging(charon) { first, _ in first }
        for (arguments, environment, expected) in [
            ([flag], both, "flag"), (["--nickname", "flag"], both, "flag"), ([], both, "styx"), ([], charon, "charon"),
            ([], [:], ""), ([], ["STYX_NICKNAME": "", "CHARON_NICKNAME": "charon"], "charon"),
            (["--nickname="], both, "styx"), (["--nickname", ""], charon, "charon"), (["--nickname="], [:], ""),
        ] as [([String], [String: String], String)] {
            let run = try Self.run(arguments, environment)
            #expect(run.nickname == expected, "\(arguments) \(environment)")
        }
    }

    @Test("every flag of run may be empty: the default holds")
    func empty() throws {
        for flag in Run.flags.options where !Run.flags.noneIfEmpty.contains(flag) {
            for arguments in [["--\(flag)="], ["--\(flag)", ""]] {
                let run = try Self.run(arguments + ["--log-level=error"])
                #expect(run.logLevel == .error && run.beaconNodeTimeout == .seconds(2), "\(flag)")
                #expect(run.lockFile == ".charon/cluster-lock.json")
            }
        }
        _ = try Styx.parseAsRoot(EnvironmentArguments.expand(["relay", "--p2p-relays="], environment: [:]))
    }

    @Test("no relays at all can be said on the command line, not by an empty variable")
    func noRelays() throws {
        for arguments in [["--p2p-relays="], ["--p2p-relays", ""]] {
            let none = try Self.run(arguments, ["CHARON_P2P_RELAYS": "https://relay.example"])
            #expect(list(none.p2pRelays).isEmpty)
        }
        let usual = try Self.run([], ["CHARON_P2P_RELAYS": ""])
        #expect(usual.p2pRelays.count == 3)
    }

    @Test("flags of the remote signer, and their variables")
    func remoteSigner() throws {
        let run = try Self.run(
            ["--signer=remote", "--signer-url=https://a:1,https://b:2", "--signer-ca-file", "ca.pem"],
            ["STYX_SIGNER_TIMEOUT": "500ms", "CHARON_SIGNER_KEY_FILE": "k.pem"])
        #expect(run.signer == .remote && run.validatorKeysDir == nil)
        let flags = run.remoteSigner.flags
        #expect(flags.urls == ["https://a:1", "https://b:2"])
        #expect(flags.timeout == .milliseconds(500))
        #expect([flags.authorityFile, flags.certificateFile, flags.keyFile] == ["ca.pem", "", "k.pem"])
        #expect(try Self.run([], [:]).remoteSigner.flags.timeout == nil)
    }

    @Test("the monitoring address: Charon's default and variables; none can be said on the command line")
    func monitoring() throws {
        let charon = ["CHARON_MONITORING_ADDRESS": "0.0.0.0:3620"]
        for (arguments, environment, expected) in [
            ([], [:], "127.0.0.1:3620"), ([], charon, "0.0.0.0:3620"),
            ([], ["CHARON_MONITORING_ADDRESS": ""], "127.0.0.1:3620"),
            ([], charon.merging(["STYX_MONITORING_ADDRESS": "[::1]:1"]) { first, _ in first }, "[::1]:1"),
            (["--monitoring-address", "127.0.0.1:7"], charon, "127.0.0.1:7"), (["--monitoring-address="], charon, ""),
            (["--monitoring-address", ""], [:], ""),
        ] as [([String], [String: String], String)] {
            let run = try Self.run(arguments, environment)
            #expect(run.monitoring.monitoringAddress == expected, "\(arguments) \(environment)")
        }
    }

    @Test("lists: commas, repetition, blanks, and values with an equals sign")
    func lists() throws {
        let environment = ["CHARON_BEACON_NODE_ENDPOINTS": "http://a:1, http://b:2,,http://c:3/?k=v"]
        let run = try Self.run(
            ["--beacon-node-headers=A=1,B=x=y", "--beacon-node-headers", "C=3"], environment)
        #expect(list(run.beaconNodeEndpoints) == ["http://a:1", "http://b:2", "http://c:3/?k=v"])
        #expect(list(run.beaconNodeHeaders) == ["A=1", "B=x=y", "C=3"])
    }

    @Test("what Charon's operators set for builders, graffiti and overrides is understood")
    func proposals() throws {
        let charon = [
            "CHARON_BUILDER_API": "true", "CHARON_GRAFFITI": "one, two", "CHARON_OVERRIDES_FILE": "o.json",
            "CHARON_GRAFFITI_DISABLE_CLIENT_APPEND": "true",
        ]
        let run = try Self.run([], charon)
        #expect(run.builderApi && run.graffitiDisableClientAppend && run.overridesFile == "o.json")
        #expect(list(run.graffiti) == ["one", "two"])
        let plain = try Self.run(["--builder-api=false"], ["STYX_BUILDER_API": "true", "CHARON_GRAFFITI": ""])
        #expect(!plain.builderApi && plain.graffiti.isEmpty && !plain.graffitiDisableClientAppend)
        #expect(plain.overridesFile == ".charon/builder_registrations_overrides.json")
    }

    @Test(
        "switches in Go's spellings, from both sides",
        arguments: [
            (["--no-verify"], [:], true), (["--no-verify=true"], [:], true), (["--no-verify=F"], [:], false),
            (["--no-verify=0"], ["CHARON_NO_VERIFY": "true"], false), ([], ["CHARON_NO_VERIFY": "T"], true),
            ([], ["STYX_NO_VERIFY": "false", "CHARON_NO_VERIFY": "true"], false), ([], [:], false),
        ] as [([String], [String: String], Bool)])
    func switches(arguments: [String], environment: [String: String], expected: Bool) throws {
        let run = try Self.run(arguments, environment)
        #expect(run.noVerify == expected)
    }

    @Test("a value that is none for its flag is refused, from the environment too")
    func refused() {
        for (arguments, environment) in [
            (["--beacon-node-timeout=soon"], [:]), ([], ["CHARON_BEACON_NODE_TIMEOUT": "soon"]),
            ([], ["CHARON_NO_VERIFY": "maybe"]), (["--log-level=loud"], [:]), (["--nonsense"], [:]),
        ] as [([String], [String: String])] {
            #expect(throws: (any Error).self) { try Self.run(arguments, environment) }
        }
    }

    @Test(
        "log levels in any case",
        arguments: [
            ("INFO", LogLevel.info), ("Warning", .warn), ("warn", .warn), ("Debug", .debug), ("ERROR", .error),
            ("fatal", .fatal), ("Panic", .panic),
        ])
    func logLevel(text: String, level: LogLevel) throws {
        let run = try Self.run([], ["CHARON_LOG_LEVEL": text])
        #expect(run.logLevel == level)
    }

    @Test("a new journal is accepted by flag or variable only")
    func newJournal() throws {
        for (arguments, environment, expected) in [
            ([], [:], false), (["--accept-new-journal"], [:], true), ([], ["STYX_ACCEPT_NEW_JOURNAL": "true"], true),
        ] as [([String], [String: String], Bool)] {
            let run = try Self.run(arguments, environment)
            #expect(run.acceptNewJournal == expected)
        }
    }

    @Test("every flag that a command has is found in the environment, and the other way round")
    func complete() throws {
        func names(_ command: any ParsableCommand.Type) -> Set<String> {
            let help = command.helpMessage(includeHidden: true)
            let found = help.matches(of: /--(?:\[no-\])?([a-z0-9][a-z0-9-]*)/).map { String($0.1) }
            return Set(found).subtracting(["help", "version"])
        }
        for (command, flags) in [
            (Run.self, Run.flags), (RelayCommand.self, RelayCommand.flags), (CreateCluster.self, CreateCluster.flags),
            (CreateDKG.self, CreateDKG.flags), (CreateEnr.self, CreateEnr.flags), (Combine.self, Combine.flags),
            (ClusterInspect.self, ClusterInspect.flags), (Enr.self, Enr.flags), (DemoCommand.self, DemoCommand.flags),
            (ExitList.self, ExitList.flags), (ExitSign.self, ExitSign.flags), (ExitBroadcast.self, ExitBroadcast.flags),
            (ExitFetch.self, ExitFetch.flags), (ExitDelete.self, ExitDelete.flags),
            (ExitRequest.self, ExitRequest.flags),
            (DepositSign.self, DepositSign.flags),
            (DepositFetch.self, DepositFetch.flags), (FeeRecipientSign.self, FeeRecipientSign.flags),
            (FeeRecipientFetch.self, FeeRecipientFetch.flags), (FeeRecipientList.self, FeeRecipientList.flags),
        ] as [(any ParsableCommand.Type, EnvironmentArguments.Flags)] {
            let declared = Set(flags.options + flags.switches)
            let missing = declared.subtracting(names(command))
            #expect(missing.isEmpty, "\(command)")
        }
    }

    @Test("variables of no flag change nothing, and are named with what was meant, without their values")
    func unknown() throws {
        let environment = [
            "CHARON_BEACON_NODE_ENDPOINT": "http://u:secret@a", "CHARON_MONITORING_ADDRESS": "0.0.0.0:3620",
            "CHARON_LOKI_ADDRESSES": "", "STYX_NICKNAME": "n", "PATH": "/bin", "CHARON_": "x",
        ]
        let run = try Self.run([], environment)
        #expect(run.nickname == "n" && run.beaconNodeEndpoints.isEmpty)
        let unknown = EnvironmentArguments.unknown(in: environment)
        #expect(unknown.map(\.name) == ["CHARON_", "CHARON_BEACON_NODE_ENDPOINT"])
        #expect(unknown.last?.meant == "CHARON_BEACON_NODE_ENDPOINTS")
        #expect(!"\(unknown)".contains("secret"))
    }

    @Test("configuration files in the working directory are found, by path")
    func configurationFiles() throws {
        let directory = try TemporaryDirectory()
        #expect(Surroundings.configurationFiles(in: directory.path).isEmpty)
        try directory.write("charon.yaml", [])
        try directory.write("charon.toml", [])
        try directory.write("charon.json/x", [])
        let found = Surroundings.configurationFiles(in: directory.path)
        #expect(found == [directory.file("charon.yaml"), directory.file("charon.toml")])
    }
}
