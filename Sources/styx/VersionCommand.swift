import ArgumentParser
import Program

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version and exit.")

    func run() { print(Version.line) }
}

enum Version {
    /// The first word is the version: scripts read it.
    static let line =
        "\(BuildInfo.version) [git_commit_hash=\(BuildInfo.gitHash),charon_compat=\(BuildInfo.charonVersion)]"
}
