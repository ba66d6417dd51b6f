import Ethereum
import SSZ

/// The body of `POST /eth/v2/validator/aggregate_and_proofs`; its form depends on the fork of the attested slots.
package enum AggregateSubmission: Hashable, Sendable {
    /// Up to Deneb.
    case phase0([SignedAggregateAndProofPhase0])
    /// From Electra on (EIP-7549).
    case electra([SignedAggregateAndProofElectra])

    package func json(preset: Preset) -> JSONValue {
        switch self {
        case .phase0(let aggregates): .array(aggregates.map { $0.json(preset: preset) })
        case .electra(let aggregates): .array(aggregates.map { $0.json(preset: preset) })
        }
    }

    package func isForm(of fork: ForkName) -> Bool {
        switch self {
        case .phase0: !fork.usesElectraAttestations
        case .electra: fork.usesElectraAttestations
        }
    }
}
