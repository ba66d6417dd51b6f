import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// What bears our own index: what we refuse to sign, and the same identity twice.
extension WorkflowTests {
    @Test("signatures with another operator's share index do not pass as our own")
    func foreignOwn() throws {
        var workflow = try decided()
        #expect(
            workflow.receive(.localPartials([LocalPartials(duty, try set(2))], Ticket(7)), at: start).work == [
                "answer refused"
            ])
    }

    @Test("a second, different signature of our own is refused, also undecided ones and late ones")
    func ownEquivocation() throws {
        var (early, _) = try workflow()
        #expect(
            early.receive(.localPartials([LocalPartials(duty, try set(1))], Ticket(1)), at: start).work == [
                "answer refused"
            ])
        var workflow = try decided()
        _ = workflow.receive(.localPartials([LocalPartials(duty, try set(1))], Ticket(1)), at: start)
        let other = try Fixture.partials([0, 1], share: 1, data: Fixture.data(slot: 41, block: 2))
        #expect(
            workflow.receive(.localPartials([LocalPartials(duty, other)], Ticket(2)), at: start).work == [
                "answer refused"
            ])
        #expect(
            workflow.receive(.localPartials([LocalPartials(duty, try set(1))], Ticket(3)), at: .slot(80)).work == [
                "answer refused"
            ])
    }

    @Test("a vote of our own key that we did not send ends all signing here, and is told")
    func twin() throws {
        var workflow = try decided()
        let other = Duty.attester(slot: Slot(42))
        let set = Fixture.unsigned([0], slot: 42, Fixture.data(slot: 42))
        let hash = set.valueHash()
        let message = QBFT.Message(.prepare, round: 1, source: 0, value: hash, signature: [1])
        let effects = workflow.receive(
            .consensusMessage(ConsensusMessage(duty: other, message: message, values: [hash: .duties(set)])), at: start)
        #expect(effects.reports.contains { if case .twinSeen(other, _) = $0 { true } else { false } })
        let own = workflow.receive(.localPartials([LocalPartials(duty, try self.set(1))], Ticket(3)), at: start)
        #expect(own.work == ["answer refused"])
        #expect(workflow.receive(vote(.prepare, from: 1), at: start).sent.isEmpty)
    }

    @Test(
        "a share of our own index that holds and that we did not make ends all signing here", arguments: [true, false])
    func twinShare(holds: Bool) throws {
        var workflow = try decided()
        let own = ShareIndex(PeerIndex(0))
        let foreign = try set(1)
        let effects = workflow.receive(.peerPartials(duty, foreign), at: start)
        #expect(effects.work == ["verify"] && effects.reports.isEmpty, "anybody can put our index on something")
        let verdict = workflow.receive(.verified(own, holds), at: start)
        #expect(verdict.reports.contains { if case .twinSeen = $0 { true } else { false } } == holds)
        let mine = workflow.receive(.localPartials([LocalPartials(duty, foreign)], Ticket(3)), at: start)
        #expect(mine.work.contains("answer refused") == holds && mine.work.contains("share") != holds)
    }

    @Test("our own share that comes back is no twin's, nor one that we made while it was checked")
    func ownEcho() throws {
        var workflow = try decided()
        let own = ShareIndex(PeerIndex(0))
        #expect(workflow.receive(.peerPartials(duty, try set(1)), at: start).work == ["verify"])
        _ = workflow.receive(.localPartials([LocalPartials(duty, try set(1))], Ticket(3)), at: start)
        #expect(workflow.receive(.verified(own, true), at: start).isEmpty)
        #expect(workflow.receive(.peerPartials(duty, try set(1)), at: start).isEmpty)
    }

    /// What our key makes outside the node (`exit sign`, fee recipients), and what has one content whoever makes it.
    static let harmless: [(type: DutyType, data: SignedData)] = {
        let slot = Slot(41)
        let exit = VoluntaryExit(epoch: 1, validatorIndex: ValidatorIndex(100))
        let registration = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [0xfe]), gasLimit: 30_000_000, timestamp: 492, pubKey: Fixture.pubKey(0))
        return [
            (.exit, .exit(Signed(message: exit, signature: .zero))),
            (.builderRegistration, .registration(Signed(message: registration, signature: .zero))),
            (.randao, .randao(SignedEpoch(epoch: 1, signature: .zero))),
            (
                .prepareAggregator,
                .committeeSelection(
                    BeaconCommitteeSelection(validatorIndex: ValidatorIndex(100), slot: slot, selectionProof: .zero))
            ),
            (
                .prepareSyncContribution,
                .syncSelection(
                    SyncCommitteeSelection(
                        validatorIndex: ValidatorIndex(100), slot: slot, subcommitteeIndex: 0, selectionProof: .zero))
            ),
        ]
    }()

    @Test("a share of our own key that may be made outside this node, or contradicts nothing, stops nobody")
    func harmlessOwn() throws {
        var workflow = try decided()
        for (type, data) in Self.harmless {
            let foreign = Duty(slot: type == .exit ? Slot(32) : Slot(41), type: type)
            let share = ParSignedData(data: data.with(signature: Fixture.signature(1)), shareIndex: Fixture.share(1))
            let effects = workflow.receive(.peerPartials(foreign, [Fixture.key(0): share]), at: start)
            #expect(effects.isEmpty, "\(type)")
            #expect(workflow.receive(.verified(Fixture.share(1), true), at: start).isEmpty, "\(type)")
        }
        let own = workflow.receive(.localPartials([LocalPartials(duty, try set(1))], Ticket(3)), at: start)
        #expect(own.work.contains("share"))
    }

    @Test("only what is made from the chain's state proves a twin")
    func proofs() {
        let proofs = DutyType.allCases.filter { $0.rules.provesTwin }
        #expect(proofs == [.proposer, .attester, .aggregator, .syncMessage, .syncContribution])
        #expect(proofs.allSatisfy { $0.rules.span != .endless && !$0.rules.isAhead })
    }

    @Test("garbage under our own index costs a few checks, then nothing")
    func ownGarbage() throws {
        var workflow = try decided()
        var checks = 0
        for _ in 0..<100 {
            let effects = workflow.receive(.peerPartials(duty, try set(1)), at: start)
            checks += effects.work.count { $0 == "verify" }
            #expect(workflow.receive(.verified(ShareIndex(PeerIndex(0)), false), at: start).reports.isEmpty)
        }
        #expect(checks == 3)
    }

    /// What an earlier life on a lost journal signed is no twin's, nor what it voted: the node only sits that duty out.
    @Test("signs of its own key from before the journal was made halt nobody", arguments: [Slot(41), Slot(42)])
    func earlierLife(knowsFrom: Slot) throws {
        let isTwin = knowsFrom <= duty.slot
        var configuration = try Fixture.configuration()
        configuration.knowsFrom = knowsFrom
        let rows = [Fixture.row(0, slot: 41), Fixture.row(1, slot: 41), Fixture.row(2, slot: 44)]
        func started() throws -> Workflow {
            var workflow = Workflow(configuration: configuration) { _, message in
                var sealed = message
                sealed.signature = [1]
                return sealed
            }
            _ = workflow.receive(.wake, at: .slot(40))
            _ = workflow.receive(.dutiesResolved(Epoch(1), .attester, rows.map { .attester($0) }), at: .slot(40))
            return workflow
        }
        var shares = try started()
        let effects = shares.receive(.peerPartials(duty, try set(1)), at: start)
        #expect(effects.work == (isTwin ? ["verify"] : []))
        let verdict = shares.receive(.verified(Fixture.share(1), true), at: start)
        #expect(verdict.reports.contains { if case .twinSeen = $0 { true } else { false } } == isTwin)

        var votes = try started()
        let seen = votes.receive(vote(.commit, from: 0), at: start)
        #expect(seen.reports.contains { if case .twinSeen = $0 { true } else { false } } == isTwin)
        // Whatever it is told of that duty, it says nothing more in it; in the next one it does.
        _ = votes.receive(.wake, at: start)
        let rest = votes.receive(.fetched(duty, .attestationData([.zero: data])), at: start)
        #expect(rest.sent.isEmpty)
        // Led by node 3.
        let (later, now) = (Duty.attester(slot: Slot(44)), Instant.slot(44, plus: 4))
        _ = votes.receive(.wake, at: now)
        _ = votes.receive(.fetched(later, .attestationData([.zero: Fixture.data(slot: 44)])), at: now)
        let proposed = Fixture.unsigned([2], slot: 44, Fixture.data(slot: 44))
        let message = QBFT.Message(.prePrepare, round: 1, source: 3, value: proposed.valueHash(), signature: [1])
        let answer = votes.receive(
            .consensusMessage(
                ConsensusMessage(duty: later, message: message, values: [proposed.valueHash(): .duties(proposed)])),
            at: now)
        #expect(answer.work.contains("send prepare") != isTwin)
    }

    @Test("a node on a new journal that sees its twin signs nothing, not even when its wait is over")
    func newJournalTwin() throws {
        var configuration = try Fixture.configuration(signs: true)
        configuration.signsFrom = Slot(41)
        for hasTwin in [false, true] {
            var workflow = Workflow(configuration: configuration) { _, message in
                var sealed = message
                sealed.signature = [1]
                return sealed
            }
            if hasTwin {
                let early = Duty.attester(slot: Slot(39))
                let share = try Fixture.partials([0], share: 1, data: Fixture.data(slot: 39))
                _ = workflow.receive(.peerPartials(early, share), at: .slot(39, plus: 4))
                _ = workflow.receive(.verified(ShareIndex(PeerIndex(0)), true), at: .slot(39, plus: 5))
            }
            var effects: [Effect] = []
            for step in try story().prefix(9) { effects += workflow.receive(step.event, at: step.at) }
            #expect(effects.work.contains("sign") != hasTwin)
        }
    }

    @Test("on a new journal the node takes part, but signs nothing before its first slot")
    func newJournal() throws {
        var configuration = try Fixture.configuration(signs: true)
        configuration.signsFrom = Slot(42)
        for (first, signs) in [(Slot(42), false), (Slot(41), true)] {
            configuration.signsFrom = first
            var workflow = Workflow(configuration: configuration) { _, message in
                var sealed = message
                sealed.signature = [1]
                return sealed
            }
            var effects: [Effect] = []
            for step in try story().prefix(9) { effects += workflow.receive(step.event, at: step.at) }
            #expect(effects.work.contains("persist unsigned") && effects.work.contains("sign") == signs)
        }
    }
}
