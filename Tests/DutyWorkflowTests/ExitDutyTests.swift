import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Exits have no deadline, and all validators that exit in one epoch share a duty.
@Suite("Exits")
struct ExitDutyTests {
    private let duty = Duty(slot: Slot(32), type: .exit)
    private let now = Instant.slot(400)

    private func workflow() throws -> Workflow {
        Workflow(configuration: try Fixture.configuration()) { _, message in message }
    }

    private func partial(_ validator: Int, share: Int, epoch: UInt64 = 1) -> ParSignedDataSet {
        let message = VoluntaryExit(epoch: Epoch(epoch), validatorIndex: ValidatorIndex(UInt64(100 + validator)))
        let exit = SignedData.exit(Signed(message: message, signature: Fixture.signature(UInt8(share))))
        return [Fixture.key(validator): ParSignedData(data: exit, shareIndex: Fixture.share(share))]
    }

    @Test("one that is broadcast ends nobody else's")
    func shared() throws {
        var workflow = try workflow()
        for validator in 0..<2 {
            let own = LocalPartials(duty, partial(validator, share: 1))
            #expect(workflow.receive(.localPartials([own], Ticket(1)), at: now).answers.map(\.name) == ["submitted"])
            var recovered: [String] = []
            for share in 2...3 {
                recovered += workflow.receive(.peerPartials(duty, partial(validator, share: share)), at: now).work
            }
            #expect(recovered.contains("recover"))
            let results: [EntryKey: Recovery] = [Fixture.key(validator): .signature(Fixture.groupSignature)]
            #expect(workflow.receive(.recovered(duty, results), at: now).work.contains("broadcast"))
            _ = workflow.receive(.broadcastSucceeded(duty, [Fixture.key(validator)]), at: now)
        }
    }

    @Test("operators who ask for different epochs do not make a group: those of one epoch do, once there are enough")
    func epochs() throws {
        var workflow = try workflow()
        func exit(_ share: Int, _ epoch: UInt64) -> [Effect] {
            let duty = Duty(slot: Slot(32 * epoch), type: .exit)
            let set = partial(0, share: share, epoch: epoch)
            guard share == 1 else { return workflow.receive(.peerPartials(duty, set), at: now) }
            return workflow.receive(.localPartials([LocalPartials(duty, set)], Ticket(1)), at: now)
        }
        for (share, epoch) in [(1, UInt64(10)), (2, 10), (3, 11)] {
            #expect(!exit(share, epoch).work.contains("recover"), "share \(share)")
        }
        let groups = exit(4, 10).compactMap { effect -> [EntryKey: PartialGroup]? in
            if case .recover(Duty(slot: 320, type: .exit), let groups) = effect { groups } else { nil }
        }
        #expect(groups.count == 1)
        #expect(groups.first?[Fixture.key(0)]?.signatures.keys.sorted() == [1, 2, 4].map { Fixture.share($0) })
    }

    @Test("what peers name crowds out none that this node signed for")
    func crowd() throws {
        var workflow = try workflow()
        _ = workflow.receive(.localPartials([LocalPartials(duty, partial(0, share: 1))], Ticket(1)), at: now)
        for slot in UInt64(0)..<400 {
            for type in [DutyType.exit, .builderRegistration] {
                _ = workflow.receive(.peerPartials(Duty(slot: Slot(slot), type: type), [:]), at: now)
            }
        }
        _ = workflow.receive(.wake, at: now)
        let again = LocalPartials(duty, partial(1, share: 1))
        #expect(workflow.receive(.localPartials([again], Ticket(2)), at: now).answers.map(\.name) == ["submitted"])
    }

    @Test("peers are reminded each epoch of what waits for them, also after a restart, until the group is complete")
    func reminders() throws {
        var workflow = try workflow()
        let epoch = Fixture.clock().slotsPerEpoch
        _ = workflow.receive(.wake, at: now)
        let own = partial(0, share: 1)
        _ = workflow.receive(.localPartials([LocalPartials(duty, own)], Ticket(1)), at: now)
        #expect(workflow.receive(.wake, at: now).shared == [], "once an epoch")
        #expect(workflow.receive(.wake, at: Instant.slot(400 + epoch)).shared == [Set(own.keys)])

        var snapshot = JournalSnapshot()
        try snapshot.apply(.partials(duty, own, .broadcasted))
        var restarted = try self.workflow()
        #expect(restarted.restore(snapshot, at: now).shared == [], "it was sent")
        #expect(restarted.receive(.wake, at: now).shared == [Set(own.keys)])
        for share in 2...3 { _ = restarted.receive(.peerPartials(duty, partial(0, share: share)), at: now) }
        #expect(restarted.receive(.wake, at: Instant.slot(400 + epoch)).shared == [])
    }
}

extension [Effect] {
    /// What is shared with peers, by its entries.
    fileprivate var shared: [Set<EntryKey>] {
        compactMap { if case .shareWithPeers(_, let set) = $0 { Set(set.keys) } else { nil } }
    }
}
