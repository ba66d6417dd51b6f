import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// A node of four that signs by itself, on a chain whose forks move while it works.
@Suite("forks that move")
struct ChangingForksTests {
    private let slot = Slot(41)
    private let start = Instant.slot(41, plus: 4)

    private func workflow(_ fork: ForkName) throws -> Workflow {
        Workflow(configuration: try Fixture.configuration(fork: fork, signs: true)) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
    }

    private func forks(_ fork: ForkName) throws -> ForkSchedule { try Fixture.configuration(fork: fork).forks }

    /// A peer tells what the cluster decided.
    private func decided(_ duty: Duty, _ set: UnsignedDataSet) -> Event {
        let hash = set.valueHash()
        func sealed(_ kind: QBFT.Message.Kind, _ source: Int) -> QBFT.Message {
            QBFT.Message(kind, round: 1, source: source, value: hash, signature: [1])
        }
        var message = sealed(.decided, 1)
        message.justification = (1...3).map { sealed(.commit, $0) }
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(set)]))
    }

    private func committeesAsked(_ effects: [Effect]) -> [CommitteeIndex]? {
        for case .fetch(_, .attestationData(let committees)) in effects { return committees }
        return nil
    }

    private func signed(_ effects: [Effect]) -> [SignedData] {
        for case .sign(_, let set) in effects { return Array(set.values) }
        return []
    }

    @Test(
        "what is asked and signed after a fork was moved is of the fork that rules now",
        arguments: [(ForkName.deneb, ForkName.fulu), (.fulu, .deneb)])
    func attestations(old: ForkName, new: ForkName) throws {
        var workflow = try workflow(old)
        _ = workflow.receive(.wake, at: .slot(40))
        _ = workflow.receive(.forksChanged(try forks(new)), at: .slot(40))
        _ = workflow.receive(
            .dutiesResolved(Epoch(1), .attester, [.attester(Fixture.row(1, slot: 41))]), at: .slot(40))
        let asked = workflow.receive(.wake, at: start)
        #expect(committeesAsked(asked) == [new >= .electra ? 0 : 1])
        let data = Fixture.data(slot: 41, index: new >= .electra ? 0 : 1)
        let value = Fixture.unsigned([1], slot: 41, data)
        let signing = workflow.receive(decided(.attester(slot: slot), value), at: start)
        guard case .attestation(let attestation)? = signed(signing).first else {
            Issue.record("\(signing.map(\.name))")
            return
        }
        #expect(attestation.fork == new && attestation.committeeIndex == 1)
    }

    // MARK: Blocks

    private func block(_ fork: ForkName) -> VersionedProposal {
        func make<Fork: BlockFork>(_: Fork.Type) -> VersionedProposal {
            var block = BlindedBeaconBlock<Fork>()
            block.slot = slot
            block.proposerIndex = 100
            return VersionedProposal(block)
        }
        return fork == .fulu ? make(Fulu.self) : make(Electra.self)
    }

    private func shares(of proposal: VersionedProposal, _ share: Int) -> ParSignedDataSet {
        let object = SignedData.proposal(proposal.signed(with: Fixture.signature(UInt8(share))))
        return [Fixture.key(0): ParSignedData(data: object, shareIndex: Fixture.share(share))]
    }

    private var proposerRow: DutyDefinition {
        var row = ProposerDuty()
        row.pubKey = Fixture.pubKey(0)
        row.slot = slot
        row.validatorIndex = 100
        return .proposer(row)
    }

    @Test("a block of the fork that ruled before is not taken; one of the fork that rules now is")
    func judged() throws {
        let duty = Duty(slot: slot, type: .proposer)
        for (proposed, isTaken) in [(ForkName.electra, false), (.fulu, true)] {
            var workflow = try workflow(.electra)
            _ = workflow.receive(.wake, at: .slot(40))
            _ = workflow.receive(.dutiesResolved(Epoch(1), .proposer, [proposerRow]), at: .slot(40))
            _ = workflow.receive(.forksChanged(try forks(.fulu)), at: .slot(40, plus: 1))
            _ = workflow.receive(.wake, at: .slot(41))
            let effects = workflow.receive(
                decided(duty, [Fixture.pubKey(0): .proposal(block(proposed))]), at: .slot(41))
            #expect(effects.contains { if case .sign = $0 { true } else { false } } == isTaken)
        }
    }

    @Test("a block that was decided keeps its fork: its shares count, those of another fork do not")
    func decidedStays() throws {
        let duty = Duty(slot: slot, type: .proposer)
        var workflow = try workflow(.fulu)
        _ = workflow.receive(.wake, at: .slot(40))
        _ = workflow.receive(.dutiesResolved(Epoch(1), .proposer, [proposerRow]), at: .slot(40))
        _ = workflow.receive(.wake, at: .slot(41))
        _ = workflow.receive(decided(duty, [Fixture.pubKey(0): .proposal(block(.fulu))]), at: .slot(41))
        _ = workflow.receive(.forksChanged(try forks(.electra)), at: .slot(41))
        let good = workflow.receive(.peerPartials(duty, shares(of: block(.fulu), 2)), at: .slot(41))
        #expect(good.work == ["note partials broadcasted"])
        let other = workflow.receive(.peerPartials(duty, shares(of: block(.electra), 3)), at: .slot(41))
        #expect(other.work.isEmpty)
        guard case .fault(duty, let fault)? = other.reports.first else {
            Issue.record("\(other.reports)")
            return
        }
        #expect("\(fault)".contains("of fork electra, which does not rule slot 41"))
    }

    // MARK: Shares

    @Test("operators whose shares were made for another fork than ours are heard again when ours has moved")
    func forgiven() throws {
        var suspects = SuspectWatch(slotDuration: .seconds(12))
        var held = HeldBytes(sources: 4, perSourceMax: 1024)
        let share = Fixture.share(2)
        suspects.insert(share)
        for slot in UInt64(1)...4 {
            _ = suspects.examine(share, .attester(slot: Slot(slot)), [:], at: .slot(slot), &held)
            _ = suspects.examined(share, false, at: .slot(slot), &held)
        }
        let ignored = suspects.examine(share, .attester(slot: Slot(4)), [:], at: .slot(4), &held)
        #expect(ignored.effects.isEmpty && ignored.tracked.count == 1)
        suspects.forgive()
        let heard = suspects.examine(share, .attester(slot: Slot(4)), [:], at: .slot(4), &held)
        #expect(heard.effectNames == ["verify"])
        #expect(suspects.contains(share), "still verified first")
    }

    @Test("an own share that turned out bad is not replaced by a second one, which the journal would refuse")
    func ownShareStays() throws {
        var db = ParSigDB(configuration: try Fixture.configuration())
        let duty = Duty.attester(slot: slot)
        let data = Fixture.data(slot: 41)
        _ = db.storeInternal(duty, try Fixture.partials([0], share: 1, data: data))
        _ = db.discard(duty, Fixture.key(0), [Fixture.share(1)])
        var again = try Fixture.partials([0], share: 1, data: data)
        let first = try #require(again[Fixture.key(0)])
        again[Fixture.key(0)]?.data = first.data.with(signature: Fixture.signature(9))
        #expect(db.storeInternal(duty, again).isEmpty)
    }
}
