import BLS
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite("a liar in a Pedersen run is named, and does not stop it")
struct PedersenLieTests {
    /// Four nodes, three of which make a key. Node 1 lies; where it lies to one alone, that is node 2.
    @Test("for each lie", arguments: PedersenLie.allCases)
    func named(_ lie: PedersenLie) throws {
        var table = try PedersenTable(nodes: 4, threshold: 3)
        table.add(lie, liar: 1, victim: 2)
        try table.run()
        let blame = lie.blame(table).map { [CeremonyFault(1, $0)] }
        #expect(table.blamed[2] == blame)
        for honest in [0, 2, 3] {
            #expect(Set((table.blamed[honest] ?? []).map(\.culprit)).isSubset(of: [1]), "node \(honest)")
        }
        #expect(try table.agreedKey() != nil)
        #expect(Set(table.outcomes.keys).isSuperset(of: [0, 2, 3]))
        let all = try #require(try honestKey(), "all dealers count")
        #expect((try table.agreedKey() == all) == lie.keepsDealer)
        // Who names an unknown dealer may have said all that is needed.
        #expect(table.ticks.isEmpty == (lie == .foreignResponse))
    }

    private func honestKey() throws -> PublicKey? {
        var table = try PedersenTable(nodes: 4, threshold: 3)
        try table.run()
        return try table.agreedKey()
    }

    @Test("a wrong share is put right in public, and costs the time of the phases")
    func complaint() throws {
        var table = try PedersenTable(nodes: 4, threshold: 3)
        table.add(.wrongShare, liar: 1, victim: 2)
        try table.run()
        #expect(table.ticks.last == .over)
        #expect(table.runs[1].sent.count == 3 && table.outcomes.count == 4)
    }

    @Test("a dealer with as many complaints as the threshold is out, with one less is not")
    func complaints() throws {
        for (threshold, isOut) in [(2, true), (3, true), (4, false)] {
            var table = try PedersenTable(nodes: 5, threshold: threshold)
            let key = table.keys[1]
            // Three of the four others get nonsense.
            table.tamper = { bundle, from, _ in
                guard from == 1, case .deals = bundle else { return [bundle] }
                return [changed(bundle, by: key) { parts in for i in 0..<3 { parts.deals[i].sealed[60] ^= 1 } }]
            }
            try table.run()
            let end = try #require(table.ends[1])
            if isOut {
                #expect(table.blamed[4] == [CeremonyFault(1, .complaints(3))])
                guard case .aborted(let fault) = end else {
                    Issue.record("node 1 goes on without being wanted")
                    continue
                }
                #expect(fault == CeremonyFault(1, .evicted))
            } else {
                #expect(table.blamed[4] == nil && table.outcomes.count == 5)
            }
            #expect(try table.agreedKey() != nil)
        }
    }

    @Test("without enough dealers the run ends, and says through whom")
    func tooFew() throws {
        var table = try PedersenTable(nodes: 4, threshold: 3)
        table.tamper = { bundle, from, _ in from == 1 || from == 3 ? [] : [bundle] }
        try table.run()
        for honest in [0, 2] {
            #expect(table.aborts[honest] == CeremonyFault(1, .missing(.deals)))
            #expect(table.blamed[honest]?.map(\.culprit) == [1, 3])
        }
        #expect(table.outcomes.isEmpty)
    }

