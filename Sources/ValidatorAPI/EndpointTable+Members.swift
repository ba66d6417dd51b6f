import DutyWorkflow
import Ethereum

/// Whom a request speaks for.
extension EndpointTable {
    /// The validators with these indices, in order.
    ///
    /// - Parameter epoch: in which they are to be active, if they are not now.
    /// - Throws: 400 with one failure for each place that names another.
    func members(_ indices: [ValidatorIndex], in epoch: Epoch) async throws -> [PubKey] {
        guard !indices.isEmpty else { return [] }
        let active = try await backend.activeValidators(in: epoch)
        var pubKeys: [PubKey] = []
        var refusals: [Int: ValidatorAPIRefusal] = [:]
        for (place, index) in indices.enumerated() {
            if let pubKey = active[index] {
                pubKeys.append(pubKey)
            } else {
                refusals[place] = .refused("validator \(index) is not an active validator of this cluster")
            }
        }
        try Self.require(refusals)
        return pubKeys
    }

    /// The latest epoch of these slots: whoever is active then or now may sign for the others as well.
    func lastEpoch(of slots: [Slot]) -> Epoch { backend.domains.epoch(of: slots.max() ?? .zero) }

    /// - Throws: 400 with one failure for each proof that is not the cluster's signature.
    func requireClusterProofs(_ proofs: [ClusterProof]) async throws {
        guard !proofs.isEmpty else { return }
        let verdicts = try await backend.verify(proofs)
        precondition(verdicts.count == proofs.count)
        var refusals: [Int: ValidatorAPIRefusal] = [:]
        for (place, isGood) in verdicts.enumerated() where !isGood {
            refusals[place] = .refused("the selection proof is not the one that the cluster made")
        }
        try Self.require(refusals)
    }
}
