import ArgumentParser
import Cluster

struct CreateEnr: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enr",
        abstract: "Create this node's identity key, and print its ENR, which the cluster's creator needs.",
        discussion: "An existing key is never overwritten, whatever state it is in.")

    @Option(help: "Directory for charon-enr-private-key; made if missing.") var dataDir = ".charon"

    static let flags = EnvironmentArguments.Flags(options: ["data-dir"])

    func run() throws {
        do {
            var random = SystemRandomNumberGenerator()
            print(try NewIdentity(dataDirectory: dataDir, using: &random).summary)
        } catch {
            throw CommandFailure("create enr: \(error)")
        }
    }
}
