import SSZ

/// Which container a proposal is. Source: eth2-types.md §7.
struct ProposalForm: Hashable, Sendable {
    let fork: ForkName
    let isBlinded: Bool

    /// Blobs and their proofs travel beside the block.
    var hasContents: Bool { fork.hasBlobs && !isBlinded }

    var isValid: Bool { fork.hasBlindedBlocks || !isBlinded }

    var unsigned: any ProposalObject.Type { Self.unsigned(fork.blockFork, self) }

    var signed: any SignedProposalObject.Type { Self.signed(fork.blockFork, self) }

    private static func unsigned<Fork: BlockFork>(_: Fork.Type, _ form: ProposalForm) -> any ProposalObject.Type {
        if form.isBlinded { return BlindedBeaconBlock<Fork>.self }
        return form.hasContents ? BlockContents<Fork>.self : FullBeaconBlock<Fork>.self
    }

    private static func signed<Fork: BlockFork>(_: Fork.Type, _ form: ProposalForm) -> any SignedProposalObject.Type {
        if form.isBlinded { return SignedBlindedBeaconBlock<Fork>.self }
        return form.hasContents ? SignedBlockContents<Fork>.self : SignedBeaconBlock<Fork>.self
    }
}

extension ProposalForm {
    /// Checks that there is such a form, then reads the object.
    static func read<Object>(
        fork: ForkName, blinded: Bool, _ object: (ProposalForm) throws(SSZError) -> Object
    ) throws(ProposalError) -> (form: ProposalForm, object: Object) {
        let form = ProposalForm(fork: fork, isBlinded: blinded)
        guard form.isValid else { throw .blinded(fork: fork) }
        do throws(SSZError) {
            return (form, try object(form))
        } catch {
            throw .object(error, fork: fork)
        }
    }

    /// - Precondition: `bytes` are an object of this type.
    static func json(_ type: any ProposalObject.Type, _ bytes: [UInt8], preset: Preset) -> JSONValue {
        guard let object = try? type.init(decoding: bytes[...], preset: preset) else {
            preconditionFailure("a proposal is not what it was read as")
        }
        return object.json(preset: preset)
    }
}
