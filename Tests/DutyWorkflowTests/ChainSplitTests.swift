import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four with `chain_split_halt`; the attestations of slot 42 are led by node 1 first.
@Suite("Leaders on another chain")
struct ChainSplitTests {
    private let duty = Duty.attester(slot: Slot(42))
    private let begin = Instant.slot(42, plus: 4)

    private func configuration(halts: Bool = true) throws -> WorkflowConfiguration {
        var configuration = try Fixture.configuration()
        configuration.consensus.haltsOnChainSplit = halts
        return configuration
    }

    /// - Parameters:
    ///   - block: the head that is voted for, of which honest nodes may think differently.
    ///   - change: what is of another chain.
    private func data(block: UInt8 = 1, _ change: (inout AttestationData) -> Void = { _ in }) -> AttestationData {
        var data = Fixture.data(slot: 42, block: block)
        change(&data)
        return data
    }

    private func value(_ data: AttestationData) -> UnsignedDataSet { Fixture.unsigned([0], slot: 42, data) }

    private static let splits: [@Sendable (inout AttestationData) -> Void] = [
        { $0.target.root = Fixture.root(9) }, { $0.source.root = Fixture.root(9) },
    ]

    @Test("source and target count, by epoch and root; the head does not")
    func rule() throws {
        var db = DutyDB(configuration: try configuration())
        func judge(_ data: AttestationData) -> DutyDB.Verdict {
            db.judge(value(data), of: duty, round: 3, definitions: nil)
        }
        #expect(judge(data()) == .open, "our beacon node has not told")
        db.learn(duty, value(data(block: 5)))
        #expect(judge(data()) == .good && judge(data(block: 5)) == .good)
        for split in Self.splits {
            guard case .bad(let why) = judge(data(split)) else {
                Issue.record("another chain passes")
                continue
            }
            #expect(why.contains("chain_split_halt"))
        }
        _ = db.expire(duty)
        #expect(judge(data()) == .open)

        var plain = DutyDB(configuration: try configuration(halts: false))
        plain.learn(duty, value(data(block: 5)))
        #expect(plain.judge(value(data(Self.splits[0])), of: duty, round: 1, definitions: nil) == .good)
    }

    // MARK: In the workflow

    /// At the begin of the duty: our beacon node is being asked.
    private func started(halts: Bool = true) throws -> Workflow {
        var workflow = Workflow(configuration: try configuration(halts: halts)) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        _ = workflow.receive(.wake, at: .slot(40))
        _ = workflow.receive(
            .dutiesResolved(Epoch(1), .attester, [.attester(Fixture.row(0, slot: 42))]), at: .slot(40))
        #expect(workflow.receive(.wake, at: begin).work.contains("fetch 42/attester"))
        return workflow
    }

    private func proposed(_ data: AttestationData) -> Event {
        let set = value(data)
        let hash = set.valueHash()
        let message = QBFT.Message(.prePrepare, round: 1, source: 1, value: hash, signature: [1])
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(set)]))
    }

    private func told(_ data: AttestationData) -> Event { .fetched(duty, .attestationData([.zero: data])) }

    @Test("a leader's value waits for our beacon node's, then gets our vote or none")
    func compared() throws {
        var same = try started()
        #expect(!same.receive(proposed(data()), at: begin).work.contains("send prepare"), "it waits")
        let later = begin + .milliseconds(900)
        #expect(!same.receive(.wake, at: later).work.contains("send prepare"), "for about a round")
        #expect(same.receive(told(data(block: 5)), at: later).work.contains("send prepare"))

        for split in Self.splits {
            var other = try started()
            _ = other.receive(proposed(data(split)), at: begin)
            let effects = other.receive(told(data()), at: begin + .milliseconds(300))
            #expect(!effects.work.contains("send prepare"))
            let faults = effects.reports.compactMap { if case .fault(_, let fault) = $0 { fault } else { nil } }
            #expect(faults.map(\.peer) == [PeerIndex(1)] && faults[0].description.contains("chain_split_halt"))
            // Votes for it after that change nothing: ours is not among them.
            #expect(!other.receive(proposed(data(split)), at: begin + .milliseconds(400)).work.contains("send prepare"))
        }
    }

    @Test("without our beacon node's word there is no vote")
    func silent() throws {
        var silent = try started()
        _ = silent.receive(proposed(data()), at: begin)
        let effects = silent.receive(.wake, at: begin + .milliseconds(1000))
        #expect(!effects.work.contains("send prepare"))

        var failing = try started()
        _ = failing.receive(proposed(data()), at: begin)
        let failed = failing.receive(.fetchFailed(duty, Failure(reason: "no", isTemporary: true)), at: begin)
        #expect(!failed.work.contains("send prepare"))
        #expect(!failing.receive(proposed(data()), at: begin).work.contains("send prepare"))
    }

    @Test("without the feature the leader has our vote at once")
    func off() throws {
        var workflow = try started(halts: false)
        #expect(workflow.receive(proposed(data(Self.splits[0])), at: begin).work.contains("send prepare"))
    }
}
