import BeaconAPI
import Ethereum
import SSZ
import Synchronization
import Testing

@testable import Node

@Suite("duties from the beacon nodes")
struct DutiesSourceTests {
    /// A chain that tells its duties: one for each validator asked for.
    private final class Chain: Sendable {
        let root = Mutex<UInt8>(1)
        let isOptimistic = Mutex(false)
        /// Those whose attester duty it leaves out.
        let leftOut = Mutex<Set<ValidatorIndex>>([])
        let asked = Mutex<[[ValidatorIndex]]>([])
        let proposerQuestions = Mutex(0)
        /// By our own clock; of epoch 5.
        let slot = Mutex<UInt64>(40)

        let cacheEvents = Mutex<[DutiesSource.CacheEvent]>([])

        func source(isCaching: Bool = true) -> DutiesSource {
            DutiesSource(
                .init(
                    attesters: { [self] _, validators, _ async throws(BeaconError) in
                        asked.withLock { $0.append(validators.keys.sorted()) }
                        let without = leftOut.withLock { $0 }
                        return answer(
                            validators.keys.sorted(by: >).filter { !without.contains($0) }.map { index in
                                var row = AttesterDuty()
                                row.validatorIndex = index
                                row.slot = Slot(index.rawValue % 8)
                                return row
                            })
                    },
                    proposers: { [self] _, _ async throws(BeaconError) in
                        proposerQuestions.withLock { $0 += 1 }
                        return answer([ProposerDuty()])
                    },
                    syncs: { [self] _, validators async throws(BeaconError) in
                        asked.withLock { $0.append(validators.keys.sorted()) }
                        return answer([])
                    }), clock: SlotClock(genesis: .init(nanoseconds: 0), slotDuration: .seconds(1), slotsPerEpoch: 8),
                isCaching: isCaching,
                now: { [self] in Instant(nanoseconds: 0) + .seconds(Int64(slot.withLock { $0 })) },
                observe: { [self] event in cacheEvents.withLock { $0.append(event) } })
        }

        private func answer<Row>(_ rows: [Row]) -> DutiesAnswer<Row> {
            DutiesAnswer(
                dependentRoot: Root(padding: [root.withLock { $0 }]),
                isExecutionOptimistic: isOptimistic.withLock { $0 }, rows: rows)
        }

        var questions: [Int] { asked.withLock { $0.map(\.count) } }
    }

    private static func validators(_ range: Range<UInt64>) -> [ValidatorIndex: PubKey] {
        Dictionary(uniqueKeysWithValues: range.map { (ValidatorIndex($0), PubKey.zero) })
    }

    private static func head(_ slot: Slot, previous: UInt8, current: UInt8) throws -> BeaconEvent {
        let (previous, current, zero) = (Root(padding: [previous]), Root(padding: [current]), Root.zero)
        let data = """
            {"slot":"\(slot)","block":"\(zero)","state":"\(zero)","epoch_transition":false,\
            "previous_duty_dependent_root":"\(previous)","current_duty_dependent_root":"\(current)"}
            """
        return try #require(try BeaconEvent(ServerSentEvent(name: "head", data: data)))
    }

    private static func reorg(_ slot: Slot, depth: UInt64) throws -> BeaconEvent {
        let epoch = slot.epoch(slotsPerEpoch: 8)
        let data = "{\"slot\":\"\(slot)\",\"depth\":\"\(depth)\",\"epoch\":\"\(epoch)\"}"
        return try #require(try BeaconEvent(ServerSentEvent(name: "chain_reorg", data: data)))
    }

    @Test("thousands of validators are asked for in parts, once; then only those that are new")
    func parts() async throws {
        let chain = Chain()
        let source = chain.source()
        for _ in 0..<2 {
            let answer = try await source.attesters(5, Self.validators(0..<3000), expecting: [])
            #expect(answer.rows.count == 3000)
            #expect(answer.rows.first?.validatorIndex == 0 && answer.rows.last?.slot == 7)
        }
        #expect(chain.questions == [1000, 1000, 1000])
        let few = try await source.attesters(5, Self.validators(2999..<3002), expecting: [])
        #expect(few.rows.count == 3)
        #expect(chain.asked.withLock { $0.last } == [3000, 3001])
    }

