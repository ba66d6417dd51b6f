/// The sizes that give containers their shape and differ between chains.
///
/// They are data, read at run time: one program serves mainnet, minimal test chains and Gnosis. Codecs pass the
/// preset down to the fields (`FieldVisitor.preset`). Source: consensus-specs `presets/`, eth2-types.md §2.
package struct Preset: Hashable, Sendable {
    package var maxCommitteesPerSlot = 64
    package var maxValidatorsPerCommittee = 2048
    package var syncCommitteeSize = 512
    package var syncCommitteeSubnetCount = 4
    package var maxWithdrawalsPerPayload = 16
    package var maxDepositRequestsPerPayload = 8192
    package var maxBlobCommitmentsPerBlock = 4096

    package static let mainnet = Preset()

    package static let minimal = {
        var preset = Preset()
        preset.maxCommitteesPerSlot = 4
        preset.syncCommitteeSize = 32
        preset.maxWithdrawalsPerPayload = 4
        return preset
    }()

    /// Whether serialised containers look like mainnet's; hashes may still differ.
    package var isShapedLikeMainnet: Bool {
        maxCommitteesPerSlot == Preset.mainnet.maxCommitteesPerSlot
            && syncCommitteeSize == Preset.mainnet.syncCommitteeSize
            && syncSubcommitteeSize == Preset.mainnet.syncSubcommitteeSize
    }

    /// Validators of one sync subcommittee: the length of a contribution's bits.
    package var syncSubcommitteeSize: Int { syncCommitteeSize / max(1, syncCommitteeSubnetCount) }

    /// Validators of all committees of one slot: the limit of an Electra attestation's bits.
    package var maxValidatorsPerSlot: Int { maxCommitteesPerSlot * maxValidatorsPerCommittee }
}