    @Test("without enough receivers the run ends, and says through whom")
    func tooFewReceivers() throws {
        var table = try PedersenTable(nodes: 5, threshold: 4)
        table.tamper = { bundle, from, _ in
            if case .responses = bundle, from == 1 || from == 3 { [] } else { [bundle] }
        }
        try table.run()
        for honest in [0, 2, 4] { #expect(table.aborts[honest] == CeremonyFault(1, .missing(.responses))) }
    }

    @Test("in a reshare, who deals another secret than its key share is out")
    func otherSecret() throws {
        var before = try PedersenTable(nodes: 4, threshold: 3)
        try before.run()
        let old = try #require(try before.shared())
        var table = try PedersenTable((0..<4).map { .init(index: $0) }, threshold: 3, old: old, seed: 2)
        // A whole dealing, right in itself, of a new secret.
        var generator = SeededGenerator(seed: 3)
        let roster = table.runs[1].roster
        let dealing = PedersenDealing(dealing: nil, threshold: 3, receivers: 4, using: &generator)
        let sharing = try #require(table.runs[1].sharing)
        table.runs[1] = try PedersenRun(
            roster, validator: 0, nodeKey: table.keys[1], dealing: dealing, sharing: sharing)
        try table.run()
        for honest in [0, 2, 3] { #expect(table.blamed[honest] == [CeremonyFault(1, .otherSecret)]) }
        #expect(try table.agreedKey() == old.key)
        #expect(Set(table.outcomes.keys) == [0, 2, 3])
    }

    @Test("in a reshare, an operator that leaves defends itself before it goes")
    func leaving() throws {
        var before = try PedersenTable(nodes: 4, threshold: 3)
        try before.run()
        let old = try #require(try before.shared())
        let seats = [0, 1, 2, 3].map { PedersenTable.Seat(index: $0, receives: $0 != 1) }
        var table = try PedersenTable(seats, threshold: 2, old: old, seed: 2)
        let key = table.keys[1]
        table.tamper = { bundle, from, _ in
            guard from == 1, case .deals = bundle else { return [bundle] }
            return [changed(bundle, by: key) { $0.deals[0].sealed[60] ^= 1 }]
        }
        try table.run()
        guard case .left? = table.ends[1] else {
            Issue.record("the operator has not left")
            return
        }
        #expect(try table.agreedKey() == old.key && table.outcomes.count == 3)
        #expect(table.runs[1].sent.map(\.kind) == [.deals, .justifications])
    }

    @Test("a roster refuses what cannot be")
    func rosters() throws {
        let keys = (0..<4).map { CeremonySeed.test($0).nodeKey.publicKey }
        func node(_ participant: Int, _ index: Int, key: Int, deals: Bool = true, receives: Bool = true) -> PedersenNode
        {
            PedersenNode(participant: participant, index: index, key: keys[key], deals: deals, receives: receives)
        }
        let three = (0..<3).map { node($0, $0, key: $0) }
        #expect(throws: Never.self) { try PedersenRoster(three, own: 2, threshold: 3) }
        let wrong: [(nodes: [PedersenNode], own: Int, threshold: Int, old: Int?)] = [
            (three, 3, 2, nil), (three, 0, 1, nil), (three, 0, 4, nil), (Array(three.prefix(1)), 0, 1, nil),
            (three, 0, 2, 4), (three, 0, 2, 1), (three + [node(3, 3, key: 3, deals: false)], 0, 2, nil),
            (three + [node(3, 2, key: 3)], 0, 2, nil), (three + [node(2, 3, key: 3)], 0, 2, nil),
            (three + [node(3, 256, key: 3)], 0, 2, nil), (three + [node(3, -1, key: 3)], 0, 2, nil),
            (three + [node(3, 3, key: 3, receives: false)], 0, 4, 3),
            (three + [node(3, 3, key: 3, deals: false)], 0, 2, 4),
        ]
        for (nodes, own, threshold, old) in wrong {
            #expect(throws: CeremonyFault.self) {
                try PedersenRoster(nodes, own: own, threshold: threshold, oldThreshold: old)
            }
        }
        let copied = CeremonyFault(3, .malformed(.nodeKey, "it is the key of participant 1 too"))
        #expect(throws: copied) { try PedersenRoster(three + [node(3, 3, key: 1)], own: 0, threshold: 2) }
    }

    @Test("honest nodes have one key, or all name the liar", arguments: 0..<40)
    func anyLiar(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let nodes = Int.random(in: 3...5, using: &generator)
        let threshold = Int.random(in: 2...nodes, using: &generator)
        var table = try PedersenTable(nodes: nodes, threshold: threshold, seed: seed)
        let (liar, lie) = (
            Int.random(in: 0..<nodes, using: &generator),
            try #require(PedersenLie.allCases.randomElement(using: &generator))
        )
        let victim = try #require((0..<nodes).filter { $0 != liar }.randomElement(using: &generator))
        table.add(lie, liar: liar, victim: victim)
        try table.run(seed: UInt64(seed))
        let honest = Set(0..<nodes).subtracting([liar])
        for node in honest { #expect(Set((table.blamed[node] ?? []).map(\.culprit)).isSubset(of: [liar]), "\(lie)") }
        let (finished, aborted) = (honest.intersection(table.outcomes.keys), honest.intersection(table.aborts.keys))
        #expect(finished.isEmpty || aborted.isEmpty, "\(lie): some have a key, some have not")
        if finished.isEmpty {
            #expect(Set(table.aborts.filter { honest.contains($0.key) }.values.map(\.culprit)) == [liar], "\(lie)")
        } else {
            #expect(try table.agreedKey() != nil, "\(lie)")
        }
    }
}