    @Test("of whom there must be a row and is none is asked again in each slot, alone, until there is one")
    func lackingRows() async throws {
        let chain = Chain()
        let source = chain.source()
        chain.leftOut.withLock { $0 = [1, 2] }
        // Validator 2 need not have one.
        for (slot, rows, asked) in [
            (40, [0], [[0, 1, 2]]), (40, [0], []), (41, [0], [[1]]), (41, [0], []), (42, [0, 1], [[1]]),
            (43, [0, 1], []),
        ] as [(UInt64, [ValidatorIndex], [[ValidatorIndex]])] {
            chain.slot.withLock { $0 = slot }
            if slot == 42 { chain.leftOut.withLock { $0 = [2] } }
            chain.asked.withLock { $0 = [] }
            let answer = try await source.attesters(5, Self.validators(0..<3), expecting: [0, 1])
            #expect(answer.rows.map { $0.validatorIndex } == rows, "slot \(slot)")
            #expect(chain.asked.withLock { $0 } == asked, "slot \(slot)")
        }
    }

    @Test("without the cache every question is asked, and what the chain leaves is seen all the same")
    func uncached() async throws {
        let chain = Chain()
        let source = chain.source(isCaching: false)
        for _ in 0..<2 {
            let answer = try await source.attesters(5, Self.validators(0..<1500), expecting: [])
            #expect(answer.rows.count == 1500)
            _ = try await source.proposers(5, .v2)
        }
        #expect(chain.questions == [1000, 500, 1000, 500])
        #expect(chain.proposerQuestions.withLock { $0 } == 2)
        #expect(source.receive(try Self.head(44, previous: 1, current: 1)).isEmpty)
        #expect(source.receive(try Self.head(44, previous: 2, current: 2)) == [5])
    }

    @Test("nobody's duties have the dependent root, asked for once")
    func nobody() async throws {
        let chain = Chain()
        let source = chain.source()
        for _ in 0..<3 {
            let answer = try await source.attesters(5, [:], expecting: [])
            #expect(answer.rows.isEmpty && answer.dependentRoot == Root(padding: [1]))
        }
        #expect(chain.questions == [0])
    }

    @Test("a reorg and a head of another branch bring new questions for the epochs they touch")
    func events() async throws {
        let chain = Chain()
        let source = chain.source()
        func ask() async throws -> [Epoch] {
            var asked: [Epoch] = []
            for epoch in [5, 6] as [Epoch] {
                let before = chain.questions.count
                _ = try await source.attesters(epoch, Self.validators(0..<2), expecting: [])
                if chain.questions.count > before { asked.append(epoch) }
            }
            return asked
        }
        let first = try await ask()
        #expect(first == [5, 6])
        // The common ancestor is of epoch 5, then of epoch 4.
        let shallow = source.receive(try Self.reorg(44, depth: 2))
        let deep = source.receive(try Self.reorg(41, depth: 3))
        // Also of what is not known here: an answer on its way may be of the branch that was left.
        #expect(shallow == [6] && deep == [5, 6])
        let second = try await ask()
        #expect(second == [5, 6])
        let same = source.receive(try Self.head(44, previous: 1, current: 1))
        let other = source.receive(try Self.head(44, previous: 1, current: 2))
        #expect(same.isEmpty && other == [6])
        let third = try await ask()
        #expect(third == [6])
    }

