import ArgumentParser
import Foundation

@main
struct Styx: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "styx",
        abstract: "Distributed-validator client for Ethereum, compatible with Obol Charon.",
        discussion: """
            Every flag can also be given as an environment variable: --beacon-node-endpoints is STYX_BEACON_NODE_ENDPOINTS \
            or CHARON_BEACON_NODE_ENDPOINTS. The command line wins over STYX_*, STYX_* over CHARON_*; an empty variable \
            counts as not set.
            """,
        version: Version.line,
        subcommands: [
            Run.self, RelayCommand.self, Create.self, ClusterCommand.self, Enr.self, Combine.self,
            ExitCommand.self, DepositCommand.self, FeeRecipientCommand.self, SlashingProtectionCommand.self,
            Alpha.self, DemoCommand.self, VersionCommand.self,
        ])

    static func main() async {
        let arguments = EnvironmentArguments.expand(
            Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
        CommandSecrets.note(in: arguments)
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            _ = LogOutput.close()
        } catch let failure as CommandFailure {
            guard LogOutput.close() else { Foundation.exit(1) }
            Terminal.keep()
            Terminal.write("styx: \(failure)")
            Foundation.exit(1)
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            guard LogOutput.close() else { Foundation.exit(code.rawValue) }
            // Help and the version are answers.
            if code.isSuccess { print(text) } else if !text.isEmpty { Terminal.write(text) }
            Foundation.exit(code.rawValue)
        }
    }
}
