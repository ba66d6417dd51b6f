import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("ParSigDB")
struct ParSigDBTests {
    private let duty = Duty.attester(slot: Slot(40))
    private let data = Fixture.data(slot: 40)
    private let other = Fixture.data(slot: 40, block: 2)

    private func db(nodes: Int = 4) throws -> ParSigDB {
        ParSigDB(configuration: try Fixture.configuration(nodes: nodes))
    }

    private func shares(_ signals: [Signal], _ validator: Int = 0) -> [Int]? {
        signals.thresholds.first?[Fixture.pubKey(validator)]?.map(\.shareIndex.rawValue)
    }

    @Test("crosses the threshold exactly once", arguments: [(4, 3), (7, 5), (10, 7), (13, 9)])
    func crossesOnce(nodes: Int, threshold: Int) throws {
        var db = try db(nodes: nodes)
        let crossings = try (1...nodes).map { share in
            try db.storeExternal(duty, Fixture.partials([0], share: share, data: data)).thresholds.count
        }
        #expect(crossings == (1...nodes).map { $0 == threshold ? 1 : 0 })
    }

    @Test("our own share is persisted before it is shared, a peer's only noted")
    func order() throws {
        var db = try db()
        let own = try db.storeInternal(duty, Fixture.partials([0, 1], share: 1, data: data))
        #expect(own.effectNames == ["persist partials internal", "share"])
        let peer = try db.storeExternal(duty, Fixture.partials([0, 1], share: 2, data: data))
        #expect(peer.effectNames == ["note partials broadcasted"])
    }

    @Test("duplicates are silent; the same message with other side information is a duplicate")
    func duplicates() throws {
        var db = try db()
        _ = try db.storeExternal(duty, Fixture.partials([0], share: 2, data: data))
        #expect(try db.storeExternal(duty, Fixture.partials([0], share: 2, data: data)).isEmpty)
        let otherIndex = try Fixture.partial(0, share: 2, data: data, validatorIndex: 77)
        #expect(db.storeExternal(duty, [Fixture.pubKey(0): otherIndex]).isEmpty)
        _ = try db.storeInternal(duty, Fixture.partials([0], share: 1, data: data))
        #expect(try db.storeInternal(duty, Fixture.partials([0], share: 1, data: data)).isEmpty, "not shared again")
    }

    @Test("an equivocating share is named, keeps its first message and holds up no other validator")
    func equivocation() throws {
        var db = try db()
        _ = try db.storeExternal(duty, Fixture.partials([0], share: 2, data: data))
        let signals = try db.storeExternal(duty, Fixture.partials([0, 1], share: 2, data: other))
        #expect(signals.tracked.contains(.equivocatedShare(Fixture.pubKey(0), Fixture.share(2))))
        _ = try db.storeExternal(duty, Fixture.partials([0, 1], share: 3, data: other))
        let last = try db.storeExternal(duty, Fixture.partials([0, 1], share: 4, data: other))
        #expect(shares(last, 0) == nil)
        #expect(shares(last, 1) == [2, 3, 4])
    }

    @Test("only shares over one message count together")
    func roots() throws {
        var db = try db()
        for (share, data) in [(1, data), (2, other), (3, data)] {
            #expect(try db.storeExternal(duty, Fixture.partials([0], share: share, data: data)).thresholds.isEmpty)
        }
        #expect(shares(try db.storeExternal(duty, Fixture.partials([0], share: 4, data: data))) == [1, 3, 4])
    }

    @Test("validators cross each for itself, in one signal")
    func validators() throws {
        var db = try db()
        _ = try db.storeExternal(duty, Fixture.partials([0, 1, 2], share: 1, data: data))
        _ = try db.storeExternal(duty, Fixture.partials([0, 1], share: 2, data: data))
        let signals = try db.storeExternal(duty, Fixture.partials([0, 1, 2], share: 3, data: data))
        #expect(signals.thresholds.map { Set($0.keys) } == [[Fixture.pubKey(0), Fixture.pubKey(1)]])
        #expect(try db.storeExternal(duty, Fixture.partials([9], share: 3, data: data)).isEmpty, "a stranger's key")
    }

    @Test("without its bad shares a group waits for others and crosses again")
    func discard() throws {
        var db = try db(nodes: 7)
        for share in 1...5 { _ = try db.storeExternal(duty, Fixture.partials([0], share: share, data: data)) }
        #expect(db.discard(duty, Fixture.pubKey(0), [Fixture.share(2)]).isEmpty)
        let again = try Fixture.partials([0], share: 2, data: data)
        #expect(db.storeExternal(duty, again).isEmpty, "whose share was bad has had its turn")
        #expect(shares(try db.storeExternal(duty, Fixture.partials([0], share: 6, data: data))) == [1, 3, 4, 5, 6])
        #expect(try db.storeExternal(duty, Fixture.partials([0], share: 7, data: data)).thresholds.isEmpty)
        // With enough others there already it crosses at once.
        #expect(shares(db.discard(duty, Fixture.pubKey(0), [Fixture.share(3)])) == [1, 4, 5, 6, 7])
    }

    @Test("after a restart, unsent own rows are shared and complete groups fire, once")
    func restore() throws {
        func row(_ share: Int, _ status: PartialStatus, validator: Int = 0) throws -> JournalSnapshot.Partial {
            .init(
                duty: duty, pubKey: Fixture.pubKey(validator),
                partial: try Fixture.partial(validator, share: share, data: data), status: status)
        }
        var db = try db()
        let rows = [
            try row(1, .internal), try row(2, .broadcasted), try row(3, .broadcasted),
            try row(1, .aggregated, validator: 1), try row(2, .aggregated, validator: 1),
            try row(3, .broadcasted, validator: 1),
            try row(1, .expired, validator: 2), try row(2, .broadcasted, validator: 2),
            try row(3, .broadcasted, validator: 2),
        ]
        let signals = db.restore(rows)
        #expect(signals.thresholds.map { Set($0.keys) } == [[Fixture.pubKey(0)]])
        let resent = signals.effects.compactMap {
            if case .shareWithPeers(_, let set) = $0 { Set(set.keys) } else { nil }
        }
        #expect(resent == [[Fixture.pubKey(0)]])
        #expect(try db.storeExternal(duty, Fixture.partials([0, 1], share: 4, data: data)).thresholds.isEmpty)
        #expect(db.contradictsOwn(duty, Fixture.pubKey(0), try Fixture.partial(0, share: 1, data: other)))
        #expect(!db.contradictsOwn(duty, Fixture.pubKey(0), try Fixture.partial(0, share: 1, data: data)))
    }

    @Test("an expired duty is forgotten")
    func expire() throws {
        var db = try db()
        for share in 1...2 { _ = try db.storeExternal(duty, Fixture.partials([0], share: share, data: data)) }
        db.expire(duty)
        #expect(try db.storeExternal(duty, Fixture.partials([0], share: 3, data: data)).thresholds.isEmpty)
    }
}
