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
        return try #require(try Styx.parseAsRoot(expanded.arguments) as? Run)
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
                #expect(run.logging.logLevel == .error && run.beaconNodeTimeout == .seconds(2), "\(flag)")
                #expect(run.lockFile == ".charon/cluster-lock.json")
            }
        }
        let relay = EnvironmentArguments.expand(["relay", "--p2p-relays=", "--auto-p2pkey="], environment: [:])
        #expect(relay.arguments == ["relay"])
        for flag in Run.flags.switches {
            let run = EnvironmentArguments.expand(["run", "--\(flag)="], environment: ["STYX_NO_VERIFY": "t"])
            #expect(run.arguments == ["run", "--no-verify"], "\(flag)")
        }
    }

    @Test("a switch that is on by default is turned off by the command line, whatever a variable says")
    func onByDefault() throws {
        let on = ["CHARON_AUTO_P2PKEY": "true"]
        let off = ["CHARON_AUTO_P2PKEY": "false"]
        for (arguments, environment, expected) in [
            ([], on, true), ([], off, false), (["--no-auto-p2pkey"], on, false), (["--auto-p2pkey=false"], on, false),
            (["--auto-p2pkey"], off, true), (["--auto-p2pkey=1"], off, true),
        ] as [([String], [String: String], Bool)] {
            let expanded = EnvironmentArguments.expand(["relay"] + arguments, environment: environment)
            let relay = try #require(try Styx.parseAsRoot(expanded.arguments) as? RelayCommand)
            #expect(relay.autoP2pkey == expected, "\(arguments) \(environment)")
        }
    }

    @Test("what stands after two dashes is left alone, and variables count all the same")
    func dashes() {
        let expanded = EnvironmentArguments.expand(
            ["cluster", "inspect", "--all=true", "--", "--json="], environment: ["STYX_NETWORK": "hoodi"])
        #expect(expanded.arguments == ["cluster", "inspect", "--network=hoodi", "--all", "--", "--json="])
    }

    @Test("a complaint says where the flag was set, unless on the command line")
    func origins() {
        let expanded = EnvironmentArguments.expand(
            ["run", "--nickname", "x"],
            environment: ["CHARON_BEACON_NODE_TIMEOUT": "soon", "STYX_NICKNAME": "y", "CHARON_NO_VERIFY": "maybe"])
        #expect(
            expanded.origins == [
                "beacon-node-timeout": "CHARON_BEACON_NODE_TIMEOUT", "no-verify": "CHARON_NO_VERIFY",
            ])
        let told = expanded.explained("--beacon-node-timeout is bad")
        #expect(told == "--beacon-node-timeout is bad\n(--beacon-node-timeout is set by CHARON_BEACON_NODE_TIMEOUT)")
        for other in ["--nickname is bad", "--no-verify-at-all is bad", "nothing"] {
            #expect(expanded.explained(other) == other)
        }
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

    @Test("a relay without pages can be asked for on the command line, not by an empty variable")
    func relayAddresses() throws {
        let charon = ["CHARON_HTTP_ADDRESS": "0.0.0.0:3640", "CHARON_MONITORING_ADDRESS": "0.0.0.0:3620"]
        for (arguments, environment, http, monitoring) in [
            ([], [:], "127.0.0.1:3640", ""), ([], ["CHARON_HTTP_ADDRESS": ""], "127.0.0.1:3640", ""),
            ([], charon, "0.0.0.0:3640", "0.0.0.0:3620"), (["--http-address", ""], [:], "", ""),
            (["--http-address="], charon, "", "0.0.0.0:3620"),
            (["--monitoring-address", "", "--http-address", ""], charon, "", ""),
        ] as [([String], [String: String], String, String)] {
            let expanded = EnvironmentArguments.expand(["relay"] + arguments, environment: environment)
            let relay = try #require(try Styx.parseAsRoot(expanded.arguments) as? RelayCommand)
            #expect(relay.httpAddress == http, "\(arguments) \(environment)")
            #expect(relay.monitoringAddress == monitoring, "\(arguments) \(environment)")
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
        #expect(run.logging.logLevel == level)
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

    /// Commands that do something, with their place.
    private static func commands(
        _ command: any ParsableCommand.Type = Styx.self, _ path: [String] = []
    ) -> [(path: [String], command: any ParsableCommand.Type)] {
        let inner = command.configuration.subcommands
        guard !inner.isEmpty else { return [(path, command)] }
        return inner.flatMap { commands($0, path + [$0._commandName]) }
    }

    @Test("every flag that a command has is found in variables and files, and the other way round")
    func complete() throws {
        let commands = Self.commands()
        #expect(commands.count > 25)
        for (path, command) in commands where path != ["version"] {
            let help = command.helpMessage(includeHidden: true)
            let names = help.matches(of: /(?m)^ +(?:-\w, )?--([a-z0-9][a-z0-9-]*)/).map { String($0.1) }
            let (found, flags) = try #require(EnvironmentArguments.command(of: path))
            #expect(found == path)
            #expect(Set(names).subtracting(["help", "version"]) == Set(flags.options + flags.switches), "\(path)")
            #expect(Set(flags.onByDefault).isSubset(of: flags.switches), "\(path)")
            #expect(Set(flags.noneIfEmpty).isSubset(of: flags.options), "\(path)")
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
}
