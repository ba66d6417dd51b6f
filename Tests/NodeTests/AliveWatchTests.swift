import DutyWorkflow
import Ethereum
import Logging
import SSZ
import Synchronization
import Testing

@testable import Node

@Suite("validators that vote while a new journal is watched")
struct AliveWatchTests {
    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 32)
    private static let keys = [PubKey(padding: [1]), PubKey(padding: [2])]

    @Test(
        "are told when most beacon nodes that answer have seen them, of this epoch and the one before",
        arguments: [
            ([[5]], [5]), ([[5], []], []), ([[5], [5, 6], []], [5]), ([[5], nil], [5]), ([[77]], []), ([[]], []),
        ] as [([[UInt64]?], [UInt64])])
    func majority(answers: [[UInt64]?], expected: [UInt64]) async {
        let asked = Mutex<[Epoch]>([])
        let posted = Mutex<[Event]>([])
        let watch = AliveWatch(
            clock: Self.clock, until: Slot(96), known: { [5: Self.keys[0], 6: Self.keys[1]] },
            ask: { epoch, indices in
                #expect(indices == [5, 6])
                asked.withLock { $0.append(epoch) }
                return answers.map { $0.map { Set($0.map { ValidatorIndex($0) }) } }
            }, logger: Logger(label: "test"))
        #expect(await watch.look(at: Slot(70)) { event in posted.withLock { $0.append(event) } })
        #expect(asked.withLock { $0 } == [1, 2])
        let told = posted.withLock { $0 }.compactMap { event -> [PubKey]? in
            if case .validatorsAlive(_, let keys) = event { keys } else { nil }
        }
        let alive = expected.map { Self.keys[Int($0) - 5] }
        #expect(told == (alive.isEmpty ? [] : [alive, alive]))
    }

    @Test("nodes that do not tell are found out")
    func silent() async {
        func watch(_ known: [ValidatorIndex: PubKey]) -> AliveWatch {
            AliveWatch(
                clock: Self.clock, until: Slot(96), known: { known }, ask: { _, _ in [nil, nil] },
                logger: Logger(label: "test"))
        }
        #expect(await !watch([5: Self.keys[0]]).look(at: Slot(3)) { _ in })
        #expect(await watch([:]).look(at: Slot(3)) { _ in }, "nobody was asked")
    }
}
