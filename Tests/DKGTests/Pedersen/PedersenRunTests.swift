import BLS
import Testing

@testable import DKG

@Suite("a Pedersen run")
struct PedersenRunTests {
    @Test(
        "makes a key without waiting", arguments: [(2, 2), (3, 2), (4, 3), (7, 5)], [1, 2] as [UInt64])
    func fresh(_ size: (nodes: Int, threshold: Int), order: UInt64) throws {
        var table = try PedersenTable(nodes: size.nodes, threshold: size.threshold)
        try table.run(seed: order)
        #expect(table.ticks.isEmpty && table.blamed.isEmpty)
        #expect(table.outcomes.count == size.nodes)
        let key = try #require(try table.agreedKey())
        let shares = Dictionary(uniqueKeysWithValues: table.outcomes.map { ($0.key + 1, $0.value.secret) })
        #expect(try SecretKey.recover(from: shares.filter { $0.key > size.nodes - size.threshold }).publicKey == key)
        #expect(try SecretKey.recover(from: shares.filter { $0.key < size.threshold }).publicKey != key)
    }

    struct Edit: CustomTestStringConvertible {
        let testDescription: String
        let seats: [PedersenTable.Seat]
        let threshold: Int
    }

    private static func seat(_ index: Int, deals: Bool = true, receives: Bool = true) -> PedersenTable.Seat {
        PedersenTable.Seat(index: index, deals: deals, receives: receives)
    }

    /// Of a cluster of four with threshold three.
    static let edits = [
        Edit(testDescription: "recreate", seats: (0..<4).map { seat($0) }, threshold: 3),
        Edit(
            testDescription: "add two",
            seats: (0..<4).map { seat($0) } + [seat(4, deals: false), seat(5, deals: false)],
            threshold: 3),
        Edit(
            testDescription: "add one, higher threshold", seats: (0..<4).map { seat($0) } + [seat(4, deals: false)],
            threshold: 4),
        Edit(testDescription: "remove an absent one", seats: [seat(0), seat(2), seat(3)], threshold: 2),
        Edit(
            testDescription: "remove one that takes part",
            seats: [seat(0), seat(1, receives: false), seat(2), seat(3)], threshold: 2),
        Edit(
            testDescription: "remove one that comes last in the list",
            seats: [seat(0), seat(2), seat(3), seat(1, receives: false)], threshold: 2),
        Edit(
            testDescription: "replace", seats: [seat(0), seat(1, deals: false), seat(2), seat(3)], threshold: 3),
    ]

    @Test("shares a key anew", arguments: edits)
    func reshare(_ edit: Edit) throws {
        var before = try PedersenTable(nodes: 4, threshold: 3)
        try before.run()
        let old = try #require(try before.shared())
        var table = try PedersenTable(edit.seats, threshold: edit.threshold, old: old, seed: 2)
        try table.run()
        #expect(table.ticks.isEmpty && table.blamed.isEmpty)
        #expect(try table.agreedKey() == old.key)
        let receivers = edit.seats.filter(\.receives).count
        #expect(table.outcomes.count == receivers)
        #expect(table.ends.count == edit.seats.count && table.aborts.isEmpty)

        let shares = try #require(try table.shared()).secrets
        let fromOne = Dictionary(uniqueKeysWithValues: shares.map { ($0.key + 1, $0.value) })
        let some = fromOne.filter { $0.key > receivers - edit.threshold }
        #expect(try SecretKey.recover(from: some).publicKey == old.key)
        #expect(Set(fromOne.values.map(\.publicKey)).isDisjoint(with: old.secrets.values.map(\.publicKey)))
    }

    @Test("says the same when it is told the same again")
    func again() throws {
        var (one, two) = (try PedersenTable(nodes: 3, threshold: 2), try PedersenTable(nodes: 3, threshold: 2))
        try one.run(seed: 1)
        try two.run(seed: 2)
        #expect(one.runs.map(\.sent) == two.runs.map(\.sent))
    }

