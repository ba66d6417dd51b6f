import BeaconAPI
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// What operators do about their validators' exits: `styx exit …`. Source: spec/cli-create.md §8.
package struct Exits: Sendable {
    /// Which validators are meant.
    package enum Choice: Equatable, Sendable {
        case all
        case validator(PubKey)
        /// `exit sign` only.
        case index(ValidatorIndex)
        /// `exit sign` only: then the beacon node is not asked.
        case both(PubKey, ValidatorIndex)
    }

    let cluster: VerifiedCluster
    let chain: ExitChain
    let notes: CommandNotes

    package init(_ cluster: VerifiedCluster, _ chain: ExitChain, notes: CommandNotes) {
        self.cluster = cluster
        self.chain = chain
        self.notes = notes
    }

    /// The operator with these files.
    package func seat(_ files: ClusterFiles) throws(ClusterError) -> Seat { try Seat(cluster, files) }

    /// Validators that attest, in lock order.
    ///
    /// - Parameter plaintext: public keys only.
    package func list(plaintext: Bool) async throws {
        let rows = try await chain.validators(.pubKeys(cluster.pubKeys))
        let active = cluster.pubKeys.compactMap { rows[$0] }.filter { $0.status == .activeOngoing }
        for row in active {
            let key = row.validator.pubKey.hex
            notes.say(plaintext ? key : "\(key)  index \(row.index)")
        }
        if active.isEmpty {
            notes.warn("none of the cluster's \(String.count(cluster.pubKeys.count, "validator")) is active_ongoing")
        }
    }

    /// Those that may leave the chain: active, not leaving yet. One that was named must be among them.
    func leaving(_ choice: Choice, among pubKeys: [PubKey]) async throws -> [BeaconValidator] {
        let rows = try await chain.validators(.pubKeys(pubKeys))
        guard case .all = choice else {
            guard let pubKey = pubKeys.first else { return [] }
            guard let row = rows[pubKey] else { throw Self.unknown(pubKey) }
            guard row.status == .activeOngoing else {
                throw ClusterError.option(
                    "--validator-public-key", "\(pubKey) is \(row.status.rawValue), and only active_ongoing can exit")
            }
            return [row]
        }
        var leaving: [BeaconValidator] = []
        for pubKey in pubKeys {
            let status = rows[pubKey]?.status
            if let row = rows[pubKey], status == .activeOngoing {
                leaving.append(row)
            } else {
                let reason = status.map { "is \($0.rawValue)" } ?? "is not known to the beacon node"
                notes.warn("validator \(pubKey) left out: it \(reason)")
            }
        }
        return leaving
    }

    static func unknown(_ pubKey: PubKey) -> ClusterError {
        .option(
            "--validator-public-key",
            "\(pubKey) is not known to the beacon node; was its deposit made, and is the beacon node in sync?")
    }
}
