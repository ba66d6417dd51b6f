import SSZ

/// Why an attestation cannot be had in the form asked for.
package enum AttestationError: Error, Equatable, CustomStringConvertible {
    /// The form is not that of the fork.
    case form(fork: ForkName)
    /// The committee does not exist on this chain.
    case committee(CommitteeIndex)
    /// A vote of one validator has exactly one committee bit, this many are set.
    case committeeBits(count: Int)
    case noValidatorIndex

    package var description: String {
        switch self {
        case .form(let fork): "attestation of another form than that of \(fork)"
        case .committee(let index): "no committee \(index)"
        case .committeeBits(let count): "expected one committee bit, got \(count)"
        case .noValidatorIndex: "attestation without validator index"
        }
    }
}

/// An attestation of any fork: phase0 form up to Deneb, Electra form from then on. Source: eth2-types.md §7 and §8.
package struct VersionedAttestation: Hashable, Sendable {
    package enum Form: Hashable, Sendable {
        case phase0(AttestationPhase0)
        case electra(AttestationElectra)
    }

    package let fork: ForkName
    package private(set) var form: Form
    /// Whose vote it is: needed to submit it from Electra on, where no bit tells. nil for aggregates.
    package var validatorIndex: ValidatorIndex?

    /// - Throws: `form` unless the form is that of the fork.
    package init(
        fork: ForkName, form: Form, validatorIndex: ValidatorIndex? = nil
    ) throws(AttestationError) {
        guard form.isElectra == fork.usesElectraAttestations else { throw .form(fork: fork) }
        self.fork = fork
        self.form = form
        self.validatorIndex = validatorIndex
    }

    /// The aggregate inside an aggregate and proof, whose form was checked with the fork.
    init(aggregate form: Form, fork: ForkName) {
        self.fork = fork
        self.form = form
        validatorIndex = nil
    }

    package var data: AttestationData {
        switch form {
        case .phase0(let attestation): attestation.data
        case .electra(let attestation): attestation.data
        }
    }

    package var aggregationBits: Bitlist {
        switch form {
        case .phase0(let attestation): attestation.aggregationBits
        case .electra(let attestation): attestation.aggregationBits
        }
    }

    package var signature: SignatureBytes {
        get {
            switch form {
            case .phase0(let attestation): attestation.signature
            case .electra(let attestation): attestation.signature
            }
        }
        set {
            switch form {
            case .phase0(var attestation):
                attestation.signature = newValue
                form = .phase0(attestation)
            case .electra(var attestation):
                attestation.signature = newValue
                form = .electra(attestation)
            }
        }
    }

    /// The committee of a vote of one committee; nil if several or none are named.
    package var committeeIndex: CommitteeIndex? {
        switch form {
        case .phase0(let attestation): return attestation.data.index
        case .electra(let attestation):
            let committees = attestation.committeeBits.setIndices
            return committees.count == 1 ? CommitteeIndex(UInt64(committees[0])) : nil
        }
    }
}

/// What validators submit from Electra on.
extension VersionedAttestation {
    /// One validator's vote in the form that nodes of a cluster exchange: no aggregation bits, one committee bit, the
    /// validator's index beside it.
    ///
    /// - Throws: `form` for a fork before Electra, `committee` for one that the chain does not have.
    package init(single: SingleAttestation, fork: ForkName, preset: Preset) throws(AttestationError) {
        guard let committee = Int(exactly: single.committeeIndex.rawValue), committee < preset.maxCommitteesPerSlot
        else { throw .committee(single.committeeIndex) }
        let attestation = AttestationElectra(
            aggregationBits: Bitlist(), data: single.data, signature: single.signature,
            committeeBits: Bitvector(count: preset.maxCommitteesPerSlot, setting: [committee]))
        try self.init(fork: fork, form: .electra(attestation), validatorIndex: single.attesterIndex)
    }

    /// The form to submit to a beacon node.
    ///
    /// - Throws: unless it is of the Electra form, with one committee bit and a validator index.
    package func single() throws(AttestationError) -> SingleAttestation {
        guard case .electra(let attestation) = form else { throw .form(fork: fork) }
        guard let committeeIndex else { throw .committeeBits(count: attestation.committeeBits.setCount) }
        guard let validatorIndex else { throw .noValidatorIndex }
        return SingleAttestation(
            committeeIndex: committeeIndex, attesterIndex: validatorIndex, data: attestation.data,
            signature: attestation.signature)
    }
}

extension VersionedAttestation.Form {
    fileprivate var isElectra: Bool {
        switch self {
        case .phase0: false
        case .electra: true
        }
    }
}

extension ForkName {
    /// Committees moved out of `AttestationData` (EIP-7549).
    package var usesElectraAttestations: Bool { self >= .electra }
}
