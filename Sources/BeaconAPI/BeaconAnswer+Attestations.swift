import Ethereum
import SSZ

/// Answers whose form depends on a fork, which the answer itself names.
extension BeaconAnswer {
    /// The member `version`.
    package static func fork(_ json: JSONValue) throws(SSZError) -> ForkName {
        try json.member("version") { json throws(SSZError) in
            guard let fork = json.string.flatMap({ ForkName(name: $0) }) else {
                throw SSZError(.json(expected: "name of a fork"))
            }
            return fork
        }
    }

    /// An aggregate, from `{"version":…,"data":…}`.
    package static func attestation(_ json: JSONValue, preset: Preset) throws -> VersionedAttestation {
        let fork = try fork(json)
        return try json.member("data") { json throws(SSZError) in try attestation(json, fork, preset) }
    }

    /// An aggregate, from SSZ.
    package static func attestation(
        ssz bytes: [UInt8], fork: ForkName, preset: Preset
    ) throws -> VersionedAttestation {
        try VersionedAttestation(
            fork: fork,
            form: fork.usesElectraAttestations
                ? .electra(AttestationElectra(ssz: bytes, preset: preset))
                : .phase0(AttestationPhase0(ssz: bytes, preset: preset)))
    }

    /// `{"version":…,"data":[…]}` of `blocks/{block_id}/attestations`.
    package static func attestations(_ json: JSONValue, preset: Preset) throws -> [VersionedAttestation] {
        let fork = try fork(json)
        return try json.member("data") { json throws(SSZError) in
            try json.elements(limit: blockAttestationsMax) { json throws(SSZError) in
                try attestation(json, fork, preset)
            }
        }
    }

    /// `{"data":[{"index":…,"slot":…,"validators":[…]},…]}` of `states/{state_id}/committees`: how many members each
    /// committee of `slot` has.
    package static func committeeLengths(_ json: JSONValue, of slot: Slot) throws(SSZError) -> [CommitteeIndex: Int] {
        var lengths: [CommitteeIndex: Int] = [:]
        _ = try json.member("data") { json throws(SSZError) in
            try json.elements(limit: committeesMax) { json throws(SSZError) in
                guard try json.member("slot", Slot.init(json:)) == slot else { return }
                let members = try json.member("validators").elements(limit: committeeMax) { $0 }
                lengths[try json.member("index", CommitteeIndex.init(json:))] = members.count
            }
        }
        return lengths
    }

    /// MAX_COMMITTEES_PER_SLOT and MAX_VALIDATORS_PER_COMMITTEE.
    private static let (committeesMax, committeeMax) = (64, 2048)

    /// MAX_ATTESTATIONS of phase0, the most that any fork has.
    private static let blockAttestationsMax = 128

    private static func attestation(
        _ json: JSONValue, _ fork: ForkName, _ preset: Preset
    ) throws(SSZError) -> VersionedAttestation {
        let form: VersionedAttestation.Form =
            fork.usesElectraAttestations
            ? .electra(try AttestationElectra(json: json, preset: preset))
            : .phase0(try AttestationPhase0(json: json, preset: preset))
        do throws(AttestationError) {
            return try VersionedAttestation(fork: fork, form: form)
        } catch {
            preconditionFailure("the form was chosen by the fork: \(error)")
        }
    }
}
