import ArgumentParser
import Cluster
import Program

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version and exit.")

    @Flag(help: "Also what it works with and what it was built for.") var verbose = false

    func run() { print(verbose ? Version.details : Version.line) }
}

enum Version {
    /// The first word is the version: scripts read it.
    static let line =
        "\(BuildInfo.version) [git_commit_hash=\(BuildInfo.gitHash),charon_compat=\(BuildInfo.charonVersion)]"

    static let details = """
        \(line)
        Client: \(BuildInfo.client)
        Charon on the wire: \(BuildInfo.charonVersion) and v1.10
        Cluster files: \(FileVersion.allCases.map(\.rawValue).joined(separator: ", "))
        Platform: \(BuildInfo.platform)
        Packages inside: in the bill of materials of the release (styx-….spdx.json)
        """
}
