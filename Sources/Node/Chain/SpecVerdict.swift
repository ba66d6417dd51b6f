import BeaconAPI
import Ethereum

/// What the beacon nodes say of the chain's forks and constants, each by its last word: who is away for a while does not
/// leave the matter to who is there. What we go by stays as long as one of them says so, unless more than half say
/// something else; else most of them are right, and of as many the first configured.
struct SpecVerdict {
    /// Nil if nobody answered for our chain.
    private(set) var agreed: ChainSpec?
    /// Nodes that say something else, each with the difference.
    private(set) var dissenters: [Int: String] = [:]

    /// - Parameters:
    ///   - answers: each node's last, in the order of preference.
    ///   - forkVersion: of the genesis of our chain.
    ///   - current: what we go by; nil at the start.
    init(_ answers: [(node: Int, spec: ChainSpec)], forkVersion: ForkVersion, current: ChainSpec?) {
        var groups: [(spec: ChainSpec, nodes: Int)] = []
        for (_, spec) in answers where spec.forks.genesisVersion == forkVersion {
            if let index = groups.firstIndex(where: { $0.spec == spec }) {
                groups[index].nodes += 1
            } else {
                groups.append((spec, 1))
            }
        }
        let most = groups.map(\.nodes).max()
        let all = groups.reduce(0) { $0 + $1.nodes }
        if let current, groups.contains(where: { $0.spec == current }), 2 * (most ?? 0) <= all {
            agreed = current
        } else {
            agreed = groups.first { $0.nodes == most }?.spec
        }
        for (node, spec) in answers {
            if spec.forks.genesisVersion != forkVersion {
                dissenters[node] = "GENESIS_FORK_VERSION is not \(forkVersion), as in the cluster lock"
            } else if let agreed {
                dissenters[node] = spec.difference(from: agreed)
            }
        }
    }
}

extension ChainSpec {
    /// One line for operators; nil if there is no difference.
    func difference(from other: ChainSpec) -> String? {
        guard self != other else { return nil }
        let names = ForkName.allCases.filter { forks.epoch(of: $0) != other.forks.epoch(of: $0) }
        var parts = names.map { name in
            "\(name) \(Self.when(forks.epoch(of: name))) instead of \(Self.when(other.forks.epoch(of: name)))"
        }
        if let unknown = forks.firstUnknownEpoch, unknown != other.forks.firstUnknownEpoch {
            parts.append("an unknown fork \(Self.when(unknown))")
        }
        if parts.isEmpty, forks != other.forks { parts.append("other fork versions") }
        if !hasConstants(of: other) { parts.append("other constants") }
        return parts.joined(separator: ", ")
    }

    /// Equal but for the forks.
    func hasConstants(of other: ChainSpec) -> Bool {
        var same = self
        same.forks = other.forks
        return same == other
    }

    private static func when(_ epoch: Epoch) -> String { epoch == .farFuture ? "never" : "at epoch \(epoch)" }
}
