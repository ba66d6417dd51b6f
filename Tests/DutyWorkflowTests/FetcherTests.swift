import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("Fetcher")
struct FetcherTests {
    private let duty = Duty.attester(slot: Slot(40))
    private func definitions(_ indices: [Int] = [0, 1, 2]) -> DutyDefinitionSet {
        Dictionary(uniqueKeysWithValues: indices.map { (Fixture.pubKey($0), .attester(Fixture.row($0, slot: 40))) })
    }

    private func asked(_ signals: [Signal]) -> [UInt64]? {
        for case .fetch(_, .attestationData(let committees)) in signals.effects { return committees.map(\.rawValue) }
        return nil
    }

    @Test(
        "from Electra on one call for committee 0, before one per committee",
        arguments: [
            (ForkName.deneb, [UInt64(0), 1, 2]), (.electra, [0]), (.fulu, [0]),
        ])
    func committees(fork: ForkName, expected: [UInt64]) throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration(fork: fork))
        #expect(asked(try fetcher.fetch(duty, definitions())) == expected)
        #expect(try fetcher.fetch(duty, definitions()).isEmpty, "one request at a time")
        let data = Dictionary(
            uniqueKeysWithValues: expected.map { (CommitteeIndex($0), Fixture.data(slot: 40, index: $0)) })
        let signals = try fetcher.received(duty, .attestationData(data), at: .slot(40, plus: 4))
        guard case .fetched(duty, let set)? = signals.last else {
            Issue.record("no data: \(signals)")
            return
        }
        for index in 0..<3 {
            let committee = fork == .deneb ? UInt64(index) : 0
            let row = Fixture.row(index, slot: 40)
            #expect(set[Fixture.pubKey(index)] == .attester(Fixture.data(slot: 40, index: committee), row))
        }
    }

    @Test(
        "what cannot be signed is refused and asked for again",
        arguments: [
            Fixture.data(slot: 41), Fixture.data(slot: 40, target: 2), Fixture.data(slot: 40, target: 0),
            Fixture.data(slot: 40, source: 2), Fixture.data(slot: 40, source: 1), Fixture.data(slot: 40, index: 3),
        ])
    func refuses(data: AttestationData) throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration())
        _ = try fetcher.fetch(duty, definitions())
        let signals = try fetcher.received(duty, .attestationData([.zero: data]), at: .slot(40, plus: 4))
        #expect(signals.count == 1 && !signals.tracked.isEmpty, "no data go out")
        let next = try #require(fetcher.nextWake)
        #expect(asked(try fetcher.wake(at: next)) == [0])
        #expect(
            try fetcher.received(duty, .attestationData([.zero: Fixture.data(slot: 40)]), at: next).tracked == [
                .fetched
            ])
    }

    @Test("an answer that turns out bad when it is judged is asked for again; one that is accepted is not")
    func judged() throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration())
        let good = FetchedData.attestationData([.zero: Fixture.data(slot: 40)])
        _ = try fetcher.fetch(duty, definitions())
        _ = try fetcher.received(duty, good, at: .slot(40, plus: 4))
        #expect(fetcher.nextWake == nil, "nobody asks while it is judged")
        let bad = Failure(reason: "bad", isTemporary: true)
        #expect(fetcher.failed(duty, bad, .slot(40, plus: 4)).tracked == [.fetchFailed("bad")])
        #expect(!fetcher.isExpecting(duty))
        let next = try #require(fetcher.nextWake)
        #expect(asked(try fetcher.wake(at: next)) == [0])
        _ = try fetcher.received(duty, good, at: next)
        fetcher.accepted(duty, at: next)
        #expect(fetcher.failed(duty, bad, next).isEmpty && fetcher.nextWake == nil)
    }

    @Test("a missing committee is asked for again")
    func missing() throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration(fork: .deneb))
        _ = try fetcher.fetch(duty, definitions())
        let signals = try fetcher.received(
            duty, .attestationData([.zero: Fixture.data(slot: 40)]), at: .slot(40, plus: 4))
        #expect(signals.tracked == [.fetchFailed("no data for committee 1")])
        #expect(fetcher.nextWake != nil)
    }

    @Test("temporary failures back off until the deadline; a permanent one ends it")
    func failures() throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration())
        _ = try fetcher.fetch(duty, definitions())
        var now = Instant.slot(40, plus: 4)
        var attempts = 0
        while true {
            _ = fetcher.failed(duty, Failure(reason: "503", isTemporary: true), now)
            guard let next = fetcher.nextWake else { break }
            #expect(try fetcher.wake(at: next - .nanoseconds(1)).isEmpty)
            #expect(asked(try fetcher.wake(at: next)) == [0])
            now = next
            attempts += 1
        }
        #expect(attempts > 20 && now >= .slot(40, plus: 385))

        _ = try fetcher.fetch(duty, definitions())
        let signals = fetcher.failed(duty, Failure(reason: "400", isTemporary: false), .slot(40, plus: 4))
        #expect(signals.tracked == [.fetchFailed("400")])
        #expect(fetcher.nextWake == nil)
    }

    @Test("nothing is asked without definitions, and nothing taken that was not asked for")
    func unasked() throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration())
        #expect(try fetcher.fetch(duty, [:]).isEmpty)
        #expect(try fetcher.received(duty, .attestationData([.zero: Fixture.data(slot: 40)]), at: .slot(40)).isEmpty)
        _ = try fetcher.fetch(duty, definitions())
        fetcher.drop(duty)
        #expect(try fetcher.received(duty, .attestationData([.zero: Fixture.data(slot: 40)]), at: .slot(40)).isEmpty)
    }

    @Test("after an outage the oldest duty comes first, one at a time; what is due just now does not wait")
    func catchesUp() throws {
        var fetcher = Fetcher(configuration: try Fixture.configuration())
        let duties = [UInt64(40), 41, 48].map { Duty.attester(slot: Slot($0)) }
        func rows(_ duty: Duty) -> DutyDefinitionSet {
            Fixture.definitions([Fixture.row(0, slot: duty.slot.rawValue)])
        }
        func fetched(_ signals: [Signal]) -> [Duty] {
            signals.effects.compactMap { if case .fetch(let duty, _) = $0 { duty } else { nil } }
        }
        let down = Failure(reason: "refused", isTemporary: true)
        for duty in duties.reversed() {
            _ = try fetcher.fetch(duty, rows(duty))
            #expect(fetcher.failed(duty, down, .slot(49)).tracked == [.fetchFailed("refused")])
        }
        let now = Instant.slot(50)
        #expect(fetched(try fetcher.wake(at: now)) == [duties[0]])
        #expect(fetched(try fetcher.wake(at: now)).isEmpty && fetcher.nextWake == nil)
        let current = Duty.attester(slot: Slot(50))
        #expect(fetched(try fetcher.fetch(current, rows(current))) == [current])
        for (done, next) in zip(duties, duties.dropFirst()) {
            let data = Fixture.data(slot: done.slot.rawValue)
            #expect(try fetcher.received(done, .attestationData([.zero: data]), at: now).tracked == [.fetched])
            fetcher.accepted(done, at: now)
            #expect(fetched(try fetcher.wake(at: now)) == [next])
        }
        // One that keeps failing holds up no other.
        _ = fetcher.failed(duties[2], down, now)
        _ = fetcher.failed(current, down, now)
        let next = try #require(fetcher.nextWake)
        #expect(fetched(try fetcher.wake(at: next)).count == 1)
    }
}

extension FetchSources {
    /// Where the cluster has made nothing yet.
    static func nothing() throws -> FetchSources {
        let configuration = try Fixture.configuration()
        return FetchSources(
            signatures: AggSigDB(), decided: DutyDB(configuration: configuration),
            infoSync: InfoSync(configuration: configuration) { $0 })
    }
}

/// For duties whose data depend on nothing else.
extension Fetcher {
    fileprivate mutating func fetch(_ duty: Duty, _ definitions: DutyDefinitionSet) throws -> [Signal] {
        fetch(duty, definitions, from: try .nothing(), at: Fixture.genesis)
    }

    fileprivate mutating func received(_ duty: Duty, _ data: FetchedData, at now: Instant) throws -> [Signal] {
        received(duty, data, from: try .nothing(), at: now)
    }

    fileprivate mutating func wake(at now: Instant) throws -> [Signal] { wake(from: try .nothing(), at: now) }

    fileprivate var nextWake: Instant? { nextWake(after: Fixture.genesis) }
}
