import BeaconAPI
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite("what beacon nodes say of the chain's forks")
struct SpecVerdictTests {
    private static let version = ForkVersion(padding: [1])

    /// - Parameter fulu: its epoch; `farFuture` for never.
    static func spec(fulu: Epoch, genesis: ForkVersion = version) throws -> ChainSpec {
        ChainSpec(
            forks: try ForkSchedule([
                .init(fork: .phase0, version: genesis, epoch: 0),
                .init(fork: .electra, version: ForkVersion(padding: [6]), epoch: 5),
                .init(fork: .fulu, version: ForkVersion(padding: [7]), epoch: fulu),
            ]))
    }

    private static func judge(_ fulu: [Epoch], current: Epoch?) throws -> SpecVerdict {
        SpecVerdict(
            try fulu.enumerated().map { ($0.offset, try spec(fulu: $0.element)) }, forkVersion: version,
            current: try current.map { try spec(fulu: $0) })
    }

    @Test(
        "most nodes are right; what we go by stays while a node says so and no more than half say something else",
        arguments: [
            ([9], nil, 9, []), ([9, 9], 7, 9, []), ([9, 7, 9], 7, 9, [1]), ([9, 7], 7, 7, [0]), ([9, 8], 7, 9, [1]),
            ([.farFuture, .farFuture, 9], 9, .farFuture, [2]), ([9], .farFuture, 9, []), ([9, 7], nil, 9, [1]),
            ([9, 9, 8, 7], 7, 7, [0, 1, 2]), ([9, 9, 9, 7], 7, 9, [3]), ([8, 9, 9], nil, 9, [0]),
        ] as [([Epoch], Epoch?, Epoch, Set<Int>)])
    func majority(said: [Epoch], current: Epoch?, agreed: Epoch, dissenters: Set<Int>) throws {
        let verdict = try Self.judge(said, current: current)
        #expect(verdict.agreed?.forks.epoch(of: .fulu) == agreed)
        #expect(Set(verdict.dissenters.keys) == dissenters)
    }

    @Test("a node of another chain never counts, and is named")
    func otherChain() throws {
        let other = try Self.spec(fulu: 9, genesis: ForkVersion(padding: [9]))
        let ours = try Self.spec(fulu: 7)
        let verdict = SpecVerdict([(0, other), (1, other), (2, ours)], forkVersion: Self.version, current: ours)
        #expect(verdict.agreed == ours && Set(verdict.dissenters.keys) == [0, 1])
        let alone = SpecVerdict([(0, other)], forkVersion: Self.version, current: ours)
        #expect(alone.agreed == nil && alone.dissenters[0]?.contains("GENESIS_FORK_VERSION") == true)
    }

    @Test("a difference is told in an operator's words")
    func differences() throws {
        let (never, nine) = (try Self.spec(fulu: .farFuture), try Self.spec(fulu: 9))
        #expect(nine.difference(from: never) == "fulu at epoch 9 instead of never")
        #expect(never.difference(from: nine) == "fulu never instead of at epoch 9")
        #expect(nine.difference(from: nine) == nil)
        var slower = nine
        slower.slotDuration = .seconds(5)
        #expect(slower.difference(from: nine) == "other constants" && !slower.hasConstants(of: nine))
        #expect(nine.hasConstants(of: never))
        var forks = nine.forks.entries
        forks.append(.init(fork: nil, version: ForkVersion(padding: [8]), epoch: 20))
        #expect(ChainSpec(forks: try ForkSchedule(forks)).difference(from: nine) == "an unknown fork at epoch 20")
    }
}
