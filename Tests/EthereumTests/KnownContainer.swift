import Ethereum
import SSZ

/// One container of one fork with its type erased, so that tests can go through all of them.
struct KnownContainer: Sendable, CustomStringConvertible {
    /// What there is to compare about a value.
    struct Facts {
        let ssz: [UInt8]
        let root: Root
        let json: JSONValue
        /// The root of the message of a `Signed…` container, or of the block of contents.
        let messageRoot: Root?
    }

    /// `fork/Name` as in the folders of the vectors, the fork being the first one with this schema.
    let name: String
    let readSSZ: @Sendable ([UInt8], Preset) throws(SSZError) -> Facts
    let readJSON: @Sendable (JSONValue, Preset) throws(SSZError) -> Facts

    var description: String { name }

    static func of<Value: SSZContainer & Hashable>(
        _ name: String, _ type: Value.Type, messageRoot: @escaping @Sendable (Value, Preset) -> Root? = { _, _ in nil }
    ) -> KnownContainer {
        @Sendable func facts(_ value: Value, _ preset: Preset) -> Facts {
            Facts(
                ssz: value.sszBytes(preset: preset), root: value.hashTreeRoot(preset: preset),
                json: value.json(preset: preset), messageRoot: messageRoot(value, preset))
        }
        return KnownContainer(
            name: name,
            readSSZ: { (bytes, preset) throws(SSZError) in facts(try Value(ssz: bytes, preset: preset), preset) },
            readJSON: { (json, preset) throws(SSZError) in facts(try Value(json: json, preset: preset), preset) })
    }

    static func signed<Message>(_ name: String, _ type: Signed<Message>.Type) -> KnownContainer {
        of(name, type) { $0.message.hashTreeRoot(preset: $1) }
    }

    static let all = votesAndMore + blocks

    /// What is not part of blocks alone.
    static let votesAndMore: [KnownContainer] = [
        of("phase0/Checkpoint", Checkpoint.self),
        of("phase0/AttestationData", AttestationData.self),
        of("phase0/Attestation", AttestationPhase0.self),
        of("phase0/IndexedAttestation", IndexedAttestationPhase0.self),
        of("phase0/AggregateAndProof", AggregateAndProofPhase0.self),
        signed("phase0/SignedAggregateAndProof", SignedAggregateAndProofPhase0.self),
        of("phase0/Fork", Fork.self),
        of("phase0/ForkData", ForkData.self),
        of("phase0/SigningData", SigningData.self),
        of("phase0/BeaconBlockHeader", BeaconBlockHeader.self),
        signed("phase0/SignedBeaconBlockHeader", SignedBeaconBlockHeader.self),
        of("phase0/DepositMessage", DepositMessage.self),
        of("phase0/DepositData", DepositData.self),
        of("phase0/VoluntaryExit", VoluntaryExit.self),
        signed("phase0/SignedVoluntaryExit", SignedVoluntaryExit.self),
        of("phase0/ValidatorRegistrationV1", ValidatorRegistration.self),
        signed("phase0/SignedValidatorRegistrationV1", SignedValidatorRegistration.self),
        of("altair/SyncCommitteeMessage", SyncCommitteeMessage.self),
        of("altair/SyncCommitteeContribution", SyncCommitteeContribution.self),
        of("altair/ContributionAndProof", ContributionAndProof.self),
        signed("altair/SignedContributionAndProof", SignedContributionAndProof.self),
        of("altair/SyncAggregatorSelectionData", SyncAggregatorSelectionData.self),
        of("electra/Attestation", AttestationElectra.self),
        of("electra/SingleAttestation", SingleAttestation.self),
        of("electra/IndexedAttestation", IndexedAttestationElectra.self),
        of("electra/AggregateAndProof", AggregateAndProofElectra.self),
        signed("electra/SignedAggregateAndProof", SignedAggregateAndProofElectra.self),
    ]

    static func named(_ name: String) -> KnownContainer? { all.first { $0.name == name } }
}
