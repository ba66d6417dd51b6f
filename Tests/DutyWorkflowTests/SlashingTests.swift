import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four, after one of its validators was slashed.
@Suite("slashings")
struct SlashingTests {
    private let duty = Duty.attester(slot: Slot(41))
    private let now = Instant.slot(41, plus: 5)
    private let slashed = Fixture.pubKey(0)

    /// With the attestations of validators 0 and 1 decided, and both validators' duties known.
    private func workflow(signs: Bool = false, _ records: [Record] = []) throws -> (Workflow, [Effect]) {
        var journal = JournalSnapshot()
        try journal.apply(.unsigned(duty, Fixture.unsigned([0, 1], slot: 41, Fixture.data(slot: 41))))
        for record in records { try journal.apply(record) }
        var workflow = Workflow(configuration: try Fixture.configuration(signs: signs)) { _, message in message }
        let effects = workflow.restore(journal, at: now)
        return (workflow, effects)
    }

    private func submit(_ validators: [Int], to workflow: inout Workflow) throws -> [EntryKey: String] {
        let set = try Fixture.partials(validators, share: 1, data: Fixture.data(slot: 41))
        let effects = workflow.receive(.localPartials([LocalPartials(duty, set)], Ticket(1)), at: now)
        guard case .submitted(let verdicts)? = effects.answers.first else { return [:] }
        return verdicts.first?.refusals ?? [:]
    }

    private func told(_ slashed: [Int], _ unslashed: [Int] = []) -> Event {
        let row = Dictionary(
            uniqueKeysWithValues: slashed.map { (Fixture.pubKey($0), true) }
                + unslashed.map { (Fixture.pubKey($0), false) })
        return .slashingsTold(SlashingPoll([row]))
    }

    @Test(
        "nothing more is signed for the validator, for others as before; durable, and told once",
        arguments: [true, false])
    func stops(isProven: Bool) throws {
        var (workflow, _) = try workflow()
        let event: Event = isProven ? .slashingProven(slashed, "two blocks of slot 9") : told([0], [1])
        let effects = workflow.receive(event, at: now)
        #expect(effects.work == ["persist slashed"] && effects.reports.count == 1)
        #expect(workflow.receive(event, at: now).isEmpty)
        let refusals = try submit([0, 1], to: &workflow)
        #expect(refusals.keys.map(\.pubKey) == [slashed])
        #expect(refusals.values.first?.contains("was slashed") == true)

        var (second, restart) = try self.workflow(effects.records)
        #expect(restart.reports == effects.reports)
        #expect(try submit([0, 1], to: &second).keys.map(\.pubKey) == [slashed])
    }

    @Test("every type of duty stops, exits too", arguments: DutyType.allCases)
    func everything(type: DutyType) throws {
        guard let sample = try DurableDutyTests.sample(type) else { return }
        var workflow = Workflow(configuration: try Fixture.configuration()) { _, message in message }
        _ = workflow.restore(try sample.others, at: now)
        _ = workflow.receive(.slashingProven(slashed, "two blocks of slot 9"), at: now)
        let effects = workflow.receive(
            .localPartials([LocalPartials(sample.duty, sample.set(sample.first))], Ticket(1)),
            at: .slot(41, plus: 1))
        #expect(effects.work == ["answer refused"])
    }

