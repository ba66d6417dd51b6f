import BeaconAPI
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite("duties that are known")
struct DutiesCacheTests {
    private static func answer(
        _ indices: [ValidatorIndex], root: UInt8 = 1, isOptimistic: Bool = false
    ) -> DutiesAnswer<AttesterDuty> {
        DutiesAnswer(
            dependentRoot: Root(padding: [root]), isExecutionOptimistic: isOptimistic,
            rows: indices.map { index in
                var row = AttesterDuty()
                row.validatorIndex = index
                return row
            })
    }

    private static func known(
        _ cache: DutiesCache<AttesterDuty>, _ epoch: Epoch, _ validators: [ValidatorIndex]
    ) -> [ValidatorIndex]? {
        guard case .known(let answer) = cache.look(epoch, validators) else { return nil }
        return answer.rows.map(\.validatorIndex).sorted()
    }

    @Test("only who was not asked for yet is missing; who has no duty is not asked for again")
    func merges() {
        var cache = DutiesCache<AttesterDuty>()
        #expect(Self.known(cache, 5, []) == nil)
        cache.store(5, asked: [1, 2], Self.answer([1]), asOf: 0)
        #expect(Self.known(cache, 5, [1]) == [1] && Self.known(cache, 5, [2]) == [] && Self.known(cache, 5, []) == [])
        guard case .missing(let missing) = cache.look(5, [4, 1, 3]) else {
            Issue.record("known")
            return
        }
        #expect(missing == [3, 4])
        cache.store(5, asked: [3, 4], Self.answer([3, 4]), asOf: 0)
        #expect(Self.known(cache, 5, [1, 2, 3, 4]) == [1, 3, 4])
        #expect(Self.known(cache, 6, [1]) == nil)
    }

    @Test("rows that depend on another block replace those before")
    func otherRoot() {
        var cache = DutiesCache<AttesterDuty>()
        cache.store(5, asked: [1], Self.answer([1], root: 1), asOf: 0)
        cache.store(5, asked: [2], Self.answer([2], root: 2), asOf: 0)
        #expect(Self.known(cache, 5, [1]) == nil && Self.known(cache, 5, [2]) == [2])
    }

    @Test("three epochs are kept, and nothing that no execution client has verified")
    func bounds() {
        var cache = DutiesCache<AttesterDuty>()
        for epoch in 1...9 { cache.store(Epoch(UInt64(epoch)), asked: [1], Self.answer([1]), asOf: 0) }
        #expect((1...9).filter { Self.known(cache, Epoch(UInt64($0)), [1]) != nil } == [7, 8, 9])
        cache.store(10, asked: [1], Self.answer([1], isOptimistic: true), asOf: 0)
        #expect(Self.known(cache, 10, [1]) == nil)
    }

    @Test("what the chain left is dropped, and an answer that was under way meanwhile is not kept")
    func reorg() {
        var cache = DutiesCache<AttesterDuty>()
        for epoch in [4, 5, 6] as [Epoch] { cache.store(epoch, asked: [1], Self.answer([1]), asOf: 0) }
        let before = cache.generation
        let dropped = cache.drop(after: 4)
        #expect(dropped == [5, 6])
        cache.store(5, asked: [1], Self.answer([1]), asOf: before)
        #expect(Self.known(cache, 4, [1]) == [1] && Self.known(cache, 5, [1]) == nil)
        cache.store(5, asked: [1], Self.answer([1]), asOf: cache.generation)
        #expect(Self.known(cache, 5, [1]) == [1])
    }

    @Test("a head that depends on another block drops the epoch")
    func dependentRoot() {
        var cache = DutiesCache<AttesterDuty>()
        cache.store(5, asked: [1], Self.answer([1], root: 1), asOf: 0)
        let (one, two) = (Root(padding: [1]), Root(padding: [2]))
        let same = cache.dropUnless(5, dependsOn: [two, one])
        let unknown = cache.dropUnless(5, dependsOn: [])
        let otherEpoch = cache.dropUnless(6, dependsOn: [two])
        #expect(!same && !unknown && !otherEpoch && cache.generation == 0)
        let other = cache.dropUnless(5, dependsOn: [two])
        #expect(other && Self.known(cache, 5, [1]) == nil)
    }
}
