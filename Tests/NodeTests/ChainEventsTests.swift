import BeaconClient
import BeaconTestSupport
import Ethereum
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Node

@Suite("events of several beacon nodes", .timeLimit(.minutes(1)))
struct ChainEventsTests {
    /// Hears one event of each of two nodes.
    private final class Ear: Sendable {
        private let heard = Mutex<[Int: Bool]>([:])
        let both = Gate()

        func hear(_ node: Int, _ isBelieved: Bool) {
            let count = heard.withLock { heard in
                heard[node] = isBelieved
                return heard.count
            }
            if count == 2 { both.open() }
        }

        var believed: Set<Int> { heard.withLock { heard in Set(heard.filter { $0.value }.keys) } }
    }

    @Test(
        "a node of another chain, or one that stands still, is heard and not believed, unless nobody follows the chain",
        arguments: [
            ([0, 1], [], [0, 1]), ([0], [], [0]), ([1], [], [1]), ([0, 1], [0], [1]), ([0, 1], [0, 1], [0, 1]),
            ([0], [0], [0]), ([0], [1], [0]),
        ] as [(Set<Int>, Set<Int>, Set<Int>)])
    func believed(used: Set<Int>, idle: Set<Int>, expected: Set<Int>) async throws {
        let root = "0x" + String(repeating: "11", count: 32)
        let block = "event: block\ndata: {\"slot\":\"1\",\"block\":\"\(root)\"}\n\n"
        try await FakeBeaconNode.with(
            { _ in .stream([block], end: Gate()) }, { _ in .stream([block], end: Gate()) }
        ) { first, second in
            try await withClient([first.url, second.url]) { client in
                client.use(only: used)
                client.setIdle(idle)
                let ear = Ear()
                let events = ChainEvents(
                    beacon: client, clock: DutyScene.view().clock, reconnections: Reconnections(),
                    logger: Logger(label: "test"))
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await events.run { node, _, isBelieved in ear.hear(node, isBelieved) } }
                    await ear.both.wait()
                    group.cancelAll()
                }
                #expect(ear.believed == expected)
            }
        }
    }
}
