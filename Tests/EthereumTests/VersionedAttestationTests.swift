import Ethereum
import SSZ
import Testing

struct VersionedAttestationTests {
    let single = SingleAttestation(
        committeeIndex: 5, attesterIndex: 77,
        data: AttestationData(
            slot: 9, index: 0, beaconBlockRoot: Root(padding: [1]), source: Checkpoint(epoch: 1, root: .zero),
            target: Checkpoint(epoch: 2, root: .zero)),
        signature: SignatureBytes(padding: [9]))

    /// eth2-types.md §8: empty bits, one committee bit, the index beside it.
    @Test(arguments: [ForkName.electra, .fulu])
    func singleVotesSurvive(fork: ForkName) throws {
        let attestation = try VersionedAttestation(single: single, fork: fork, preset: .mainnet)
        guard case .electra(let electra) = attestation.form else {
            Issue.record("not the Electra form")
            return
        }
        #expect(electra.aggregationBits.sszBytes == [1])
        #expect(electra.committeeBits.bytes == [0x20, 0, 0, 0, 0, 0, 0, 0])
        #expect(attestation.validatorIndex == 77)
        #expect(attestation.committeeIndex == 5)
        #expect(attestation.data == single.data)
        #expect(attestation.signature == single.signature)
        #expect(try attestation.single() == single)
    }

    @Test(arguments: [(64, Preset.mainnet), (.max, .mainnet), (4, .minimal), (5, .minimal)] as [(UInt64, Preset)])
    func refusesCommitteesThatDoNotExist(committee: UInt64, preset: Preset) {
        var single = single
        single.committeeIndex = CommitteeIndex(committee)
        #expect(throws: AttestationError.committee(CommitteeIndex(committee))) {
            try VersionedAttestation(single: single, fork: .fulu, preset: preset)
        }
    }

    @Test func refusesTheWrongForm() throws {
        #expect(throws: AttestationError.form(fork: .deneb)) {
            try VersionedAttestation(single: single, fork: .deneb, preset: .mainnet)
        }
        #expect(throws: AttestationError.form(fork: .fulu)) {
            try VersionedAttestation(fork: .fulu, form: .phase0(AttestationPhase0()))
        }
        let old = try VersionedAttestation(fork: .deneb, form: .phase0(AttestationPhase0()), validatorIndex: 1)
        #expect(throws: AttestationError.form(fork: .deneb)) { try old.single() }
    }

    @Test(arguments: [[], [1, 2], Array(0..<64)])
    func aVoteHasOneCommittee(committees: [Int]) throws {
        let form = AttestationElectra(
            aggregationBits: Bitlist(), data: single.data, signature: .zero,
            committeeBits: Bitvector(count: 64, setting: committees))
        let attestation = try VersionedAttestation(fork: .electra, form: .electra(form), validatorIndex: 1)
        #expect(attestation.committeeIndex == nil)
        #expect(throws: AttestationError.committeeBits(count: committees.count)) { try attestation.single() }
    }

    @Test func aVoteHasAVoter() throws {
        var attestation = try VersionedAttestation(single: single, fork: .fulu, preset: .mainnet)
        attestation.validatorIndex = nil
        #expect(throws: AttestationError.noValidatorIndex) { try attestation.single() }
    }

    @Test func signaturesAreReplacedInEitherForm() throws {
        let signature = SignatureBytes(padding: [1, 2, 3])
        var old = try VersionedAttestation(fork: .capella, form: .phase0(AttestationPhase0()))
        old.signature = signature
        #expect(old.signature == signature)
        var new = try VersionedAttestation(single: single, fork: .fulu, preset: .mainnet)
        new.signature = signature
        #expect(try new.single().signature == signature)
        #expect(new.data == single.data)
    }
}