    @Test("has other secrets in every run, of one seed")
    func secrets() throws {
        let nodes = try PedersenTable(nodes: 3, threshold: 2).roster
        let roster = try PedersenRoster(nodes, own: 0, threshold: 2)
        let seed = CeremonySeed.test(1000)
        let commitments = try [0, 1].map { validator in
            var run = try PedersenRun(roster, validator: validator, nodeKey: seed.nodeKey, seed: seed)
            _ = run.start()
            return run.polynomials[0]?.coefficients ?? []
        }
        #expect(Set(commitments[0] + commitments[1]).count == 4)
    }

    @Test("what comes twice, or too late, changes nothing")
    func repeated() throws {
        var table = try PedersenTable(nodes: 3, threshold: 2)
        table.tamper = { bundle, _, _ in [bundle, bundle] }
        try table.run()
        #expect(table.blamed.isEmpty && table.outcomes.count == 3)
        for bundle in table.runs[1].sent {
            #expect(table.runs[0].receive(bundle, from: 1).isEmpty)
        }
        for phase in [PedersenRun.Phase.responses, .justifications, .over] {
            #expect(table.runs[0].tick(phase).isEmpty)
        }
    }

    @Test("waits longer for what others have, and no longer for what they have not")
    func waiting() throws {
        var runs = try PedersenTable(nodes: 3, threshold: 2).runs
        for i in runs.indices { _ = runs[i].start() }
        let deals = runs.map { $0.sent[0] }
        for i in runs.indices {
            for (from, bundle) in deals.enumerated() where from != i { _ = runs[i].receive(bundle, from: from) }
        }
        let responses = runs.map { $0.sent[1] }
        _ = runs[0].receive(responses[2], from: 2)
        #expect(runs[0].phase == .responses && runs[0].missing == [1] && runs[0].gainsByWaiting)

        var alone = runs[0]
        _ = alone.tick(.justifications)
        #expect(alone.missing == [2] && alone.gainsByWaiting)

        _ = runs[2].receive(responses[0], from: 0)
        _ = runs[2].tick(.justifications)
        _ = runs[0].receive(runs[2].sent[2], from: 2)
        #expect(runs[0].phase == .responses && !runs[0].gainsByWaiting)
        _ = runs[0].tick(.justifications)
        #expect(runs[0].missing.isEmpty && !runs[0].gainsByWaiting)
    }

    @Test("bundles of a later phase may come first")
    func early() throws {
        var table = try PedersenTable(nodes: 2, threshold: 2)
        try table.run()
        let sent = table.runs[1].sent
        var late = try PedersenTable(nodes: 2, threshold: 2).runs[0]
        _ = late.start()
        #expect(late.receive(sent[1], from: 1).isEmpty)
        let effects = late.receive(sent[0], from: 1)
        #expect(effects.contains { if case .finished = $0 { true } else { false } })
    }

    @Test("a reshare asks for the right secrets")
    func wrongSecrets() throws {
        var before = try PedersenTable(nodes: 4, threshold: 3)
        try before.run()
        let old = try #require(try before.shared())
        let seats = (0..<4).map { Self.seat($0) }
        let swapped = [0: old.secrets[1], 1: old.secrets[0], 2: old.secrets[2], 3: old.secrets[3]]
        let wrong: [PedersenTable.Shared] = [
            .init(key: old.key, secrets: swapped.compactMapValues { $0 }, threshold: 3),
            .init(key: try #require(old.secrets[0]).publicKey, secrets: old.secrets, threshold: 3),
            .init(key: old.key, secrets: old.secrets.filter { $0.key < 3 }, threshold: 3),
            .init(key: old.key, secrets: old.secrets, threshold: 2),
        ]
        for old in wrong {
            #expect(throws: CeremonyFault.self) { try PedersenTable(seats, threshold: 3, old: old) }
        }
    }
}
