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

    private func progress(_ workflow: Workflow) -> [ExitProgress] {
        var workflow = workflow
        for case .exits(let rows) in workflow.receive(.query(Ticket(9), .exits(Epoch(1))), at: now).answers {
            return rows
        }
        return []
    }

    @Test("who has asked can be asked, and what the beacon node said")
    func progress() throws {
        var workflow = try workflow()
        #expect(progress(workflow).isEmpty)
        for share in [3, 1] { _ = workflow.receive(.peerPartials(duty, partial(0, share: share)), at: now) }
        _ = workflow.receive(.localPartials([LocalPartials(duty, partial(1, share: 1))], nil), at: now)
        #expect(progress(workflow).map(\.pubKey) == [Fixture.pubKey(0), Fixture.pubKey(1)])
        #expect(progress(workflow).map { $0.shares.map(\.rawValue) } == [[3], [1]], "nobody else has our share")
        #expect(progress(workflow).map(\.stage) == [.open, .open])
        _ = workflow.receive(.localPartials([LocalPartials(duty, partial(0, share: 1))], nil), at: now)
        _ = workflow.receive(.peerPartials(duty, partial(0, share: 2)), at: now)
        _ = workflow.receive(.recovered(duty, [Fixture.key(0): .signature(Fixture.groupSignature)]), at: now)
        #expect(progress(workflow).map(\.stage) == [.complete, .open])
        _ = workflow.receive(.broadcastSucceeded(duty, [Fixture.key(0)]), at: now)
        #expect(progress(workflow).map(\.stage) == [.published, .open])
        #expect(progress(workflow)[0].message.validatorIndex == ValidatorIndex(100))
        #expect(progress(workflow)[0].shares.map(\.rawValue) == [1, 2, 3])
    }

    @Test("what the beacon node refuses for good is handed in again when its operator asks again, and only then")
    func refusedForGood() throws {
        var workflow = try workflow()
        for validator in 0..<2 {
            let own = LocalPartials(duty, partial(validator, share: 1))
            _ = workflow.receive(.localPartials([own], nil), at: now)
            for share in 2...3 { _ = workflow.receive(.peerPartials(duty, partial(validator, share: share)), at: now) }
        }
        let results = [0, 1].map { (Fixture.key($0), Recovery.signature(Fixture.groupSignature)) }
        let whole = workflow.receive(.recovered(duty, Dictionary(uniqueKeysWithValues: results)), at: now).broadcasts
        #expect(whole.map(\.keys.count) == [1, 1], "what becomes of one says nothing of the other")
        _ = workflow.receive(.broadcastSucceeded(duty, [Fixture.key(1)]), at: now)
        let refusal = Failure(reason: "too young", isTemporary: false)
        _ = workflow.receive(.broadcastFailed(duty, whole[0], refusal), at: now)
        #expect(progress(workflow).map(\.stage) == [.refused("too young"), .published])
        #expect(workflow.receive(.wake, at: .slot(4000)).broadcasts.isEmpty)
        #expect(workflow.receive(.peerPartials(duty, partial(0, share: 2)), at: now).broadcasts.isEmpty)
        for validator in [1, 0] {
            let again = workflow.receive(
                .localPartials([LocalPartials(duty, partial(validator, share: 1))], Ticket(2)), at: now)
            #expect(again.broadcasts == (validator == 0 ? [whole[0]] : []))
            #expect(again.answers.map(\.name) == ["submitted"])
        }
        #expect(progress(workflow).map(\.stage) == [.complete, .published])
        _ = workflow.receive(.broadcastSucceeded(duty, [Fixture.key(0)]), at: now)
        #expect(progress(workflow).map(\.stage) == [.published, .published])

        var snapshot = JournalSnapshot()
        try snapshot.apply(.partials(duty, partial(0, share: 1), .broadcasted))
        try snapshot.apply(.aggregated(duty, whole[0]))
        try snapshot.apply(.broadcast(duty, [Fixture.key(0)]))
        var restarted = try self.workflow()
        #expect(restarted.restore(snapshot, at: now).broadcasts.isEmpty)
        #expect(progress(restarted).map(\.stage) == [.published])
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
    fileprivate var broadcasts: [SignedDataSet] {
        compactMap { if case .broadcast(_, let set) = $0 { set } else { nil } }
    }
    /// What is shared with peers, by its entries.
    fileprivate var shared: [Set<EntryKey>] {
        compactMap { if case .shareWithPeers(_, let set) = $0 { Set(set.keys) } else { nil } }
    }
}
