import DutyWorkflow
import Ethereum

/// Forks that move while duties run: what beacon nodes say of them, what nodes have heard, and what the chain takes.
extension SimulatedCluster {
    /// From then on beacon nodes follow another schedule; their nodes ask again within an epoch.
    ///
    /// - Parameter node: whose beacon node it is; nil for all.
    package mutating func moveForks(to forks: ForkSchedule, at: Instant, of node: Int? = nil) {
        forkMoves.append((at, node, forks))
        let epoch = options.slotDuration * Int(options.slotsPerEpoch)
        for node in node.map({ [$0] }) ?? Array(nodes.indices) {
            heap.schedule(.forksRead(node: node), at: at + draw(.zero...epoch))
        }
    }

    /// What the node's beacon node says now.
    func beaconForks(_ node: Int) -> ForkSchedule {
        forkMoves.filter { $0.at <= now && ($0.node == nil || $0.node == node) }
            .max { $0.at < $1.at }?.forks ?? options.forks
    }

    /// A node that is down reads them when it starts.
    mutating func readForks(_ node: Int) {
        let forks = beaconForks(node)
        guard nodes[node].workflow != nil, nodes[node].forks != forks else { return }
        nodes[node].forks = forks
        turn(node, .forksChanged(forks))
    }

    /// What the node's signer, its validator client and its checks go by.
    func domains(_ node: Int) -> SigningDomains { chain.domains(nodes[node].forks) }

    /// The committee that a beacon node's attestation data name.
    func named(_ committee: CommitteeIndex, _ slot: Slot, _ node: Int) -> CommitteeIndex {
        beaconForks(node).fork(at: chain.clock.epoch(of: slot)).usesElectraAttestations ? .zero : committee
    }

    /// Whether the beacon node takes what is broadcast: signatures, and the proofs within, of the forks that it follows.
    func isTaken(_ set: SignedDataSet, _ node: Int) -> Bool {
        let domains = chain.domains(beaconForks(node))
        func holds(_ data: SignedData, _ pubKey: PubKey) -> Bool {
            data.signature == chain.groupSignature(pubKey, domains.signingRoot(of: data))
        }
        return set.allSatisfy { key, data in
            switch data {
            case .aggregateAndProof(let signed):
                let proof = BeaconCommitteeSelection(
                    validatorIndex: signed.aggregatorIndex, slot: signed.data.slot,
                    selectionProof: signed.selectionProof)
                return holds(data, key.pubKey) && holds(.committeeSelection(proof), key.pubKey)
            case .contributionAndProof(let signed):
                let contribution = signed.message.contribution
                let proof = SyncCommitteeSelection(
                    validatorIndex: signed.message.aggregatorIndex, slot: contribution.slot,
                    subcommitteeIndex: contribution.subcommitteeIndex, selectionProof: signed.message.selectionProof)
                return holds(data, key.pubKey) && holds(.syncSelection(proof), key.pubKey)
            case .proposal(let signed):
                let epoch = chain.clock.epoch(of: signed.slot)
                let reveal = SignedEpoch(epoch: epoch, signature: signed.proposal.randaoReveal)
                return holds(data, key.pubKey) && holds(.randao(reveal), key.pubKey)
            case .attestation, .exit, .registration, .randao, .committeeSelection, .syncMessage, .syncSelection:
                return holds(data, key.pubKey)
            }
        }
    }
}
