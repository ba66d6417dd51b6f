import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// What has no deadline is bounded by number, and nobody's flood may cost others theirs.
@Suite("Duties without a deadline, when there are too many")
struct EndlessDutyTests {
    private static let validators = 40
    private let exit = Duty(slot: Slot(32), type: .exit)
    private let now = Instant.slot(6000)

    private func workflow() throws -> Workflow {
        Workflow(configuration: try Fixture.configuration(validators: Self.validators)) { _, message in message }
    }

    private func exitShare(_ share: Int, of validator: Int = 0) -> ParSignedDataSet {
        let message = VoluntaryExit(epoch: 1, validatorIndex: ValidatorIndex(UInt64(100 + validator)))
        let data = SignedData.exit(Signed(message: message, signature: Fixture.signature(UInt8(share))))
        return [Fixture.key(validator): ParSignedData(data: data, shareIndex: Fixture.share(share))]
    }

    /// Each of a duty of its own, spread over all validators.
    private func registrations(_ share: Int, _ slots: Range<UInt64>) -> [Event] {
        slots.map { slot in
            let key = Fixture.key(Int(slot) % Self.validators)
            let message = ValidatorRegistration(
                feeRecipient: .zero, gasLimit: 30_000_000, timestamp: slot * 12, pubKey: key.pubKey)
            let data = SignedData.registration(Signed(message: message, signature: Fixture.signature(UInt8(share))))
            let set: ParSignedDataSet = [key: ParSignedData(data: data, shareIndex: Fixture.share(share))]
            return .peerPartials(Duty(slot: Slot(slot), type: .builderRegistration), set)
        }
    }

    private func receive(_ events: [Event], _ workflow: inout Workflow, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for event in events + [.wake] { effects += workflow.receive(event, at: now) }
        return effects
    }

    private func completes(_ workflow: Workflow, with shares: [Int]) -> Bool {
        var workflow = workflow
        let own = LocalPartials(exit, exitShare(1))
        var effects = workflow.receive(.localPartials([own], Ticket(1)), at: now)
        guard effects.answers.map(\.name) == ["submitted"] else { return false }
        for share in shares { effects += workflow.receive(.peerPartials(exit, exitShare(share)), at: now) }
        return effects.work.contains("recover")
    }

    @Test("an exit that one operator names, and as many others after it, can still be signed by the rest")
    func unsigned() throws {
        var workflow = try workflow()
        let flood = [Event.peerPartials(exit, exitShare(4))] + registrations(4, 0..<400)
        let effects = receive(flood, &workflow, at: now)
        #expect(!effects.work.contains("note expired"), "what nobody here signed is never closed")
        #expect(effects.work.count { $0 == "note forgotten" } == 401 - EndlessDuties.max)
        #expect(completes(workflow, with: [2, 3]))
    }

    @Test("neither our own share nor another operator's is lost by it")
    func others() throws {
        for isSigned in [false, true] {
            var workflow = try workflow()
            if isSigned { _ = workflow.receive(.localPartials([LocalPartials(exit, exitShare(1))], nil), at: now) }
            _ = receive([.peerPartials(exit, exitShare(2))] + registrations(4, 0..<1000), &workflow, at: now)
            #expect(completes(workflow, with: [3]), "the share of operator 2 is still there")
        }
    }

    @Test("the journal forgets with the node: what is left is bounded, and restored")
    func journal() throws {
        var workflow = try workflow()
        var journal = JournalSnapshot()
        for record in receive(registrations(4, 0..<1000), &workflow, at: now).records { try journal.apply(record) }
        #expect(journal.partials.count == EndlessDuties.max && journal.closed.isEmpty)
        var restarted = try self.workflow()
        _ = restarted.restore(journal, at: now)
        #expect(completes(restarted, with: [2, 3]))
    }

    @Test("what has a deadline is forgotten by no record")
    func deadline() throws {
        var journal = JournalSnapshot()
        let duty = Duty.attester(slot: Slot(40))
        try journal.apply(.partials(duty, Fixture.partials([0], share: 1, data: Fixture.data(slot: 40)), .internal))
        try journal.apply(.forgotten(duty))
        #expect(journal.partials.count == 1)
    }

