import BeaconAPI
import Ethereum

/// Which beacon nodes are of the cluster's chain. Nothing on the chain says who is right, so we go by what we know better,
/// in this order: the lock's genesis fork version, the public network's genesis, and what most of the nodes say.
struct GenesisVerdict {
    /// Genesis of the cluster's chain; nil if no node that answered is of it.
    private(set) var agreed: Genesis?
    /// Nodes of that chain.
    private(set) var members: Set<Int> = []
    /// The others that answered, each with what is wrong.
    private(set) var foreign: [(node: Int, why: String)] = []
    /// Fork version of a public network with another genesis: a private chain that borrowed it, or a lie.
    private(set) var isUnlikeNetwork = false

    /// - Parameters:
    ///   - answers: in the order of preference.
    ///   - network: the lock's, if it is known.
    init(_ answers: [(node: Int, genesis: Genesis)], forkVersion: ForkVersion, network: Network?) {
        var groups: [(genesis: Genesis, nodes: [Int])] = []
        for (node, genesis) in answers {
            guard genesis.forkVersion == forkVersion else {
                let wanted = "\(network?.name ?? "another network") (\(forkVersion))"
                foreign.append(
                    (node, "genesis fork version \(genesis.forkVersion); the cluster lock is for \(wanted)"))
                continue
            }
            if let index = groups.firstIndex(where: { $0.genesis == genesis }) {
                groups[index].nodes.append(node)
            } else {
                groups.append((genesis, [node]))
            }
        }
        let known = groups.first { network.map($0.genesis.isOf) ?? false }
        let most = groups.map(\.nodes.count).max()
        guard let chosen = known ?? groups.first(where: { $0.nodes.count == most }) else { return }
        agreed = chosen.genesis
        members = Set(chosen.nodes)
        isUnlikeNetwork = known == nil && network?.genesisValidatorsRoot != nil
        for group in groups where group.genesis != chosen.genesis {
            foreign += group.nodes.map { node in
                let (root, time) = (group.genesis.validatorsRoot, group.genesis.time)
                let wanted = "\(chosen.genesis.validatorsRoot) and \(chosen.genesis.time)"
                return (node, "genesis validators root \(root) and time \(time) instead of \(wanted)")
            }
        }
        foreign.sort { $0.node < $1.node }
    }
}

extension Genesis {
    fileprivate func isOf(_ network: Network) -> Bool {
        guard let root = network.genesisValidatorsRoot else { return false }
        return validatorsRoot == root && Instant(unixSeconds: time) == network.genesisTime
    }
}