    @Test("a node that signs by itself signs for the others alone, and sends nothing of before again")
    func ownSigner() throws {
        let share = try Fixture.partials([0, 1], share: 1, data: Fixture.data(slot: 41))
        let records: [Record] = [
            .slashed(slashed, Slashing(.proven, seen: "two blocks of slot 9")), .partials(duty, share, .internal),
        ]
        var (workflow, restart) = try workflow(signs: true, records)
        for case .shareWithPeers(_, let set) in restart { #expect(set.keys.map(\.pubKey) == [Fixture.pubKey(1)]) }
        #expect(restart.work.contains("share"))
        let again = workflow.receive(.peerConnected(PeerIndex(2)), at: now)
        #expect(again.work == ["share with 2"])
        for case .shareWithPeer(_, _, let set) in again { #expect(set.keys.map(\.pubKey) == [Fixture.pubKey(1)]) }
        // Duties that are decided after it.
        let next = Duty.attester(slot: Slot(42))
        let rows = [0, 1].map { DutyDefinition.attester(Fixture.row($0, slot: 42)) }
        _ = workflow.receive(.wake, at: now)
        _ = workflow.receive(.dutiesResolved(Epoch(1), .attester, rows), at: now)
        _ = workflow.receive(.wake, at: .slot(42, plus: 4))
        let value = Fixture.unsigned([0, 1], slot: 42, Fixture.data(slot: 42))
        let signals = workflow.sign(next, value)
        for case .sign(_, let objects) in signals.effects { #expect(objects.keys.map(\.pubKey) == [Fixture.pubKey(1)]) }
        #expect(signals.effectNames == ["sign"] && !signals.tracked.isEmpty)
    }

    @Test("what was told is over when the chain says otherwise, what is proven stays")
    func lifted() throws {
        var (told, _) = try workflow()
        var records = told.receive(self.told([0]), at: now).records
        let lifted = told.receive(self.told([], [0, 1]), at: now)
        #expect(lifted.work == ["persist slashing lifted"] && lifted.reports == [.slashingLifted(slashed)])
        #expect(try submit([0], to: &told).isEmpty)
        records += lifted.records
        #expect(try workflow(records).1.reports.isEmpty)

        var (proven, _) = try workflow()
        records = proven.receive(self.told([0]), at: now).records
        records += proven.receive(.slashingProven(slashed, "two blocks of slot 9"), at: now).records
        #expect(proven.receive(self.told([], [0]), at: now).isEmpty)
        #expect(try submit([0], to: &proven).count == 1)
        var (after, reports) = try workflow(records + [.slashingLifted(slashed)])
        #expect(reports.reports == [.slashed(slashed, Slashing(.proven, seen: "two blocks of slot 9"))])
        #expect(try submit([0], to: &after).count == 1)
    }

    @Test("a validator of another cluster is nobody's here")
    func stranger() throws {
        var (workflow, _) = try workflow()
        #expect(workflow.receive(.slashingProven(Fixture.pubKey(77), "two blocks of slot 9"), at: now).isEmpty)
        #expect(workflow.receive(told([77]), at: now).isEmpty)
    }

    // MARK: What is believed

    @Test(
        "more than half of the beacon nodes that answer decide, and a tie changes nothing",
        arguments: [
            ([true], true, false), ([false], false, true), ([true, false], false, false),
            ([true, true, false], true, false),
            ([true, false, false], false, true), ([], false, false),
        ] as [([Bool], Bool, Bool)])
    func poll(answers: [Bool], isSlashed: Bool, isUnslashed: Bool) {
        let poll = SlashingPoll(answers.map { [slashed: $0] })
        #expect(!poll.slashed.isEmpty == isSlashed && !poll.unslashed.isEmpty == isUnslashed)
    }

    @Test("a node that does not know a validator says nothing of it")
    func unknown() {
        let poll = SlashingPoll([[slashed: true], [Fixture.pubKey(1): false], [:]])
        #expect(poll.slashed == [slashed] && poll.unslashed == [Fixture.pubKey(1)])
    }

    private func domains() throws -> SigningDomains {
        SigningDomains(
            spec: try Fixture.configuration().spec, genesisValidatorsRoot: Fixture.root(7), exitVersion: .zero)
    }

    private func vote(_ source: UInt64, _ target: UInt64, block: UInt8 = 1, _ indices: [UInt64])
        -> IndexedAttestationElectra
    {
        IndexedAttestationElectra(
            attestingIndices: indices.map { ValidatorIndex($0) },
            data: Fixture.data(slot: target * 32, source: source, target: target, block: block),
            signature: Fixture.signature(block))
    }

    private func slashing(
        _ first: IndexedAttestationElectra, _ second: IndexedAttestationElectra
    ) -> AttesterSlashing<IndexedAttestationElectra> {
        var slashing = AttesterSlashing<IndexedAttestationElectra>()
        slashing.attestation1 = first
        slashing.attestation2 = second
        return slashing
    }

    @Test("votes that do not contradict each other, or that nobody cast both of, are no evidence")
    func votes() throws {
        let domains = try domains()
        let rows: [(IndexedAttestationElectra, IndexedAttestationElectra, [UInt64])] = [
            (vote(1, 2, [5]), vote(1, 2, block: 2, [5]), [5]),
            (vote(1, 2, [3, 5, 9]), vote(1, 2, block: 2, [5, 7, 9]), [5, 9]),
            (vote(1, 4, [5]), vote(2, 3, [5]), [5]), (vote(2, 3, [5]), vote(1, 4, [5]), [5]),
            (vote(1, 2, [5]), vote(1, 2, [5]), []), (vote(1, 2, [5]), vote(2, 3, [5]), []),
            (vote(1, 3, [5]), vote(1, 4, [5]), []), (vote(1, 2, [5]), vote(1, 2, block: 2, [6]), []),
            (vote(1, 2, []), vote(1, 2, block: 2, []), []),
        ]
        for (place, (first, second, guilty)) in rows.enumerated() {
            let evidence = SlashingEvidence(slashing(first, second), domains)
            #expect((evidence?.validators ?? []).map(\.rawValue) == guilty, "row \(place)")
        }
    }

    @Test("only votes that one validator cast alone can be checked under its key")
    func claims() throws {
        let domains = try domains()
        let alone = try #require(
            SlashingEvidence(slashing(vote(1, 2, [5]), vote(1, 2, block: 2, [5])), domains)?.claims)
        #expect(alone.map(\.signature) == [Fixture.signature(1), Fixture.signature(2)])
        #expect(alone.map(\.root) == [1, 2].map { domains.attester(Fixture.data(slot: 64, block: $0)) })
        for other in [[UInt64]([5, 6]), [5, 5]] {
            let mixed = SlashingEvidence(slashing(vote(1, 2, [5]), vote(1, 2, block: 2, other)), domains)
            #expect(mixed != nil && mixed?.claims == nil)
        }
    }

    @Test("two different blocks of one slot and proposer are evidence")
    func blocks() throws {
        let domains = try domains()
        func header(_ slot: UInt64, _ proposer: UInt64, _ body: UInt8) -> SignedBeaconBlockHeader {
            SignedBeaconBlockHeader(
                message: BeaconBlockHeader(
                    slot: Slot(slot), proposerIndex: ValidatorIndex(proposer), parentRoot: .zero, stateRoot: .zero,
                    bodyRoot: Fixture.root(body)), signature: Fixture.signature(body))
        }
        for (second, isEvidence) in [
            (header(9, 5, 2), true), (header(9, 5, 1), false), (header(10, 5, 2), false), (header(9, 6, 2), false),
        ] {
            var slashing = ProposerSlashing()
            slashing.signedHeader1 = header(9, 5, 1)
            slashing.signedHeader2 = second
            let evidence = SlashingEvidence(slashing, domains)
            #expect((evidence != nil) == isEvidence)
            #expect(evidence?.claims?.count == (isEvidence ? 2 : nil))
        }
    }

    @Test("beacon nodes are asked about a doubt at once, then once a slot for two epochs; strangers cost nothing")
    func questions() {
        var questions = SlashingQuestions(validators: [slashed], clock: Fixture.clock())
        #expect(questions.due(at: Slot(40)).isEmpty)
        let strange = questions.doubt([Fixture.pubKey(77)], at: Slot(40))
        #expect(!strange && questions.due(at: Slot(40)).isEmpty)
        for _ in 0..<3 {
            let isOurs = questions.doubt([slashed], at: Slot(40))
            #expect(isOurs)
        }
        #expect(questions.due(at: Slot(40)) == [slashed])
        #expect(questions.due(at: Slot(40)).isEmpty, "once a slot")
        for slot in 41...104 { #expect(questions.due(at: Slot(UInt64(slot))) == [slashed]) }
        #expect(questions.due(at: Slot(105)).isEmpty)
        _ = questions.doubt([slashed], at: Slot(1000))
        #expect(questions.due(at: Slot(40)).isEmpty, "a clock that was set back")
    }
}
