import DutyWorkflow
import Libp2p
import Synchronization
import Testing

@testable import PeerProtocols

/// What was observed, in order.
final class Observations: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func note(_ line: String) { lines.withLock { $0.append(line) } }

    func note(_ event: PeerEvent) {
        switch event {
        case .sent(let peer, let topic, _): note("sent \(topic) to \(peer)")
        case .sendFailed(let peer, let topic, let reason, let isNews):
            note("failed \(topic) to \(peer): \(reason)\(isNews ? " (news)" : "")")
        case .sendRecovered(let peer): note("recovered \(peer)")
        case .sendDropped(let peer, let topic): note("dropped \(topic) to \(peer)")
        case .delivered(let peer, let topic): note("delivered \(topic) from \(peer)")
        case .refused(let peer, _, let fault): note("refused \(peer.map { "\($0)" } ?? "guest"): \(fault.label)")
        case .foreignShare(let share, let peer): note("share \(share) from \(peer)")
        }
    }
}

/// Lets tests hold up callers until they say go on.
private final class Turnstile: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [(count: Int, CheckedContinuation<Void, Never>)] = []
        var arrived = 0
    }
    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let (resumed, watchers) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
                state.arrived += 1
                let arrived = state.arrived
                let due = state.watchers.filter { $0.count <= arrived }.map(\.1)
                state.watchers.removeAll { $0.count <= arrived }
                if !state.isOpen { state.waiting.append(continuation) }
                return (state.isOpen, due)
            }
            if resumed { continuation.resume() }
            for watcher in watchers { watcher.resume() }
        }
    }

    /// Returns when so many have come.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                if state.arrived < count { state.watchers.append((count, continuation)) }
                return state.arrived >= count
            }
            if isDue { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

@Suite("peer sender")
struct PeerSenderTests {
    private struct Down: Error {}
    private let peers = [0, 2, 3].map(PeerIndex.init)
    private let seen = Observations()

    private func sender(_ transport: @escaping PeerSender.Transport) -> PeerSender {
        let seen = seen
        return PeerSender(
            peers: peers, observe: { seen.note($0) }, pause: { seen.note("pause \($0)") }, transport: transport)
    }

    @Test("every peer gets the message once, a failing one harms no other")
    func independent() async {
        let got = Observations()
        let sender = sender { peer, protocolID, message in
            got.note("\(peer) \(protocolID) \(message)")
            if peer.rawValue == 2 { throw Down() }
        }
        let reached = await sender.send([1, 2], protocolID: "/p", topic: "t")
        #expect(reached == [PeerIndex(0), PeerIndex(3)])
        #expect(got.all.sorted() == ["0 /p [1, 2]", "2 /p [1, 2]", "3 /p [1, 2]"])
        #expect(seen.all.sorted() == ["failed t to 2: Down() (news)", "sent t to 0", "sent t to 3"])
    }

    @Test("a slow peer does not hold up the others")
    func slow() async {
        let gate = Turnstile()
        let others = Turnstile()
        others.open()
        let sender = sender { peer, _, _ in await peer.rawValue == 2 ? gate.pass() : others.pass() }
        async let reached = sender.send([], protocolID: "/p", topic: "t")
        await others.arrivals(2)
        await gate.arrivals(1)
        gate.open()
        #expect(await reached.count == 3)
    }

    @Test(
        "resets are tried once more, other failures are not",
        arguments: [
            (StreamError.reset(code: 0), 2), (.connectionLost(.closedByPeer), 2), (.refused(["/p"]), 1), (.timedOut, 1),
        ] as [(StreamError, Int)])
    func retries(error: StreamError, attempts: Int) async {
        let calls = Mutex(0)
        let seen = seen
        let sender = PeerSender(peers: [PeerIndex(1)], observe: { seen.note($0) }, pause: { seen.note("pause \($0)") })
        {
            _, _, _ in
            calls.withLock { $0 += 1 }
            throw error
        }
        #expect(await sender.send([], protocolID: "/p", topic: "t").isEmpty)
        #expect(calls.withLock { $0 } == attempts)
        let pauses = attempts == 2 ? ["pause 0.1 seconds"] : []
        #expect(seen.all == pauses + ["failed t to 1: \(error) (news)"])
    }

    @Test("a retry that works counts as sent")
    func retryWorks() async {
        let calls = Mutex(0)
        let sender = sender { peer, _, _ in
            let count = calls.withLock { calls in
                if peer.rawValue == 0 { calls += 1 }
                return calls
            }
            if peer.rawValue == 0, count == 1 { throw StreamError.reset(code: 0) }
        }
        #expect(await sender.send([], protocolID: "/p", topic: "t").count == 3)
        #expect(!seen.all.contains { $0.hasPrefix("failed") })
    }

    @Test("news of failure and recovery are told once")
    func hysteresis() async {
        let isDown = Mutex(true)
        let seen = seen
        let sender = PeerSender(peers: [PeerIndex(1)], observe: { seen.note($0) }) { _, _, _ in
            if isDown.withLock({ $0 }) { throw Down() }
        }
        for _ in 0..<2 { await sender.send([], protocolID: "/p", topic: "t") }
        isDown.withLock { $0 = false }
        for _ in 0..<4 { await sender.send([], protocolID: "/p", topic: "t") }
        #expect(
            seen.all == [
                "failed t to 1: Down() (news)", "failed t to 1: Down()", "sent t to 1", "sent t to 1", "sent t to 1",
                "recovered 1", "sent t to 1",
            ])
    }

    @Test("what waits too long for a stuck peer is dropped, oldest first, and counted")
    func overflow() async {
        let gate = Turnstile()
        let seen = seen
        let sender = PeerSender(peers: [PeerIndex(1)], observe: { seen.note($0) }) { _, _, _ in await gate.pass() }
        await withDiscardingTaskGroup { group in
            // 64 are under way and 256 wait; each further message drops one.
            for number in 0..<64 { group.addTask { await sender.send([], protocolID: "/p", topic: "first\(number)") } }
            await gate.arrivals(64)
            for number in 0..<300 { group.addTask { await sender.send([], protocolID: "/p", topic: "more\(number)") } }
            while seen.all.count < 44 { await Task.yield() }
            gate.open()
        }
        #expect(seen.all.count { $0.hasPrefix("dropped more") } == 44)
        #expect(seen.all.count { $0.hasPrefix("sent") } == 64 + 256)
    }

    @Test("a cancelled sender leaves nothing behind")
    func cancelled() async {
        let gate = Turnstile()
        let seen = seen
        let sender = PeerSender(peers: [PeerIndex(1)], observe: { seen.note($0) }) { _, _, _ in
            await gate.pass()
            try Task.checkCancellation()
        }
        await withTaskGroup(of: Set<PeerIndex>.self) { group in
            for _ in 0..<100 { group.addTask { await sender.send([], protocolID: "/p", topic: "t") } }
            await gate.arrivals(64)
            group.cancelAll()
            gate.open()
            for await reached in group { #expect(reached.isEmpty) }
        }
        #expect(await sender.send([], protocolID: "/p", topic: "t").count == 1)
    }
}
