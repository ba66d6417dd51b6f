import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("SigAgg and AggSigDB")
struct AggregationTests {
    private let duty = Duty.attester(slot: Slot(40))
    private let data = Fixture.data(slot: 40)
    private let key = Fixture.key(1)

    /// What comes out of ParSigDB for these partials, and then out of SigAgg.
    private func aggregate(
        _ partials: [ParSignedData], row: AttesterDuty?, fork: ForkName = .fulu
    ) throws -> VersionedAttestation {
        let configuration = try Fixture.configuration(fork: fork)
        var parSigDB = ParSigDB(configuration: configuration)
        var sigAgg = SigAgg(configuration: configuration)
        let signals = partials.flatMap { partial in
            partial.shareIndex == Fixture.share(1)
                ? parSigDB.storeInternal(duty, [key: partial])
                : parSigDB.storeExternal(duty, [key: partial], due: [key.pubKey], at: .slot(40))
        }
        let groups = try #require(signals.thresholds.first)
        #expect(sigAgg.combine(duty, groups).effectNames == ["recover"])
        let results: [EntryKey: Recovery] = [key: .signature(Fixture.groupSignature)]
        for case .aggregated(_, let set) in sigAgg.recovered(
            duty, results, definition: { _ in row.map { .attester($0) } })
        {
            if case .attestation(let attestation)? = set[key] { return attestation }
        }
        throw Fixture.NoAttestation()
    }

    @Test("committee, index and fork come from our own duty, whatever peers put beside the message")
    func template() throws {
        let lies = [
            try Fixture.partial(1, share: 2, data: data, committee: 9, validatorIndex: 77),
            try Fixture.partial(1, share: 3, data: data, fork: .deneb),
            try Fixture.partial(1, share: 4, data: data, fork: .electra, committee: 8),
        ]
        let attestation = try aggregate(lies, row: Fixture.row(1, slot: 40))
        #expect(attestation.fork == .fulu)
        #expect(attestation.committeeIndex == CommitteeIndex(1))
        #expect(attestation.validatorIndex == ValidatorIndex(101))
        #expect(attestation.signature == Fixture.groupSignature && attestation.data == data)
        #expect(throws: Never.self) { try attestation.single() }
    }

    @Test("without a row our own partial is next, then a complete one")
    func templateWithoutRow() throws {
        var bare = try Fixture.partial(1, share: 2, data: data)
        if case .attestation(var attestation) = bare.data {
            attestation.validatorIndex = nil
            bare.data = .attestation(attestation)
        }
        let good = try Fixture.partial(1, share: 4, data: data)
        let other = try Fixture.partial(1, share: 3, data: data, validatorIndex: 77)
        let own = try Fixture.partial(1, share: 1, data: data, validatorIndex: 55)
        #expect(try aggregate([bare, good, other], row: nil).validatorIndex == ValidatorIndex(101))
        #expect(try aggregate([bare, own, other], row: nil).validatorIndex == ValidatorIndex(55))
        #expect(try aggregate([bare, good, own], row: nil).validatorIndex == ValidatorIndex(55))
    }

    @Test("before Electra the vote is a bit in the committee's list")
    func phase0() throws {
        let group = try (2...4).map { try Fixture.partial(1, share: $0, data: data, fork: .deneb) }
        let attestation = try aggregate(group, row: Fixture.row(1, slot: 40), fork: .deneb)
        guard case .phase0(let object) = attestation.form else {
            Issue.record("\(attestation.form)")
            return
        }
        #expect(object.aggregationBits.count == 64 && object.aggregationBits.setIndices == [1])
    }

    @Test("bad shares are named and handed back; results nobody asked for are ignored")
    func bad() throws {
        var sigAgg = SigAgg(configuration: try Fixture.configuration())
        let signatures = Dictionary(
            uniqueKeysWithValues: (2...4).map { (Fixture.share($0), Fixture.signature(UInt8($0))) })
        let object = try Fixture.partial(1, share: 2, data: data).data
        _ = sigAgg.combine(duty, [key: PartialGroup(data: object, signatures: signatures)])
        let bad: [EntryKey: Recovery] = [
            key: .badShares([Fixture.share(3)]), Fixture.key(0): .signature(Fixture.groupSignature),
        ]
        let signals = sigAgg.recovered(duty, bad) { _ in nil }
        #expect(signals.tracked == [.badShare(key.pubKey, Fixture.share(3))])
        guard case .badShares(duty, key, [Fixture.share(3)])? = signals.last, signals.count == 2 else {
            Issue.record("\(signals)")
            return
        }
        #expect(sigAgg.recovered(duty, [key: .signature(Fixture.groupSignature)]) { _ in nil }.isEmpty)
    }

    @Test("the first aggregate stays, and only new ones go on")
    func first() throws {
        var db = AggSigDB()
        func signed(_ block: UInt8) throws -> SignedData {
            try Fixture.partial(1, share: 1, data: Fixture.data(slot: 40, block: block)).data
        }
        let (new, signals) = db.store(duty, [key: try signed(1)])
        #expect(Set(new.keys) == [key])
        #expect(signals.effectNames == ["persist aggregated", "note status aggregated"])
        let same = db.store(duty, [key: try signed(1)])
        #expect(same.new.isEmpty && same.signals.isEmpty)
        let other = db.store(duty, [key: try signed(2), Fixture.key(0): try signed(2)])
        #expect(Set(other.new.keys) == [Fixture.key(0)])
        #expect(other.signals.tracked == [.conflicted(key.pubKey, "another group signature exists")])
        var snapshot = JournalSnapshot()
        snapshot.aggregated[duty] = [key: try signed(1)]
        var restored = AggSigDB()
        restored.restore(snapshot)
        #expect(restored.store(duty, [key: try signed(1)]).new.isEmpty)
    }

    @Test("who waits for a signature gets it when it comes, or learns that it will not")
    func waiting() throws {
        var db = AggSigDB()
        let signed = try Fixture.partial(1, share: 1, data: data).data
        #expect(db.query(Ticket(1), duty, key).isEmpty && db.query(Ticket(2), duty, Fixture.key(0)).isEmpty)
        _ = db.query(Ticket(3), duty, key)
        db.cancel(Ticket(3))
        #expect(db.store(duty, [key: signed]).signals.effects.answers == [.signed(signed)])
        #expect(db.query(Ticket(4), duty, key).effects.answers == [.signed(signed)])
        #expect(db.expire(duty).effectNames == ["answer refused"])
    }
}
