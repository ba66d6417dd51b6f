import SSZ

/// A signed block of any fork: what validator clients submit and what is published.
///
/// The object is `SignedBeaconBlock` up to Capella, `SignedBlockContents` from then on, or `SignedBlindedBeaconBlock`.
/// Source: eth2-types.md §7 and §9.
package struct VersionedSignedProposal: Hashable, Sendable {
    /// Shares its bytes with every other value made of it.
    package let proposal: VersionedProposal
    package var signature: SignatureBytes

    package init(proposal: VersionedProposal, signature: SignatureBytes) {
        self.proposal = proposal
        self.signature = signature
    }

    /// Reads the SSZ form. Keeps a slice of `bytes`, if it is one or an array.
    ///
    /// - Throws: unless it is exactly one object of the fork.
    package init(
        fork: ForkName, blinded: Bool, objectBytes: some Collection<UInt8>, preset: Preset = .mainnet
    ) throws(ProposalError) {
        let bytes = ArraySlice(sharing: objectBytes)
        let (form, object) = try ProposalForm.read(fork: fork, blinded: blinded) { (form) throws(SSZError) in
            try form.signed.init(decoding: bytes, preset: preset)
        }
        self.init(form: form, object: object, bytes: bytes, preset: preset)
    }

    /// Reads the beacon API's JSON form of the object.
    package init(fork: ForkName, blinded: Bool, json: JSONValue, preset: Preset = .mainnet) throws(ProposalError) {
        let (form, object) = try ProposalForm.read(fork: fork, blinded: blinded) { (form) throws(SSZError) in
            try form.signed.init(json: json, preset: preset)
        }
        self.init(form: form, object: object, bytes: object.sszBytes(preset: preset)[...], preset: preset)
    }

    private init(
        form: ProposalForm, object: any SignedProposalObject, bytes: ArraySlice<UInt8>, preset: Preset
    ) {
        proposal = VersionedProposal(
            form: form, summary: object.summary(preset: preset), preset: preset, bytes: bytes, isSigned: true)
        signature = object.signature
    }

    package var fork: ForkName { proposal.fork }
    package var isBlinded: Bool { proposal.isBlinded }
    package var slot: Slot { proposal.slot }
    package var proposerIndex: ValidatorIndex { proposal.proposerIndex }
    package var messageRoot: Root { proposal.messageRoot }

    /// The SSZ form of the object.
    package func objectBytes() -> [UInt8] { proposal.parts.objectBytes(form: proposal.form, signature: signature) }

    /// The beacon API's JSON form of the object. Costs a decoding.
    package var json: JSONValue {
        ProposalForm.json(proposal.form.signed, objectBytes(), preset: proposal.preset)
    }
}
