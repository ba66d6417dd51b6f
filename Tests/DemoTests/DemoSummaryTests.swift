import BLS
import Cluster
import DutyWorkflow
import Ethereum
import Node
import SSZ
import TestSupport
import Testing

@testable import Demo

@Suite("Demo summary")
struct DemoSummaryTests {
    /// A cluster of three, and a chain that has its validators.
    private static func expectations(validators: Int) throws -> DemoExpectations {
        var options = ClusterOptions()
        options.name = "demo"
        options.nodes = 3
        options.validators = validators
        options.feeRecipients = ["0x000000000000000000000000000000000000dEaD"]
        options.withdrawalAddresses = options.feeRecipients
        options.network = .hoodi
        options.insecureKeys = true
        var generator = SeededGenerator(seed: 1)
        let creation = try ClusterCreation(options, now: Instant(unixSeconds: 1_700_000_000), using: &generator)
        let chain = try DemoChain(
            DemoChain.Options(
                pubKeys: try creation.lock.validators.map { try PublicKey(bytes: $0.publicKey).bytes },
                genesis: Instant(unixSeconds: 1_700_000_000), slotDuration: .seconds(3), slotsPerEpoch: 8),
            verifier: SignatureVerifier(threads: CryptoThreads(threads: 1)))
        return try DemoExpectations(chain, creation)
    }

    @Test("expects a block in every slot but the first, each attestation once an epoch, votes of all sync members")
    func expected() throws {
        let expectations = try Self.expectations(validators: 6)
        let rows = (0..<8).flatMap { expectations.rows(in: Slot($0)) }
        func parts(_ type: DutyType) -> [DemoChain.Part] { rows.filter { $0.duty.type == type }.flatMap(\.parts) }
        #expect(parts(.proposer).count == 7)
        #expect(parts(.attester).map(\.validator).sorted() == (0..<6).map { ValidatorIndex($0) })
        #expect(parts(.syncMessage).count == 8 * 6)
        // A lottery in which every second one wins: 2^-48 for an accident.
        #expect((1..<48).contains(parts(.syncContribution).count))
        #expect(Set(parts(.aggregator)).isSubset(of: parts(.attester)))
        #expect(rows.allSatisfy { !$0.parts.isEmpty && $0.begin == expectations.chain.clock.begin(of: $0.duty) })
    }

    @Test("the aggregators it expects are those that the chain takes")
    func aggregators() async throws {
        let expectations = try Self.expectations(validators: 6)
        let chain = expectations.chain
        for row in (0..<8).flatMap({ expectations.rows(in: Slot($0)) }) where row.duty.type == .aggregator {
            for part in row.parts {
                var message = AggregateAndProofElectra(
                    aggregatorIndex: part.validator, aggregate: AttestationElectra(), selectionProof: .zero)
                let duty = chain.duty(of: part.validator, in: 0)
                message.aggregate.data.slot = row.duty.slot
                message.aggregate.committeeBits = Bitvector(
                    count: 64, setting: [Int(duty.committeeIndex.rawValue)])
                message.selectionProof = expectations.selectionProof(of: part.validator, row.duty.slot)
                let signed = Signed(message: message, signature: .zero)
                let faults = await chain.submit([signed], at: chain.clock.start(of: row.duty.slot))
                #expect(faults.map(\.message) == ["an aggregate that this chain did not make"])
            }
        }
    }

    @Test("what is missing is told by duty and validator, and no run without duties is a good one")
    func missing() async throws {
        let expectations = try Self.expectations(validators: 2)
        var summary = DemoSummary()
        #expect(!summary.isGood)
        expectations.expectExit(of: 1, in: 9, at: expectations.chain.clock.start(of: Slot(9)))
        await summary.judge(expectations, 9..<10)
        #expect(!summary.isGood)
        #expect(summary.missing.contains("duty 9/proposer of 1 validators: 0"))
        #expect(summary.missing.contains("duty 9/sync_message of 2 validators: 0 1"))
        #expect(summary.missing.contains("duty 8/exit of 1 validators: 1"))
        #expect(summary.tallies[.attester]?.expected == 1 && summary.tallies[.attester]?.included == 0)
    }

    @Test("a block that one node gave up and another brought is late; anything else that is given up is a failure")
    func late() async throws {
        let scene = try DemoChainScene()
        try await scene.propose(4)
        var summary = DemoSummary()
        summary.slots = 4..<6
        let failures = [(Slot(3), DutyType.attester), (4, .proposer), (4, .randao), (4, .attester), (5, .proposer)]
        await summary.judge(
            failures.map { slot, type in
                let duty = Duty(slot: slot, type: type)
                return DemoBoard.Failure(slot: slot, duty: duty, text: "\(duty)")
            } + [DemoBoard.Failure(slot: 4, text: "stood still")], scene.chain)
        #expect(summary.late == ["4/proposer", "4/randao"])
        #expect(summary.failures == ["4/attester", "5/proposer", "stood still"])
    }

    @Test("times are written in at most 17 characters")
    func times() {
        let rows: [([Duration], String)] = [
            ([], "–"), ([.microseconds(1250)], "1.2 / 1.2 ms"),
            ([.milliseconds(5), .milliseconds(999)], "999.0 / 999.0 ms"),
            ([.milliseconds(5), .milliseconds(6), .seconds(12)], "6.0 ms / 12.00 s"),
            ([.milliseconds(2000)], "2.00 / 2.00 s"),
            ([.microseconds(999_949), .microseconds(999_950)], "1.00 / 1.00 s"),
        ]
        for (values, text) in rows {
            #expect(Percentile.span(values, 1) == text)
            #expect(text.count <= 17)
        }
    }
}
