import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Ethereum
import Synchronization
import TestSupport
import Testing

@Suite("Event streams of beacon nodes")
struct EventStreamTests {
    private static let root = "0x" + String(repeating: "11", count: 32)
    private static func block(_ slot: Int, id: Int) -> String {
        "id: \(id)\nevent: block\ndata: {\"slot\":\"\(slot)\",\"block\":\"\(root)\"}\n\n"
    }

    /// The first `count` elements, in short words.
    private static func take(_ count: Int, from stream: BeaconEventStream) async -> [String] {
        var words: [String] = []
        for await element in stream {
            switch element {
            case .connected: words.append("connected")
            case .event(.block(let block)): words.append("block \(block.slot)")
            case .event: words.append("other")
            case .unreadable: words.append("unreadable")
            case .flooded: words.append("flooded")
            case .refused(let topics, _): words.append("refused \(topics.map(\.rawValue))")
            case .disconnected(_, let pause): words.append("disconnected \(pause)")
            }
            if words.count == count { break }
        }
        return words
    }

    @Test("connects again when the stream ends, as late as the server asks, from where it stopped")
    func reconnects() async throws {
        let connections = Mutex(0)
        let reports = Reports()
        try await FakeBeaconNode.with({ _ in
            switch connections.withLock({ count in
                count += 1
                return count
            }) {
            case 1: .stream(["retry: 2000\n", Self.block(1, id: 4), ": alive\n\n", "event: block\ndata: junk\n\n"])
            case 2: .json(#"{"code":503,"message":"later"}"#, status: 503)
            case 3: .json("", status: 500)
            default: .stream([Self.block(2, id: 5)], end: Gate())
            }
        }) { node in
            try await withClient([node.url], configure: { $0.sleep = { reports.slept($0) } }) { client in
                let words = await Self.take(8, from: client.events([.block, .head], node: 0))
                #expect(
                    words == [
                        "connected", "block 1", "unreadable", "disconnected 2.0 seconds", "disconnected 3.2 seconds",
                        "disconnected 4.0 seconds", "connected", "block 2",
                    ])
                #expect(reports.pauses == [.seconds(2), .seconds(2) * 1.6, .seconds(4)])
                #expect(node.requests[0].target == "/eth/v1/events?topics=block&topics=head")
                #expect(node.requests[0].headers["accept"] == "text/event-stream")
                #expect(node.requests[0].headers["last-event-id"] == nil)
                #expect(node.requests[3].headers["last-event-id"] == "4")
            }
        }
    }

    @Test(
        "a server that asks for no pause, or for a day, gets a sensible one",
        arguments: [(0, 0.5), (86_400_000, 60)] as [(Int, Double)])
    func pauses(asked: Int, seconds: Double) async throws {
        try await FakeBeaconNode.with({ _ in .stream(["retry: \(asked)\n", Self.block(1, id: 1)]) }) { node in
            try await withClient([node.url], configure: { $0.sleep = { _ in } }) { client in
                let words = await Self.take(3, from: client.events([.block], node: 0))
                #expect(words == ["connected", "block 1", "disconnected \(seconds) seconds"])
            }
        }
    }

    @Test(
        "an id that no header field may hold, or a long one, is not given back: the events go on",
        arguments: [
            ("x1", true), (String(repeating: "x", count: 256), true), (String(repeating: "x", count: 257), false),
            ("a\u{1}b", false), ("a\u{7f}", false), ("é", false),
        ])
    func eventIDs(id: String, isSent: Bool) async throws {
        let connections = Mutex(0)
        try await FakeBeaconNode.with({ _ in
            let count = connections.withLock { count in
                count += 1
                return count
            }
            let block = "id: \(id)\nevent: block\ndata: {\"slot\":\"\(count)\",\"block\":\"\(Self.root)\"}\n\n"
            return .stream([block], end: count == 1 ? nil : Gate())
        }) { node in
            try await withClient([node.url], configure: { $0.sleep = { _ in } }) { client in
                let words = await Self.take(5, from: client.events([.block], node: 0))
                #expect(words == ["connected", "block 1", "disconnected 1.0 seconds", "connected", "block 2"])
                #expect(node.requests[1].headers["last-event-id"] == (isSent ? id : nil))
            }
        }
    }

