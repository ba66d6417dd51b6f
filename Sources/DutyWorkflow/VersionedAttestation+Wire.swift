import Ethereum
import SSZ

/// What nodes of a cluster exchange is always of mainnet's shape: the lists' limits and the 64 committee bits are
/// compiled into Charon, whatever the chain's preset says.
extension VersionedAttestation {
    /// Of `objectBytes()`, or a little more.
    var wireByteCount: Int { 256 + aggregationBits.count / 8 }

    package func objectBytes() -> [UInt8] {
        switch form {
        case .phase0(let attestation): attestation.sszBytes()
        case .electra(let attestation): attestation.sszBytes()
        }
    }

    package init(
        fork: ForkName, objectBytes bytes: some Collection<UInt8>, validatorIndex: ValidatorIndex?
    ) throws {
        let form: Form =
            fork.usesElectraAttestations
            ? .electra(try AttestationElectra(ssz: bytes)) : .phase0(try AttestationPhase0(ssz: bytes))
        try self.init(fork: fork, form: form, validatorIndex: validatorIndex)
    }

    package init(fork: ForkName, json: JSONValue, validatorIndex: ValidatorIndex?) throws {
        let form: Form =
            fork.usesElectraAttestations
            ? .electra(try AttestationElectra(json: json)) : .phase0(try AttestationPhase0(json: json))
        try self.init(fork: fork, form: form, validatorIndex: validatorIndex)
    }

    /// One validator's vote as its duty row describes it, with an empty signature.
    ///
    /// - Returns: nil when the row cannot be: no such committee, or a position outside it.
    package init?(fork: ForkName, data: AttestationData, duty: AttesterDuty) {
        if fork.usesElectraAttestations {
            let single = SingleAttestation(
                committeeIndex: duty.committeeIndex, attesterIndex: duty.validatorIndex, data: data, signature: .zero)
            guard let attestation = try? VersionedAttestation(single: single, fork: fork, preset: .mainnet) else {
                return nil
            }
            self = attestation
        } else {
            guard duty.committeeLength <= UInt64(Preset.mainnet.maxValidatorsPerCommittee),
                duty.validatorCommitteeIndex < duty.committeeLength
            else { return nil }
            let bits = Bitlist(
                count: Int(duty.committeeLength), setting: [Int(duty.validatorCommitteeIndex)])
            let attestation = AttestationPhase0(aggregationBits: bits, data: data, signature: .zero)
            guard
                let versioned = try? VersionedAttestation(
                    fork: fork, form: .phase0(attestation), validatorIndex: duty.validatorIndex)
            else { return nil }
            self = versioned
        }
    }
}
