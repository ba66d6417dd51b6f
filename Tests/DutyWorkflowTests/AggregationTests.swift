import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("SigAgg and AggSigDB")
struct AggregationTests {
    private let duty = Duty.attester(slot: Slot(40))
    private let data = Fixture.data(slot: 40)
    private let key = Fixture.pubKey(1)

    private func aggregate(
        _ group: [ParSignedData], row: AttesterDuty?, fork: ForkName = .fulu
    ) throws -> VersionedAttestation {
        var sigAgg = SigAgg(configuration: try Fixture.configuration(fork: fork))
        #expect(sigAgg.combine(duty, [key: group]).effectNames == ["recover"])
        let results: [PubKey: Recovery] = [key: .signature(Fixture.groupSignature)]
        let (signals, _) = sigAgg.recovered(duty, results) { _ in row }
        for case .aggregated(_, let set) in signals {
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

    @Test("without a row our own partial is next, then a complete one of the right fork")
    func templateWithoutRow() throws {
        var bare = try Fixture.partial(1, share: 2, data: data)
        if case .attestation(var attestation) = bare.data {
            attestation.validatorIndex = nil
            bare.data = .attestation(attestation)
        }
        let wrongFork = try Fixture.partial(1, share: 3, data: data, fork: .deneb)
        let good = try Fixture.partial(1, share: 4, data: data)
        let own = try Fixture.partial(1, share: 1, data: data, validatorIndex: 55)
        #expect(try aggregate([bare, wrongFork, good], row: nil).validatorIndex == ValidatorIndex(101))
        #expect(try aggregate([bare, wrongFork, good], row: nil).fork == .fulu)
        #expect(try aggregate([bare, wrongFork, good, own], row: nil).validatorIndex == ValidatorIndex(55))
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
        let group = try (2...4).map { try Fixture.partial(1, share: $0, data: data) }
        _ = sigAgg.combine(duty, [key: group])
        let bad: [PubKey: Recovery] = [
            key: .badShares([Fixture.share(3)]), Fixture.pubKey(0): .signature(Fixture.groupSignature),
        ]
        let (signals, out) = sigAgg.recovered(duty, bad) { _ in nil }
        #expect(signals.tracked == [.badShare(key, Fixture.share(3))])
        #expect(out.count == 1 && out[0].0 == key && out[0].1 == [Fixture.share(3)])
        #expect(signals.count == 1, "nothing was aggregated")
        let again = sigAgg.recovered(duty, [key: .signature(Fixture.groupSignature)]) { _ in nil }
        #expect(again.signals.isEmpty && again.bad.isEmpty)
    }

    @Test("the first aggregate stays, and only new ones go on")
    func first() throws {
        var db = AggSigDB()
        func signed(_ block: UInt8) throws -> SignedData {
            try Fixture.partial(1, share: 1, data: Fixture.data(slot: 40, block: block)).data
        }
        let (new, signals) = db.store(duty, [key: try signed(1)])
        #expect(Set(new.keys) == [key])
        #expect(signals.effectNames == ["note aggregated", "note status aggregated"])
        let same = db.store(duty, [key: try signed(1)])
        #expect(same.new.isEmpty && same.signals.isEmpty)
        let other = db.store(duty, [key: try signed(2), Fixture.pubKey(0): try signed(2)])
        #expect(Set(other.new.keys) == [Fixture.pubKey(0)])
        #expect(other.signals.tracked == [.conflicted(key, "another group signature exists")])
        var snapshot = JournalSnapshot()
        snapshot.aggregated[duty] = [key: try signed(1)]
        var restored = AggSigDB()
        restored.restore(snapshot)
        #expect(restored.store(duty, [key: try signed(1)]).new.isEmpty)
    }
}
