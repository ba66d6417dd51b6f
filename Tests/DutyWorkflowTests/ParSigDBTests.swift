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
        signals.thresholds.first?[Fixture.key(validator)]?.signatures.keys.map(\.rawValue).sorted()
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
        #expect(peer.effectNames == ["note partials broadcasted", "decode"])
    }

    @Test("duplicates are silent; the same message with other side information is a duplicate")
    func duplicates() throws {
        var db = try db()
        _ = try db.storeExternal(duty, Fixture.partials([0], share: 2, data: data))
        #expect(try db.storeExternal(duty, Fixture.partials([0], share: 2, data: data)).isEmpty)
        let otherIndex = try Fixture.partial(0, share: 2, data: data, validatorIndex: 77)
        #expect(db.storeExternal(duty, [Fixture.key(0): otherIndex]).isEmpty)
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
        #expect(signals.thresholds.map { Set($0.keys) } == [[Fixture.key(0), Fixture.key(1)]])
        #expect(try db.storeExternal(duty, Fixture.partials([9], share: 3, data: data)).isEmpty, "a stranger's key")
    }

    @Test("without its bad shares a group waits for others and crosses again")
    func discard() throws {
        var db = try db(nodes: 7)
        for share in 1...5 { _ = try db.storeExternal(duty, Fixture.partials([0], share: share, data: data)) }
        #expect(db.discard(duty, Fixture.key(0), [Fixture.share(2)]).isEmpty)
        let again = try Fixture.partials([0], share: 2, data: data)
        #expect(db.storeExternal(duty, again).isEmpty, "whose share was bad has had its turn")
        #expect(shares(try db.storeExternal(duty, Fixture.partials([0], share: 6, data: data))) == [1, 3, 4, 5, 6])
        #expect(try db.storeExternal(duty, Fixture.partials([0], share: 7, data: data)).thresholds.isEmpty)
        // With enough others there already it crosses at once.
        #expect(shares(db.discard(duty, Fixture.key(0), [Fixture.share(3)])) == [1, 4, 5, 6, 7])
    }

    @Test("after a restart, unsent own rows are shared and complete groups fire, once")
    func restore() throws {
        func row(_ share: Int, _ status: PartialStatus, validator: Int = 0) throws -> JournalSnapshot.Partial {
            .init(
                duty: duty, key: Fixture.key(validator),
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
        #expect(signals.thresholds.map { Set($0.keys) } == [[Fixture.key(0)]])
        let resent = signals.effects.compactMap {
            if case .shareWithPeers(_, let set) = $0 { Set(set.keys) } else { nil }
        }
        #expect(resent == [[Fixture.key(0)]])
        #expect(try db.storeExternal(duty, Fixture.partials([0, 1], share: 4, data: data)).thresholds.isEmpty)
        #expect(db.contradictsOwn(duty, Fixture.key(0), try Fixture.partial(0, share: 1, data: other)))
        #expect(!db.contradictsOwn(duty, Fixture.key(0), try Fixture.partial(0, share: 1, data: data)))
    }

    @Test("an expired duty is forgotten")
    func expire() throws {
        var db = try db()
        for share in 1...2 { _ = try db.storeExternal(duty, Fixture.partials([0], share: share, data: data)) }
        db.expire(duty)
        #expect(try db.storeExternal(duty, Fixture.partials([0], share: 3, data: data)).thresholds.isEmpty)
    }

    // MARK: What an operator can make us hold

    @Test("shares are taken for validators that have the duty, and for no others")
    func due() throws {
        var db = try db()
        let set = try Fixture.partials([0, 1, 2], share: 2, data: data)
        let signals = db.storeExternal(duty, set, due: [Fixture.pubKey(1)], at: .slot(40))
        for case .perform(.note(.partials(_, let kept, _))) in signals { #expect(Set(kept.keys) == [Fixture.key(1)]) }
        #expect(signals.tracked.contains(.undueShare(Fixture.share(2), [Fixture.pubKey(0), Fixture.pubKey(2)])))
    }

    @Test("while nobody here knows the duties, each operator has one say for each validator and epoch")
    func unknown() throws {
        var db = try db()
        func kept(_ slot: UInt64, share: Int) throws -> Bool {
            let set = try Fixture.partials([0], share: share, data: Fixture.data(slot: slot))
            return db.storeExternal(.attester(slot: Slot(slot)), set, due: nil, at: .slot(40))
                .effectNames.contains("note partials broadcasted")
        }
        #expect(try kept(40, share: 2) && !kept(41, share: 2) && kept(41, share: 3) && kept(64, share: 2))
        db.expire(.attester(slot: Slot(40)))
        #expect(try kept(42, share: 2), "what is over is forgotten")
    }

    @Test("whose share was bad is verified from then on, one set at a time, and pauses after repeated bad ones")
    func suspects() throws {
        var db = try db(nodes: 7)
        _ = db.discard(duty, Fixture.key(0), [Fixture.share(2)])
        func send(_ slot: UInt64, _ now: Instant) throws -> [String] {
            let data = Fixture.data(slot: slot)
            let set = try Fixture.partials([1], share: 2, data: data)
            return db.storeExternal(.attester(slot: Slot(slot)), set, due: [Fixture.pubKey(1)], at: now).effectNames
        }
        #expect(try send(40, .slot(40)) == ["verify"])
        #expect(try send(41, .slot(40)).isEmpty, "it waits")
        let good = db.verified(Fixture.share(2), true, isOver: { _ in false }, at: .slot(40))
        #expect(good.effectNames == ["verify", "note partials broadcasted", "decode"])
        #expect(
            db.verified(Fixture.share(2), true, isOver: { _ in false }, at: .slot(40)).effectNames.first
                == "note partials broadcasted")
        #expect(db.verified(Fixture.share(2), true, isOver: { _ in false }, at: .slot(40)).isEmpty, "nothing was asked")
        for slot in UInt64(42)...44 {
            #expect(try send(slot, .slot(42)) == ["verify"])
            #expect(
                db.verified(Fixture.share(2), false, isOver: { _ in false }, at: .slot(42)).tracked == [
                    .badSet(Fixture.share(2))
                ])
        }
        #expect(try send(45, .slot(42, plus: 11)).isEmpty, "a pause")
        #expect(try send(45, .slot(43)) == ["verify"])
        let other = try Fixture.partials([1], share: 3, data: data)
        #expect(
            db.storeExternal(duty, other).effectNames == ["note partials broadcasted", "decode"], "others do not wait")
    }
}

extension ParSigDB {
    /// From an operator, for validators that have the duty.
    fileprivate mutating func storeExternal(_ duty: Duty, _ set: ParSignedDataSet) -> [Signal] {
        storeExternal(duty, set, due: set.keys.pubKeys, at: .slot(40))
    }
}
