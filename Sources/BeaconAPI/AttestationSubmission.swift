import Ethereum
import SSZ

/// The body of `POST /eth/v2/beacon/pool/attestations`; its form depends on the fork of the attested slots.
package enum AttestationSubmission: Hashable, Sendable {
    /// Up to Deneb.
    case phase0([AttestationPhase0])
    /// From Electra on (EIP-7549).
    case single([SingleAttestation])

    /// More attestations than one node's validators make in a slot.
    package static let attestationsMax = 1 << 14

    package init(json: JSONValue, fork: ForkName) throws(SSZError) {
        if fork.usesElectraAttestations {
            self = .single(
                try json.elements(limit: Self.attestationsMax) { json throws(SSZError) in
                    try SingleAttestation(json: json)
                })
        } else {
            self = .phase0(
                try json.elements(limit: Self.attestationsMax) { json throws(SSZError) in
                    try AttestationPhase0(json: json)
                })
        }
    }

    package func json() -> JSONValue {
        switch self {
        case .phase0(let attestations): .array(attestations.map { $0.json() })
        case .single(let attestations): .array(attestations.map { $0.json() })
        }
    }

    package var count: Int {
        switch self {
        case .phase0(let attestations): attestations.count
        case .single(let attestations): attestations.count
        }
    }

    package func isForm(of fork: ForkName) -> Bool {
        switch self {
        case .phase0: !fork.usesElectraAttestations
        case .single: fork.usesElectraAttestations
        }
    }
}
