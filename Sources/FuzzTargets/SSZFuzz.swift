import BeaconAPI
import Ethereum
import SSZ

/// Byte 0: the container; byte 1: the preset; then its SSZ form.
enum SSZFuzz {
    static let presets: [Preset] = [.mainnet, .minimal, odd]

    /// Sizes no chain has, so that nothing is a multiple of eight by luck.
    private static let odd = {
        var preset = Preset.mainnet
        preset.maxCommitteesPerSlot = 3
        preset.maxValidatorsPerCommittee = 5
        preset.syncCommitteeSize = 21
        preset.syncCommitteeSubnetCount = 2
        return preset
    }()

    static let types: [any (SSZCodable & Hashable).Type] = [
        AttestationData.self, AttestationPhase0.self, AttestationElectra.self, SingleAttestation.self,
        IndexedAttestationPhase0.self, IndexedAttestationElectra.self, AggregateAndProofPhase0.self,
        SignedAggregateAndProofElectra.self, AttesterDuty.self, SyncDuty.self, ValidatorRecord.self, Fork.self,
        ForkData.self, SigningData.self, DepositMessage.self, DepositData.self, SignedValidatorRegistration.self,
        SignedVoluntaryExit.self, SignedBeaconBlockHeader.self, SignedContributionAndProof.self,
        SyncCommitteeContribution.self, SyncCommitteeMessage.self, Checkpoint.self, SyncAggregatorSelectionData.self,
        SignedBeaconBlock<Phase0>.self, SignedBeaconBlock<Altair>.self, SignedBeaconBlock<Bellatrix>.self,
        SignedBeaconBlock<Capella>.self, SignedBlindedBeaconBlock<Bellatrix>.self,
        SignedBlindedBeaconBlock<Capella>.self, SignedBlindedBeaconBlock<Deneb>.self,
        SignedBlindedBeaconBlock<Electra>.self, SignedBlockContents<Deneb>.self, SignedBlockContents<Electra>.self,
        SignedBlockContents<Fulu>.self, BlockContents<Deneb>.self, BlockContents<Fulu>.self,
        ExecutionPayload<Deneb, FullExecution>.self, ExecutionRequests.self,
        AttesterSlashing<IndexedAttestationPhase0>.self, AttesterSlashing<IndexedAttestationElectra>.self,
        Deposit.self, SyncAggregate.self, SignedEpoch.self, BeaconCommitteeSelection.self,
        SyncCommitteeSelection.self,
    ]

    static func containers(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let type = types[source.choice(types.count)]
        let preset = presets[source.choice(presets.count)]
        let rest = source.rest()
        return "\(type)" + outcome { try roundTrip(type, rest, preset) }
    }

    /// SSZ is canonical: what decodes, encodes to the same bytes. JSON is another form of the same value.
    private static func roundTrip<Value: SSZCodable & Hashable>(
        _: Value.Type, _ bytes: [UInt8], _ preset: Preset
    ) throws -> String {
        let value = try Value(ssz: bytes, preset: preset)
        precondition(value.sszBytes(preset: preset) == bytes, "decode, encode differ")
        if let size = Value.fixedSize(preset: preset) { precondition(size == bytes.count) }
        let root = value.hashTreeRoot(preset: preset)
        let text = value.json(preset: preset).text()
        let read = try? Value(json: JSONValue(parsing: text), preset: preset)
        precondition(read == value, "JSON form differs: \(text)")
        precondition(read?.hashTreeRoot(preset: preset) == root)
        return "ok"
    }
}
