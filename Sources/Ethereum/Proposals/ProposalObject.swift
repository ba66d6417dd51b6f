import SSZ

/// A container that beacon nodes and validator clients exchange as a proposal, signed or not.
protocol ProposalObject: SSZContainer {
    static var form: ProposalForm { get }

    func summary(preset: Preset) -> BlockSummary
}

/// A proposal with its signature.
protocol SignedProposalObject: ProposalObject {
    var signature: SignatureBytes { get }
}

extension BeaconBlock: ProposalObject {
    static var form: ProposalForm { ProposalForm(fork: Fork.name, isBlinded: Form.isBlinded) }
}

extension BlockContents: ProposalObject {
    static var form: ProposalForm { FullBeaconBlock<Fork>.form }

    func summary(preset: Preset) -> BlockSummary { block.summary(preset: preset) }
}

extension Signed: ProposalObject, SignedProposalObject where Message: ProposalObject {
    static var form: ProposalForm { Message.form }

    func summary(preset: Preset) -> BlockSummary { message.summary(preset: preset) }
}

extension SignedBlockContents: SignedProposalObject {
    static var form: ProposalForm { FullBeaconBlock<Fork>.form }
    var signature: SignatureBytes { signedBlock.signature }

    func summary(preset: Preset) -> BlockSummary { signedBlock.summary(preset: preset) }
}
