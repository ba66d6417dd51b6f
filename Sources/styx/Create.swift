import ArgumentParser
import Cluster

struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create what a cluster needs.", subcommands: [CreateCluster.self, CreateDKG.self, CreateEnr.self])
}

/// `--compat`: the Charon release whose files to write.
enum Compat: String, ExpressibleByArgument, CaseIterable {
    case v1_10 = "v1.10"
    case v1_11 = "v1.11"

    var fileVersion: FileVersion {
        switch self {
        case .v1_10: .v1_10
        case .v1_11: .v1_11
        }
    }
}

func ethAmounts(_ values: [String]) throws -> [UInt64] {
    try list(values).map { text in
        guard let amount = UInt64(text) else {
            throw CommandFailure("--deposit-amounts: '\(text)' is no whole number of ETH")
        }
        return amount
    }
}