    @Test("a topic that a node refuses is said once, and the others are asked for", arguments: [400, 204, 404])
    func refusedTopic(status: Int) async throws {
        let connections = Mutex(0)
        try await FakeBeaconNode.with({ request in
            if request.target.contains("block_gossip") { return .json("", status: status) }
            let count = connections.withLock { count in
                count += 1
                return count
            }
            return .stream([Self.block(count, id: count)], end: count == 1 ? nil : Gate())
        }) { node in
            try await withClient([node.url], configure: { $0.sleep = { _ in } }) { client in
                let words = await Self.take(7, from: client.events([.head, .block, .blockGossip], node: 0))
                #expect(
                    words == [
                        "refused [\"block_gossip\"]", "disconnected 1.0 seconds", "connected", "block 1",
                        // The node may have been updated: all are asked for again, and nothing is said twice.
                        "disconnected 1.0 seconds", "disconnected 1.0 seconds", "connected",
                    ])
                #expect(
                    node.requests.map { $0.target.contains("block_gossip") } == [true, false, true, false])
            }
        }
    }

    @Test("a node that refuses all events is asked for heads alone, more and more rarely")
    func refusedAll() async throws {
        try await FakeBeaconNode.with({ _ in .json("", status: 400) }) { node in
            try await withClient([node.url], configure: { $0.sleep = { _ in } }) { client in
                let words = await Self.take(17, from: client.events([.head, .block], node: 0))
                #expect(
                    words.prefix(6) == [
                        "refused [\"block\"]", "disconnected 1.0 seconds", "refused [\"head\"]",
                        "disconnected 1.0 seconds", "disconnected 1.6 seconds", "disconnected 2.56 seconds",
                    ])
                #expect(words.filter { $0.hasPrefix("refused") }.count == 2)
                #expect(words.last == "disconnected 300.0 seconds")
                #expect(node.requests.dropFirst().allSatisfy { $0.target.hasSuffix("topics=head") })
            }
        }
    }

    @Test("a dead node is tried again and again")
    func dead() async throws {
        try await withClient([deadURL], configure: { $0.sleep = { _ in } }) { client in
            let words = await Self.take(4, from: client.events([.head], node: 0))
            #expect(words == ["1.0", "1.6", "2.0", "2.0"].map { "disconnected \($0) seconds" })
        }
    }

    @Test("a silent stream is given up")
    func silent() async throws {
        try await FakeBeaconNode.with({ _ in .stream([Self.block(1, id: 1)], end: Gate()) }) { node in
            try await withClient([node.url]) {
                $0.eventIdleTimeout = .milliseconds(200)
                $0.sleep = { _ in }
            } _: { client in
                // On a busy machine the time may be up before the first event, too.
                var received = false
                var cause: BeaconError.Cause?
                for await element in client.events([.block], node: 0) {
                    switch element {
                    case .event: received = true
                    case .disconnected(let error, _): cause = error.cause
                    default: break
                    }
                    if received, cause != nil { break }
                }
                #expect(cause == .timeout)
            }
        }
    }

    @Test("an endless line ends the connection")
    func endlessLine() async throws {
        let line = "data: " + String(repeating: "x", count: BeaconEvent.slashingBytesMax)
        try await FakeBeaconNode.with({ _ in .stream([line], end: Gate()) }) { node in
            try await withClient([node.url], configure: { $0.sleep = { _ in } }) { client in
                var causes: [BeaconError.Cause] = []
                for await case .disconnected(let error, _) in client.events([.block], node: 0) {
                    causes.append(error.cause)
                    break
                }
                #expect(
                    causes == [.malformed("event stream line longer than \(BeaconEvent.slashingBytesMax) bytes")])
            }
        }
    }

    @Test(
        "a stream without end is read slowly, whatever it is made of, and that is said once",
        arguments: [
            "event: block\ndata: junk\n\n", "event: other\ndata: 1\n\n", ": \(String(repeating: "x", count: 1000))\n",
        ])
    func flooded(one: String) async throws {
        struct Enough: Error {}
        let reports = Reports()
        let flood = String(repeating: one, count: (16 << 20) / one.utf8.count)
        try await FakeBeaconNode.with({ _ in .stream([flood], end: Gate()) }) { node in
            try await withClient([node.url]) {
                $0.sleep = { pause in
                    reports.slept(pause)
                    if reports.pauses.count == 3 { throw Enough() }
                }
            } _: { client in
                var floods = 0
                for await case .flooded in client.events([.block], node: 0) { floods += 1 }
                #expect(floods == 1)
                #expect(reports.pauses.count == 3 && reports.pauses.allSatisfy { $0 > .zero })
            }
        }
    }

    @Test("ends with the task")
    func cancelled() async throws {
        let connected = Gate()
        try await FakeBeaconNode.with({ _ in .stream([Self.block(1, id: 1)], end: Gate()) }) { node in
            try await withClient([node.url]) { client in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for await case .event in client.events([.block], node: 0) { connected.open() }
                    }
                    await connected.wait()
                    group.cancelAll()
                }
            }
        }
    }
}
