import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import TestSupport
import Testing

@testable import Storage

/// SQLite against the meaning of records, `JournalSnapshot.apply`: whatever comes in whatever order.
@Suite struct JournalFoldTests {
    private let folder = Folder()

    /// Few duties, validators and values, so that repeats and contradictions are common.
    private struct Story {
        var random: SeededGenerator
        let plans: [SwitchPlan]

        mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        mutating func byte(_ range: ClosedRange<UInt8>) -> UInt8 { UInt8.random(in: range, using: &random) }

        /// One object of validator 0: some share, some message, some signature, some side information.
        mutating func signedObject(_ slot: Slot) -> SignedData {
            signed(slot, head: byte(1...2), signature: byte(5...6), validator: byte(77...78))
        }

        mutating func next() -> Record {
            let slot = Slot(UInt64(pick(1...3)))
            let duty = Duty.attester(slot: slot)
            let pubKey = key(pick(0...1))
            let entry = EntryKey(pubKey, subcommittee: UInt64(pick(0...1)))
            switch pick(0...12) {
            case 0, 1:
                let kind: QBFT.Message.Kind = pick(0...1) == 0 ? .prepare : .commit
                let set = values(slot, pick(1...2), head: byte(1...2))
                let hash = pick(0...9) == 0 ? root(1) : set.valueHash()
                let vote = vote(kind, round: Int64(pick(1...2)), hash, justified: pick(0...2))
                return .vote(duty, vote, values: pick(0...1) == 0 ? [hash: .duties(set)] : [:])
            case 2: return .unsigned(duty, values(slot, pick(1...2), head: byte(1...2)))
            case 3:
                let mark = watermark(UInt64(pick(1...3)), UInt64(pick(3...6)), byte(0...2))
                return .attestationWatermark(pubKey, mark)
            case 4, 5, 6:
                let from = pick(1...4)
                let partial = ParSignedData(data: signedObject(slot), shareIndex: share(from))
                return .partials(duty, [entry: partial], from == 1 ? .internal : .broadcasted)
            case 7: return .partialStatus(duty, [entry], pick(0...1) == 0 ? .broadcasted : .aggregated)
            case 8:
                return pick(0...2) == 0
                    ? .broadcast(duty, [entry]) : .aggregated(duty, [entry: signed(slot, signature: byte(8...9))])
            case 9 where pick(0...3) == 0:
                return pick(0...1) == 0 ? .haltLifted : .halted(Halt(duty: duty, seen: "vote \(pick(1...2))"))
            case 10:
                let slashing = Slashing(pick(0...1) == 0 ? .told : .proven, seen: "vote \(pick(1...2))")
                return pick(0...1) == 0 ? .slashingLifted(pubKey) : .slashed(pubKey, slashing)
            case 11:
                let stage = SwitchStage(rawValue: pick(0...10)) ?? .noted
                return .plannedSwitch(SwitchRecord(plans[pick(0...1)], stage))
            case 12: return .switchDropped(plans[pick(0...1)])
            default: return pick(0...3) == 0 ? .expired(duty) : .broadcast(duty, [EntryKey(key(0)), EntryKey(key(1))])
            }
        }
    }

    @Test("holds after each commit what the records mean, and refuses the same", arguments: UInt64(1)...4)
    func sameMeaning(seed: UInt64) async throws {
        var story = Story(random: SeededGenerator(seed: seed), plans: [try plan(), try plan(epoch: 9)])
        var journal = try folder.open()
        var fold = JournalSnapshot()
        var refusals = 0
        for step in 0..<100 {
            let records = (0..<story.pick(1...3)).map { _ in story.next() }
            let before = fold
            var expected: JournalConflict?
            do throws(JournalConflict) { for record in records { try fold.apply(record) } } catch {
                expected = error
                fold = before
                refusals += 1
            }
            var found: JournalError?
            do { try await journal.commit(records) } catch { found = error }
            #expect(found == expected.map { .conflict($0) }, "step \(step), seed \(seed)")

            if step.isMultiple(of: 10) {
                await journal.close()
                journal = try folder.open()
            }
            let loaded = Contents(try await journal.load(where: everything))
            guard loaded == Contents(fold.live(where: everything)) else {
                Issue.record("after step \(step), seed \(seed)")
                return
            }
        }
        #expect(refusals > 10, "the story is a trap")
        let past: @Sendable (Duty) -> Bool = { $0.slot != 2 }
        #expect(Contents(try await journal.load(where: past)) == Contents(fold.live(where: past)))
    }

