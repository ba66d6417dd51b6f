import ArgumentParser
import Foundation
import Program

@main
struct Styx: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "styx",
        abstract: "Distributed-validator client for Ethereum, compatible with Obol Charon.",
        discussion: """
            Every flag can also be given as an environment variable: --beacon-node-endpoints is STYX_BEACON_NODE_ENDPOINTS \
            or CHARON_BEACON_NODE_ENDPOINTS. Or it stands in a file of the working directory, styx.yaml or charon.yaml (or \
            .yml, .json, .toml), as `beacon-node-endpoints: http://localhost:5052`. The command line wins over STYX_*, \
            STYX_* over CHARON_*, these over styx.yaml, styx.yaml over charon.yaml. A variable that is empty counts as not \
            set; `p2p-relays: ""` in a file means no relays, as --p2p-relays= does.
            """,
        version: Version.line,
        subcommands: [
            Run.self, TopCommand.self, RelayCommand.self, Create.self, ClusterCommand.self, Enr.self, Combine.self,
            DKGCommand.self, ExitCommand.self, DepositCommand.self, FeeRecipientCommand.self,
            SlashingProtectionCommand.self, JournalCommand.self, DoctorCommand.self, Alpha.self, DemoCommand.self,
            VersionCommand.self,
        ])

    static func main() async {
        OpenFiles.raiseLimit()
        let arguments = Array(CommandLine.arguments.dropFirst())
        var expansion = EnvironmentArguments.Expansion(arguments: arguments)
        do {
            if let refusal = AbsentCommands.refusal(of: arguments) { throw refusal }
            let surroundings = try Surroundings.look(for: arguments)
            expansion = EnvironmentArguments.expand(
                arguments, environment: surroundings.environment, files: surroundings.folder)
            CommandSecrets.note(in: expansion.arguments)
            var command = try parseAsRoot(expansion.arguments)
            // These have a log for it.
            if !(command is Run || command is RelayCommand || command is DKGCommand) { Surroundings.note() }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            _ = LogOutput.close()
        } catch let failure as CommandFailure {
            guard LogOutput.close() else { Foundation.exit(1) }
            Terminal.keep()
            Terminal.write("styx: \(expansion.explained("\(failure)"))")
            Foundation.exit(1)
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            guard LogOutput.close() else { Foundation.exit(code.rawValue) }
            // Help and the version are answers.
            if code.isSuccess { print(text) } else if !text.isEmpty { Terminal.write(expansion.explained(text)) }
            Foundation.exit(code.rawValue)
        }
    }
}
