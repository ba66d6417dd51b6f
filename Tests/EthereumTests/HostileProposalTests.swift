import Ethereum
import SSZ
import TestSupport
import Testing

/// Damaged blocks: an answer always, never a trap, and what is accepted is written as it came.
struct HostileProposalTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func bytesAreReadStrictly(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (accepted, refused) = (0, 0)
        for fixture in ProposalFixture.all {
            for _ in 0..<6 {
                let bytes = Mutation.damage(fixture.signedBytes, using: &random)
                guard let signed = try? fixture.read(bytes) else {
                    refused += 1
                    continue
                }
                accepted += 1
                #expect(signed.objectBytes() == bytes, "\(fixture), seed \(seed)")
                #expect(!signed.json.text().isEmpty)
            }
        }
        #expect(accepted > 0)
        #expect(refused > 0)
    }

    /// Offsets are what a block's decoder trusts most: each of the outer ones, off by one and at the extremes.
    @Test(arguments: ProposalFixture.all)
    func offsetsAreExact(fixture: ProposalFixture) {
        let outer = fixture.hasContents ? [0, 4, 8, 12] : [0]
        for position in outer {
            let right = fixture.signedBytes[...].offset(at: position)
            for wrong in [0, right - 1, right + 1, UInt32(fixture.signedBytes.count) + 1, .max] {
                var bytes = fixture.signedBytes
                for i in 0..<4 { bytes[position + i] = UInt8(truncatingIfNeeded: wrong >> UInt32(8 * i)) }
                #expect(throws: ProposalError.self, "offset \(wrong) at \(position)") { try fixture.read(bytes) }
            }
        }
    }

    /// A cut within the last list may leave a shorter one: then it is read as that, never as the whole.
    @Test(arguments: ProposalFixture.all)
    func lengthsAreExact(fixture: ProposalFixture) throws {
        let whole = try fixture.read()
        var refused = 0
        for count in stride(from: 0, to: fixture.signedBytes.count, by: 97) {
            let bytes = Array(fixture.signedBytes[..<count])
            guard let signed = try? fixture.read(bytes) else {
                refused += 1
                continue
            }
            #expect(signed.objectBytes() == bytes)
            #expect(signed != whole)
        }
        #expect(refused > 25)
        let longer = fixture.signedBytes + [0]
        if let signed = try? fixture.read(longer) { #expect(signed.objectBytes() == longer) }
    }

    /// A fork's decoder takes no other fork's block, nor the other form's.
    @Test(arguments: ProposalFixture.all)
    func formsAreNotTakenForEachOther(fixture: ProposalFixture) {
        // Fulu's blocks are Electra's.
        for fork in ForkName.allCases where min(fork, .electra) != min(fixture.fork, .electra) {
            #expect(throws: ProposalError.self) {
                try VersionedSignedProposal(
                    fork: fork, blinded: fixture.blinded, objectBytes: fixture.signedBytes, preset: fixture.preset)
            }
        }
        #expect(throws: ProposalError.self) {
            try VersionedSignedProposal(
                fork: fixture.fork, blinded: !fixture.blinded, objectBytes: fixture.signedBytes, preset: fixture.preset)
        }
        #expect(throws: ProposalError.self) {
            try VersionedProposal(
                fork: fixture.fork, blinded: fixture.blinded, objectBytes: fixture.signedBytes, preset: fixture.preset)
        }
    }

    /// Lists of a body, each one longer than allowed. Source: eth2-types.md §3.
    @Test func bodiesKeepTheirLimits() {
        check(
            \BeaconBlockBody<Phase0, FullExecution>.proposerSlashings, of: ProposerSlashing(), limit: 16,
            "proposer_slashings")
        check(
            \BeaconBlockBody<Phase0, FullExecution>.attesterSlashings, of: AttesterSlashing<IndexedAttestationPhase0>(),
            limit: 2, "attester_slashings")
        check(\BeaconBlockBody<Phase0, FullExecution>.attestations, of: AttestationPhase0(), limit: 128, "attestations")
        check(
            \BeaconBlockBody<Electra, FullExecution>.attesterSlashings,
            of: AttesterSlashing<IndexedAttestationElectra>(), limit: 1, "attester_slashings")
        check(\BeaconBlockBody<Electra, FullExecution>.attestations, of: AttestationElectra(), limit: 8, "attestations")
        check(\BeaconBlockBody<Phase0, FullExecution>.deposits, of: Deposit(), limit: 16, "deposits")
        check(
            \BeaconBlockBody<Phase0, FullExecution>.voluntaryExits, of: SignedVoluntaryExit(), limit: 16,
            "voluntary_exits")
        check(
            \BeaconBlockBody<Capella, BlindedExecution>.blsToExecutionChanges, of: SignedBLSToExecutionChange(),
            limit: 16, "bls_to_execution_changes")
        check(
            \BeaconBlockBody<Deneb, FullExecution>.blobKZGCommitments, of: Bytes48.zero, limit: 4096,
            "blob_kzg_commitments")
        check(
            \ExecutionPayload<Capella, FullExecution>.execution.withdrawals, of: Withdrawal(), limit: 16, "withdrawals")
        check(\ExecutionPayload<Capella, FullExecution>.extraData, of: UInt8(0), limit: 32, "extra_data")
        check(\ExecutionRequests.deposits, of: DepositRequest(), limit: 8192, "deposits")
        check(\ExecutionRequests.withdrawals, of: WithdrawalRequest(), limit: 16, "withdrawals")
        check(\ExecutionRequests.consolidations, of: ConsolidationRequest(), limit: 2, "consolidations")
    }

    private func check<Value: SSZContainer, Element>(
        _ list: WritableKeyPath<Value, [Element]>, of element: Element, limit: Int, _ name: String
    ) {
        var value = Value()
        value[keyPath: list] = Array(repeating: element, count: limit)
        #expect(throws: Never.self, "\(name)") { try Value(ssz: value.sszBytes()) }
        value[keyPath: list].append(element)
        #expect(throws: SSZError(.limit(limit)).inside(name)) { try Value(ssz: value.sszBytes()) }
        #expect(throws: SSZError.self, "\(name)") { try Value(json: value.json()) }
    }
}