    @Test("tells each question once, whether it was known, and when the chain left what it depends on")
    func cacheEvents() async throws {
        let chain = Chain()
        let source = chain.source()
        func events(_ body: () async throws -> Void) async throws -> [DutiesSource.CacheEvent] {
            chain.cacheEvents.withLock { $0 = [] }
            try await body()
            return chain.cacheEvents.withLock { $0 }
        }
        #expect(
            try await events { _ = try await source.attesters(5, Self.validators(0..<3000), expecting: []) }
                == [.miss(.attesters)])
        #expect(
            try await events { _ = try await source.attesters(5, Self.validators(0..<9), expecting: []) }
                == [.hit(.attesters)])
        #expect(try await events { _ = try await source.proposers(5, .v1) } == [.miss(.proposers)])
        #expect(try await events { _ = try await source.proposers(5, .v1) } == [.hit(.proposers)])
        #expect(try await events { _ = try await source.syncs(5, Self.validators(0..<1)) } == [.miss(.syncs)])
        let reorg = try await events { _ = source.receive(try Self.reorg(41, depth: 3)) }
        #expect(reorg == [.invalidated(.attesters), .invalidated(.proposers), .invalidated(.syncs)])
        let same = try await events { _ = source.receive(try Self.head(44, previous: 1, current: 1)) }
        #expect(same.isEmpty)
    }

    @Test("an answer that no execution client has verified is handed on, and asked for again")
    func optimistic() async throws {
        let chain = Chain()
        let source = chain.source()
        chain.isOptimistic.withLock { $0 = true }
        for _ in 0..<2 {
            let answer = try await source.attesters(5, Self.validators(0..<2), expecting: [])
            #expect(answer.rows.count == 2 && answer.isExecutionOptimistic)
        }
        #expect(chain.questions == [2, 2])
    }

    @Test("nodes that never agree on a block are asked a few times, not for ever")
    func disagreement() async throws {
        let chain = Chain()
        let source = chain.source()
        chain.isOptimistic.withLock { $0 = true }
        let answer = try await source.attesters(5, Self.validators(0..<1500), expecting: [])
        #expect(answer.rows.count == 1500)
        #expect(chain.questions == [1000, 500, 1000, 500, 1000, 500, 1500])
    }

    @Test("proposers of the current epoch are kept until the chain leaves their branch, those to come are not")
    func proposers() async throws {
        let chain = Chain()
        let source = chain.source()
        func questions(_ epoch: Epoch, _ version: BeaconEndpoint.ProposerDutiesVersion) async throws -> Int {
            let before = chain.proposerQuestions.withLock { $0 }
            _ = try await source.proposers(epoch, version)
            return chain.proposerQuestions.withLock { $0 } - before
        }
        for (epoch, version, count) in [
            (5, .v1, 1), (5, .v1, 0), (5, .v2, 1), (5, .v2, 0), (6, .v1, 1), (6, .v1, 1),
        ] as [(Epoch, BeaconEndpoint.ProposerDutiesVersion, Int)] {
            let asked = try await questions(epoch, version)
            #expect(asked == count, "\(epoch) \(version)")
        }
        _ = source.receive(try Self.head(41, previous: 3, current: 1))
        let kept = try await questions(5, .v1)
        _ = source.receive(try Self.head(42, previous: 3, current: 4))
        let dropped = try await questions(5, .v1)
        #expect(kept == 0 && dropped == 1)
    }

    @Test("each version of proposer duties has the dependent root that the beacon node gave for that version")
    func proposerVersions() async throws {
        let source = DutiesSource(
            .init(
                attesters: { _, _, _ async throws(BeaconError) in
                    DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: [])
                },
                proposers: { _, version async throws(BeaconError) in
                    let root = Root(padding: [version == .v1 ? 1 : 2])
                    return DutiesAnswer(dependentRoot: root, isExecutionOptimistic: false, rows: [ProposerDuty()])
                },
                syncs: { _, _ async throws(BeaconError) in
                    DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: [])
                }), clock: SlotClock(genesis: .init(nanoseconds: 0), slotDuration: .seconds(1), slotsPerEpoch: 8),
            now: { Instant(nanoseconds: 0) + .seconds(40) })
        for _ in 0..<2 {
            let first = try await source.proposers(5, .v1).dependentRoot
            let second = try await source.proposers(5, .v2).dependentRoot
            #expect(first == Root(padding: [1]) && second == Root(padding: [2]))
        }
    }

    @Test("which epoch is now our own clock tells, not a beacon node that speaks of far heads")
    func ownClock() async throws {
        let chain = Chain()
        let source = chain.source()
        _ = source.receive(try Self.head(Slot(.max), previous: 3, current: 1))
        for count in 1...2 {
            _ = try await source.proposers(6, .v1)
            #expect(chain.proposerQuestions.withLock { $0 } == count)
        }
        chain.slot.withLock { $0 = 48 }
        for _ in 0..<2 { _ = try await source.proposers(6, .v1) }
        #expect(chain.proposerQuestions.withLock { $0 } == 3)
    }

    @Test("other proposers or members of the sync committee are told as changed, too")
    func changedKinds() async throws {
        let chain = Chain()
        let source = chain.source()
        _ = try await source.proposers(5, .v1)
        let other = source.receive(try Self.head(41, previous: 3, current: 4))
        let again = source.receive(try Self.head(41, previous: 3, current: 4))
        #expect(other == [5] && again.isEmpty)
    }

    @Test("sync duties are kept, too")
    func syncs() async throws {
        let chain = Chain()
        let source = chain.source()
        for _ in 0..<3 { _ = try await source.syncs(5, Self.validators(0..<2)) }
        #expect(chain.questions == [2])
    }
}
