import DutyWorkflow
import Ethereum
import SSZ

/// What leaves a hostile node, instead of the truth and besides it.
extension SimulatedCluster {
    mutating func strike() {
        guard let node = attacker?.node else { return }
        let current = chain.clock.currentSlot(at: now)
        for peer in 0..<options.nodes where peer != node {
            for event in attacker?.strike(peer, at: current, &random) ?? [] { send(event, node, peer) }
        }
        heap.schedule(.strike, at: now + draw(.milliseconds(200)...(.milliseconds(1500))))
    }

    /// What a node tells a peer of its shares.
    mutating func tell(_ set: ParSignedDataSet, _ node: Int) -> ParSignedDataSet {
        if node == attacker?.node { return attacker?.tell(set) ?? set }
        guard node == options.forger else { return set }
        return set.mapValues { partial in
            guard Bool.random(using: &random) else { return partial }
            return ParSignedData(data: partial.data.with(signature: .zero), shareIndex: partial.shareIndex)
        }
    }

    /// What a liar tells a peer: the truth to even ones, another value to odd ones. An attacker says the same to all.
    func tell(_ message: ConsensusMessage, _ node: Int, _ peer: Int) -> ConsensusMessage {
        if node == attacker?.node, message.message.kind == .prePrepare { return attacker?.tell(message) ?? message }
        guard node == options.liar, !peer.isMultiple(of: 2) else { return message }
        return message.proposing { set in
            set.mapValues { value in
                guard case .attester(var data, let row) = value else { return value }
                data.beaconBlockRoot = SHA256.hash(data.beaconBlockRoot.bytes)
                return .attester(data, row)
            }
        }
    }
}

extension ConsensusMessage {
    /// The same vote for another value, made of the one it is for.
    func proposing(_ change: (UnsignedDataSet) -> UnsignedDataSet) -> ConsensusMessage {
        guard let honest = values[message.value]?.duties else { return self }
        var lie = self
        let set = change(honest)
        lie.message.value = set.valueHash()
        lie.values[lie.message.value] = .duties(set)
        return lie
    }
}