    @Test("forgets what others signed of an exit, and nothing that has a deadline")
    func forgotten() async throws {
        let (duty, other) = (Duty(slot: 32, type: .exit), Duty(slot: 64, type: .exit))
        let message = VoluntaryExit(epoch: 1, validatorIndex: ValidatorIndex(77))
        let exit = SignedData.exit(Signed(message: message, signature: SignatureBytes(padding: [5])))
        let set: ParSignedDataSet = [entry(0): ParSignedData(data: exit, shareIndex: share(2))]
        var told = records(10)
        for duty in [duty, other] {
            told += [.partials(duty, set, .broadcasted), .aggregated(duty, [entry(0): exit])]
        }
        told += [.broadcast(duty, [entry(0)]), .forgotten(duty), .forgotten(.attester(slot: 10))]
        var journal = try folder.open()
        try await journal.commit(told)
        await journal.close()
        journal = try folder.open()
        var fold = JournalSnapshot()
        for record in told { try fold.apply(record) }
        let loaded = Contents(try await journal.load(where: everything))
        #expect(loaded == Contents(fold))
        #expect(Set(loaded.partials.map(\.duty)) == [.attester(slot: 10), other])
        #expect(loaded.aggregated[duty] == nil && loaded.broadcast[duty] == nil && loaded.closed.isEmpty)
        try await journal.commit([.partials(duty, set, .broadcasted)])
        #expect(try await journal.load(where: everything).partials.contains { $0.duty == duty })
    }

    @Test("writes a block for our own share only, and peers' shares of it after that")
    func blocks() async throws {
        let duty = Duty(slot: 9, type: .proposer)
        let proposal = GnosisBlock.proposal(slot: 9)
        let group = SignedData.proposal(proposal.signed(with: SignatureBytes(padding: [9])))
        func partial(_ index: Int) -> ParSignedDataSet {
            let signed = SignedData.proposal(proposal.signed(with: SignatureBytes(padding: [UInt8(index)])))
            return [entry(0): ParSignedData(data: signed, shareIndex: share(index))]
        }
        #expect(group.isLarge)
        let told: [Record] = [
            .partials(duty, partial(2), .broadcasted), .partials(duty, partial(1), .internal),
            .partials(duty, partial(3), .broadcasted), .aggregated(duty, [entry(0): group]),
        ]
        var fold = JournalSnapshot()
        let journal = try folder.open(preset: GnosisBlock.preset)
        for record in told {
            try fold.apply(record)
            try await journal.commit([record])
            #expect(Contents(try await journal.load(where: everything)) == Contents(fold))
        }
        #expect(fold.partials.map(\.partial.shareIndex.rawValue) == [1, 3])
        #expect(fold.aggregated[duty] == [entry(0): group])
    }

    @Test("keeps what was signed once a message, as our own client said it")
    func objects() async throws {
        let duty = Duty.attester(slot: 10)
        func partial(_ index: Int, validator: UInt8) -> ParSignedDataSet {
            let object = signed(10, signature: UInt8(index), validator: validator)
            return [entry(0): ParSignedData(data: object, shareIndex: share(index))]
        }
        let journal = try folder.open()
        try await journal.commit([
            .partials(duty, partial(2, validator: 1), .broadcasted),
            .partials(duty, partial(3, validator: 2), .broadcasted),
        ])
        func loaded() async throws -> [ParSignedData] {
            try await journal.load(where: everything).partials.map(\.partial)
        }
        #expect(try await loaded() == [2, 3].compactMap { partial($0, validator: 1)[entry(0)] })
        try await journal.commit([.partials(duty, partial(1, validator: 77), .internal)])
        #expect(try await loaded() == [1, 2, 3].compactMap { partial($0, validator: 77)[entry(0)] })
    }
}