    @Test("a clock that steps back finds closed what was over before the flood")
    func stepBack() throws {
        var workflow = try workflow()
        let duty = Duty.attester(slot: Slot(5900))
        let share = try Fixture.partials([0], share: 2, data: Fixture.data(slot: 5900))
        #expect(workflow.receive(.peerPartials(duty, share), at: .slot(5900)).work == ["note partials broadcasted"])
        #expect(workflow.receive(.wake, at: now).work.contains("note expired"))
        let flood = registrations(4, 0..<4500)
        #expect(!receive(flood, &workflow, at: now).work.contains("note expired"))
        #expect(workflow.receive(.peerPartials(duty, share), at: .slot(5900)).isEmpty)
    }

    @Test("malformed shares of duties that nobody signs take the place of none")
    func words() throws {
        var workflow = try workflow()
        _ = workflow.receive(.peerPartials(exit, exitShare(2)), at: now)
        let words = (UInt64(100)..<500).map {
            Event.peerPartials(Duty(slot: Slot($0), type: .exit), exitShare(4))
        }
        #expect(!receive(words, &workflow, at: now).work.contains("note forgotten"))
        #expect(completes(workflow, with: [3]))
    }

    // MARK: Which goes first

    private func filled(_ extra: [Duty] = []) -> (EndlessDuties, [Duty]) {
        let duties = (0..<EndlessDuties.max).map { Duty(slot: Slot(UInt64($0)), type: .exit) } + extra
        var endless = EndlessDuties()
        for duty in duties { endless.add(duty) }
        return (endless, duties)
    }

    private func supporters(_ duties: [Duty], _ shares: (Int) -> [Int]) -> [Duty: Set<ShareIndex>] {
        Dictionary(
            uniqueKeysWithValues: duties.enumerated().map { ($1, Set(shares($0).map { Fixture.share($0) })) })
    }

    @Test("of the operator that fills most the oldest goes, what two want last, what we want after all else")
    func order() {
        let one = Duty(slot: Slot(9999), type: .exit)
        let (full, all) = filled()
        #expect(full.surplus(supporters(all) { _ in [2] }, own: Fixture.share(1)) == nil, "there is room")
        let (endless, duties) = filled([one])
        func first(_ shares: (Int) -> [Int]) -> Int? {
            endless.surplus(supporters(duties, shares), own: Fixture.share(1)).flatMap { duties.firstIndex(of: $0) }
        }
        #expect(first { $0 < 100 ? [2] : [3] } == 100)
        #expect(first { $0 < 200 ? [2] : [3] } == 0)
        #expect(first { $0 < 200 ? [2, 4] : [2] } == 200, "what two want stays")
        #expect(first { $0 < 200 ? [2, 4] : [3] } == 0, "two that fill it cost a third nothing")
        #expect(first { $0 < 200 ? [1, 2] : $0 < 220 ? [2] : [3] } == 220, "what we want is nobody's burden")
        #expect(first { $0 == 7 ? [3] : [1] } == 7)
        #expect(first { _ in [1] } == 0)
        var words = supporters(duties) { _ in [2] }
        words[duties[50]] = nil
        #expect(endless.surplus(words, own: Fixture.share(1)) == duties[50])
    }

    @Test("what is closed stays over, what is forgotten may come again")
    func queue() {
        var queue = DeadlineQueue(deadlines: Deadlines(clock: Fixture.clock()))
        let duties = (0..<2 + EndlessDuties.max).map { Duty(slot: Slot(UInt64($0)), type: .exit) }
        for duty in duties { queue.add(duty) }
        let supporters = supporters(duties) { _ in [2] }
        #expect(queue.surplus(supporters, own: Fixture.share(1)) == duties[0])
        queue.forget(duties[0])
        #expect(!queue.isOver(duties[0]) && queue.surplus(supporters, own: Fixture.share(1)) == duties[1])
        queue.close(duties[1])
        #expect(queue.isOver(duties[1]) && queue.surplus(supporters, own: Fixture.share(1)) == nil)
        queue.add(duties[0])
        #expect(queue.surplus(supporters, own: Fixture.share(1)) == duties[2])
    }
}
