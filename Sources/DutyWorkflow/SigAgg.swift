import Ethereum

/// Turns agreeing shares into a group signature. The arithmetic is an effect; what to sign over is decided here.
/// Source: workflow.md §11.
struct SigAgg: Sendable {
    private let configuration: WorkflowConfiguration
    private var combining: [Duty: [PubKey: [ParSignedData]]] = [:]

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    mutating func combine(_ duty: Duty, _ groups: [PubKey: [ParSignedData]]) -> [Signal] {
        combining[duty, default: [:]].merge(groups) { _, new in new }
        return [.tracked(duty, .thresholdReached(Set(groups.keys))), .perform(.recover(duty, groups))]
    }

    /// - Parameter row: the validator's decided duty, if this node knows it.
    mutating func recovered(
        _ duty: Duty, _ results: [PubKey: Recovery], row: (PubKey) -> AttesterDuty?
    ) -> (signals: [Signal], bad: [(PubKey, [ShareIndex])]) {
        var set: SignedDataSet = [:]
        var bad: [(PubKey, [ShareIndex])] = []
        var signals: [Signal] = []
        for (pubKey, result) in results.sorted(by: { $0.key < $1.key }) {
            guard let group = combining[duty]?.removeValue(forKey: pubKey) else { continue }
            switch result {
            case .signature(let signature):
                guard let template = template(group, row(pubKey)) else { continue }
                set[pubKey] = template.with(signature: signature)
            case .badShares(let shares):
                bad.append((pubKey, shares))
                signals += shares.map { .tracked(duty, .badShare(pubKey, $0)) }
            }
        }
        if combining[duty]?.isEmpty == true { combining[duty] = nil }
        if !set.isEmpty { signals.append(.aggregated(duty, set)) }
        return (signals, bad)
    }

    mutating func expire(_ duty: Duty) { combining[duty] = nil }

    /// The object to broadcast. Parts that are not signed (committee bit, validator index) come from our own decided
    /// duty, else from our own partial, else from the first partial that names a validator index: a peer must not be
    /// able to spoil them.
    private func template(_ group: [ParSignedData], _ row: AttesterDuty?) -> SignedData? {
        let own = group.filter { $0.shareIndex == configuration.shareIndex }
        let candidates = (own + group).map(\.data)
        guard let first = candidates.first else { return nil }
        switch first {
        case .attestation(let attestation):
            // The fork, too, is a peer's word; the slot is signed.
            let fork = configuration.forks.fork(at: configuration.clock.epoch(of: attestation.data.slot))
            if let row, let built = VersionedAttestation(fork: fork, data: attestation.data, duty: row) {
                return .attestation(built)
            }
            return candidates.first { $0.isComplete(for: fork) } ?? first
        }
    }
}

extension SignedData {
    /// Whether the unsigned side information of the object is there and of the right fork.
    fileprivate func isComplete(for fork: ForkName) -> Bool {
        switch self {
        case .attestation(let attestation):
            attestation.fork == fork && attestation.validatorIndex != nil && attestation.committeeIndex != nil
        }
    }
}
