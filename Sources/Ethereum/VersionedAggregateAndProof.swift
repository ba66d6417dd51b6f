import SSZ

/// A signed aggregate and proof of any fork: phase0 form up to Deneb, Electra form from then on.
///
/// Source: eth2-types.md §7.
package struct VersionedAggregateAndProof: Hashable, Sendable {
    package enum Form: Hashable, Sendable {
        case phase0(SignedAggregateAndProofPhase0)
        case electra(SignedAggregateAndProofElectra)
    }

    package let fork: ForkName
    package private(set) var form: Form

    /// - Throws: `form` unless the form is that of the fork.
    package init(fork: ForkName, form: Form) throws(AttestationError) {
        guard form.isElectra == fork.usesElectraAttestations else { throw .form(fork: fork) }
        self.fork = fork
        self.form = form
    }

    /// With an empty signature.
    package init(aggregatorIndex: ValidatorIndex, aggregate: VersionedAttestation, selectionProof: SignatureBytes) {
        fork = aggregate.fork
        switch aggregate.form {
        case .phase0(let attestation):
            let message = AggregateAndProofPhase0(
                aggregatorIndex: aggregatorIndex, aggregate: attestation, selectionProof: selectionProof)
            form = .phase0(Signed(message: message, signature: .zero))
        case .electra(let attestation):
            let message = AggregateAndProofElectra(
                aggregatorIndex: aggregatorIndex, aggregate: attestation, selectionProof: selectionProof)
            form = .electra(Signed(message: message, signature: .zero))
        }
    }

    /// Reads the SSZ form of the object.
    package init(
        fork: ForkName, objectBytes: some Collection<UInt8>, preset: Preset = .mainnet
    ) throws(SSZError) {
        self.fork = fork
        form =
            fork.usesElectraAttestations
            ? .electra(try SignedAggregateAndProofElectra(ssz: objectBytes, preset: preset))
            : .phase0(try SignedAggregateAndProofPhase0(ssz: objectBytes, preset: preset))
    }

    /// Reads the beacon API's JSON form of the object.
    package init(fork: ForkName, json: JSONValue, preset: Preset = .mainnet) throws(SSZError) {
        self.fork = fork
        form =
            fork.usesElectraAttestations
            ? .electra(try SignedAggregateAndProofElectra(json: json, preset: preset))
            : .phase0(try SignedAggregateAndProofPhase0(json: json, preset: preset))
    }

    /// The SSZ form of the object.
    package func objectBytes(preset: Preset = .mainnet) -> [UInt8] { object.sszBytes(preset: preset) }

    /// The beacon API's JSON form of the object.
    package func json(preset: Preset = .mainnet) -> JSONValue { object.json(preset: preset) }

    private var object: any SSZContainer {
        switch form {
        case .phase0(let signed): signed
        case .electra(let signed): signed
        }
    }
}

extension VersionedAggregateAndProof {
    package var aggregatorIndex: ValidatorIndex {
        switch form {
        case .phase0(let signed): signed.message.aggregatorIndex
        case .electra(let signed): signed.message.aggregatorIndex
        }
    }

    package var aggregate: VersionedAttestation {
        switch form {
        case .phase0(let signed): VersionedAttestation(aggregate: .phase0(signed.message.aggregate), fork: fork)
        case .electra(let signed): VersionedAttestation(aggregate: .electra(signed.message.aggregate), fork: fork)
        }
    }

    package var data: AttestationData {
        switch form {
        case .phase0(let signed): signed.message.aggregate.data
        case .electra(let signed): signed.message.aggregate.data
        }
    }

    package var slot: Slot { data.slot }

    /// The aggregator's signature over the slot.
    package var selectionProof: SignatureBytes {
        switch form {
        case .phase0(let signed): signed.message.selectionProof
        case .electra(let signed): signed.message.selectionProof
        }
    }

    package var signature: SignatureBytes {
        get {
            switch form {
            case .phase0(let signed): signed.signature
            case .electra(let signed): signed.signature
            }
        }
        set {
            switch form {
            case .phase0(var signed):
                signed.signature = newValue
                form = .phase0(signed)
            case .electra(var signed):
                signed.signature = newValue
                form = .electra(signed)
            }
        }
    }

    /// Root of the message, which is what the aggregator signs.
    package func messageRoot(preset: Preset = .mainnet) -> Root {
        switch form {
        case .phase0(let signed): signed.message.hashTreeRoot(preset: preset)
        case .electra(let signed): signed.message.hashTreeRoot(preset: preset)
        }
    }
}

extension VersionedAggregateAndProof.Form {
    fileprivate var isElectra: Bool {
        switch self {
        case .phase0: false
        case .electra: true
        }
    }
}
