import Ethereum

/// Turns agreeing shares into a group signature. The arithmetic is an effect; what to sign over is decided here.
/// Source: workflow.md §11.
struct SigAgg: Sendable {
    private var configuration: WorkflowConfiguration
    private var combining: [Duty: [EntryKey: PartialGroup]] = [:]

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    mutating func follow(_ forks: ForkSchedule) { configuration.forks = forks }

    mutating func combine(_ duty: Duty, _ groups: [EntryKey: PartialGroup]) -> [Signal] {
        combining[duty, default: [:]].merge(groups) { _, new in new }
        return [.tracked(duty, .thresholdReached(groups.keys.pubKeys)), .perform(.recover(duty, groups))]
    }

    /// - Parameters:
    ///   - definition: of the validator's duty, if this node knows it.
    ///   - decided: the validator's value, if this node knows it.
    mutating func recovered(
        _ duty: Duty, _ results: [EntryKey: Recovery], definition: (PubKey) -> DutyDefinition?,
        decided: (PubKey) -> UnsignedData? = { _ in nil }
    ) -> [Signal] {
        var set: SignedDataSet = [:]
        var signals: [Signal] = []
        for (key, result) in results.sorted(by: { $0.key < $1.key }) {
            guard let group = combining[duty]?.removeValue(forKey: key) else { continue }
            switch result {
            case .signature(let signature):
                set[key] = template(group, definition(key.pubKey), decided(key.pubKey)).with(signature: signature)
            case .badShares(let shares):
                signals += shares.map { .tracked(duty, .badShare(key.pubKey, $0)) }
                signals.append(.badShares(duty, key, shares))
            }
        }
        if combining[duty]?.isEmpty == true { combining[duty] = nil }
        if !set.isEmpty { signals.append(.aggregated(duty, set)) }
        return signals
    }

    mutating func expire(_ duty: Duty) { combining[duty] = nil }

    /// The object to broadcast. Parts that are not signed (committee bit, validator index) come from what we know of the
    /// duty, else from the group: a peer must not be able to spoil them.
    private func template(
        _ group: PartialGroup, _ definition: DutyDefinition?, _ decided: UnsignedData?
    ) -> SignedData {
        // Blobs and their proofs are not signed.
        if case .proposal(let signed) = group.data, case .proposal(let proposal)? = decided,
            proposal.messageRoot == signed.messageRoot
        {
            return .proposal(proposal.signed(with: .zero))
        }
        guard let definition else { return group.data }
        switch group.data {
        case .attestation(let attestation):
            guard let row = definition.attesterDuty else { return group.data }
            // The fork, too, is a peer's word; the slot is signed.
            let fork = configuration.forks.fork(at: configuration.clock.epoch(of: attestation.data.slot))
            return VersionedAttestation(fork: fork, data: attestation.data, duty: row).map { .attestation($0) }
                ?? group.data
        case .committeeSelection(var selection):
            selection.validatorIndex = definition.validatorIndex
            return .committeeSelection(selection)
        case .syncSelection(var selection):
            selection.validatorIndex = definition.validatorIndex
            return .syncSelection(selection)
        case .syncMessage(var message):
            message.validatorIndex = definition.validatorIndex
            return .syncMessage(message)
        case .proposal, .exit, .registration, .randao, .aggregateAndProof, .contributionAndProof: return group.data
        }
    }
}
