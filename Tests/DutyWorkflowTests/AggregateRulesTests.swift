import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Nodes exchange mainnet's shape on every chain: it has room for more than a smaller chain's.
@Suite("aggregates and contributions of a small chain")
struct AggregateRulesTests {
    private func configuration(_ preset: Preset) throws -> WorkflowConfiguration {
        var configuration = try Fixture.configuration()
        configuration.spec.preset = preset
        return configuration
    }

    private func fault(committee: Int, seats: Int, on preset: Preset) throws -> String? {
        let attestation = AttestationElectra(
            aggregationBits: Bitlist(count: seats, setting: [0]), data: Fixture.data(slot: 41), signature: .zero,
            committeeBits: Bitvector(count: 64, setting: [committee]))
        return AggregateRules.fault(
            in: try VersionedAttestation(fork: .fulu, form: .electra(attestation)), slot: Slot(41), row: nil,
            decided: nil, try configuration(preset))
    }

    @Test("committees that the chain does not have, and more seats than a committee has, are refused")
    func aggregates() throws {
        #expect(try fault(committee: 3, seats: 64, on: .minimal) == nil)
        #expect(
            try fault(committee: 4, seats: 64, on: .minimal)
                == "an aggregate of committee 4, which this chain does not have")
        #expect(try fault(committee: 63, seats: 64, on: .mainnet) == nil)
        #expect(try fault(committee: 3, seats: 2048, on: .minimal) == nil)
        #expect(
            try fault(committee: 3, seats: 2049, on: .minimal)
                == "an aggregate of 2049 seats, more than a committee has")
    }

    @Test(
        "votes of seats that a subcommittee does not have are refused",
        arguments: [(7, true), (8, false), (127, false)])
    func contributions(seat: Int, isGood: Bool) {
        func fault(on preset: Preset) -> String? {
            let contribution = SyncCommitteeContribution(
                slot: Slot(41), beaconBlockRoot: .zero, subcommitteeIndex: 1,
                aggregationBits: Bitvector(count: 128, setting: [0, seat]), signature: .zero)
            return ContributionRules.fault(in: Contributions(contribution), slot: Slot(41), row: nil, preset: preset)
        }
        #expect(fault(on: .mainnet) == nil)
        #expect((fault(on: .minimal) == nil) == isGood)
        if !isGood {
            #expect(
                fault(on: .minimal)
                    == "a contribution with a vote of seat \(seat), which its subcommittee does not have")
        }
    }
}
