import Ethereum

/// What later signatures must not contradict: EIP-3076 in its minimal form, by validator.
package struct SlashingHistory: Hashable, Sendable {
    package var attestations: [PubKey: AttestationWatermark]
    package var proposals: [PubKey: ProposalWatermark]

    package init(
        attestations: [PubKey: AttestationWatermark] = [:], proposals: [PubKey: ProposalWatermark] = [:]
    ) {
        self.attestations = attestations
        self.proposals = proposals
    }

    package var isEmpty: Bool { attestations.isEmpty && proposals.isEmpty }

    /// Those of whom anything is known.
    package var validators: Set<PubKey> { Set(attestations.keys).union(proposals.keys) }

    /// What is known of these validators.
    package func of(_ validators: Set<PubKey>) -> SlashingHistory {
        SlashingHistory(
            attestations: attestations.filter { validators.contains($0.key) },
            proposals: proposals.filter { validators.contains($0.key) })
    }

    /// For the journal, in the validators' order.
    package var records: [Record] {
        attestations.sorted { $0.key < $1.key }.map { .attestationWatermark($0.key, $0.value) }
            + proposals.sorted { $0.key < $1.key }.map { .proposalWatermark($0.key, $0.value) }
    }
}
