import SSZ

/// A block to be signed, of any fork: what beacon nodes produce and what clusters agree on.
///
/// The object is `BeaconBlock` up to Capella, `BlockContents` (the block with its blobs) from then on, or
/// `BlindedBeaconBlock`. Source: eth2-types.md §7 and §9.
///
/// Proposals are several megabytes. So the value keeps the bytes it was read from, checked and with the block hashed
/// once, and not the containers: copies and signed proposals share them.
package struct VersionedProposal: Sendable {
    package var fork: ForkName { form.fork }
    package var isBlinded: Bool { form.isBlinded }
    /// Sizes of the chain that it was checked and hashed with.
    package let preset: Preset
    package let summary: BlockSummary
    let form: ProposalForm
    let parts: ProposalParts

    /// Reads the SSZ form. Keeps a slice of `bytes`, if it is one or an array.
    ///
    /// - Throws: unless it is exactly one object of the fork.
    package init(
        fork: ForkName, blinded: Bool, objectBytes: some Collection<UInt8>, preset: Preset = .mainnet
    ) throws(ProposalError) {
        let bytes = ArraySlice(sharing: objectBytes)
        let (form, object) = try ProposalForm.read(fork: fork, blinded: blinded) { (form) throws(SSZError) in
            try form.unsigned.init(decoding: bytes, preset: preset)
        }
        self.init(form: form, summary: object.summary(preset: preset), preset: preset, bytes: bytes, isSigned: false)
    }

    /// Reads the beacon API's JSON form of the object.
    package init(fork: ForkName, blinded: Bool, json: JSONValue, preset: Preset = .mainnet) throws(ProposalError) {
        let (form, object) = try ProposalForm.read(fork: fork, blinded: blinded) { (form) throws(SSZError) in
            try form.unsigned.init(json: json, preset: preset)
        }
        self.init(
            form: form, summary: object.summary(preset: preset), preset: preset,
            bytes: object.sszBytes(preset: preset)[...], isSigned: false)
    }

    /// A block up to Capella, or a blinded one.
    /// - Precondition: full blocks from Deneb on have contents.
    package init<Fork, Form>(_ block: BeaconBlock<Fork, Form>, preset: Preset = .mainnet) {
        let form = BeaconBlock<Fork, Form>.form
        precondition(form.isValid && !form.hasContents, "\(form) is no proposal by itself")
        self.init(
            form: form, summary: block.summary(preset: preset), preset: preset,
            bytes: block.sszBytes(preset: preset)[...], isSigned: false)
    }

    /// A full block from Deneb on.
    /// - Precondition: of a fork that has contents.
    package init<Fork>(_ contents: BlockContents<Fork>, preset: Preset = .mainnet) {
        let form = BlockContents<Fork>.form
        precondition(form.hasContents, "\(form) has no contents")
        self.init(
            form: form, summary: contents.summary(preset: preset), preset: preset,
            bytes: contents.sszBytes(preset: preset)[...], isSigned: false)
    }

    /// - Precondition: `bytes` are the object that `summary` is of.
    init(
        form: ProposalForm, summary: BlockSummary, preset: Preset, bytes: ArraySlice<UInt8>, isSigned: Bool
    ) {
        self.form = form
        self.summary = summary
        self.preset = preset
        parts = ProposalParts(of: bytes, form: form, isSigned: isSigned)
    }
}

extension VersionedProposal {
    package var slot: Slot { summary.slot }
    package var proposerIndex: ValidatorIndex { summary.proposerIndex }
    package var randaoReveal: SignatureBytes { summary.randaoReveal }
    package var graffiti: Bytes32 { summary.graffiti }
    /// nil before Bellatrix.
    package var feeRecipient: Bytes20? { summary.feeRecipient }
    /// Hash tree root of the block message, the same for full and blinded. Known since the value exists.
    package var messageRoot: Root { summary.messageRoot }

    /// Of `objectBytes()`, or a little less.
    package var byteCount: Int { parts.block.count + parts.kzgProofs.count + parts.blobs.count }

    /// The SSZ form of the object.
    package func objectBytes() -> [UInt8] { parts.objectBytes(form: form, signature: nil) }

    /// The beacon API's JSON form of the object. Costs a decoding.
    package var json: JSONValue {
        ProposalForm.json(form.unsigned, objectBytes(), preset: preset)
    }

    package func signed(with signature: SignatureBytes) -> VersionedSignedProposal {
        VersionedSignedProposal(proposal: self, signature: signature)
    }
}

extension VersionedProposal: Hashable {
    /// The root stands for the block; proofs and blobs are compared.
    package static func == (a: Self, b: Self) -> Bool {
        a.form == b.form && a.summary.messageRoot == b.summary.messageRoot && a.preset == b.preset
            && a.parts.kzgProofs == b.parts.kzgProofs && a.parts.blobs == b.parts.blobs
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(form)
        hasher.combine(summary.messageRoot)
    }
}
