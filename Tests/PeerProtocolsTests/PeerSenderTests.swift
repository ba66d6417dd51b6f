import DutyWorkflow
import Libp2p
import NIOCore
import NIOEmbedded
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
        case .sent(let peer, _, let topic, _): note("sent \(topic) to \(peer)")
        case .sendFailed(let peer, let topic, let reason, let isNews):
            note("failed \(topic) to \(peer): \(reason)\(isNews ? " (news)" : "")")
        case .sendRecovered(let peer): note("recovered \(peer)")
        case .sendDropped(let peer, let topic): note("dropped \(topic) to \(peer)")
        case .unsendable(let topic, let fault): note("unsendable \(topic): \(fault.label)")
        case .delivered(let peer, let topic): note("delivered \(topic) from \(peer)")
        case .refused(let peer, _, let fault): note("refused \(peer.map { "\($0)" } ?? "guest"): \(fault.label)")
        case .foreignShare(let share, let peer): note("share \(share) from \(peer)")
        }
    }
}

/// Holds what was to be sent until a test says what became of it.
final class ScriptedTransport: Sendable {
    struct Call: Sendable {
        let peer: PeerIndex
        let protocolID: String
        let message: ByteBuffer
        let done: @Sendable (Result<Void, StreamError>) -> Void
    }

    private let calls = Mutex<[Call]>([])

    var open: [Call] { calls.withLock { $0 } }

    var transport: PeerSender.Transport {
        { peer, protocolID, message, done in
            self.calls.withLock {
                $0.append(Call(peer: peer, protocolID: protocolID, message: message, done: done))
            }
        }
    }

    /// Ends all calls that are open now, in order.
    func endAll(_ result: (PeerIndex) -> Result<Void, StreamError> = { _ in .success(()) }) {
        let all = calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
        for call in all { call.done(result(call.peer)) }
    }
}

@Suite("peer sender")
struct PeerSenderTests {
    private let peers = [0, 2, 3].map(PeerIndex.init)
    private let loop = EmbeddedEventLoop()
    private let network = ScriptedTransport()
    private let seen = Observations()
    private let done = Observations()

    private func sender(_ peers: [PeerIndex]? = nil) -> PeerSender {
        let seen = seen
        return PeerSender(
            peers: peers ?? self.peers, loop: loop, observe: { seen.note($0) }, transport: network.transport)
    }

    private func send(_ sender: PeerSender, _ body: [UInt8] = [], _ topic: String = "t", to peer: PeerIndex? = nil) {
        let done = done
        sender.send(body, protocolID: "/p", topic: topic, to: peer) { reached in
            done.note("\(topic) reached \(reached.map(\.rawValue).sorted())")
        }
    }

    @Test("every peer gets the message once, with its length, and a failing one harms no other")
    func independent() {
        send(sender(), [1, 2])
        #expect(
            network.open.map { "\($0.peer) \($0.protocolID) \(Array($0.message.readableBytesView))" } == [
                "0 /p [2, 1, 2]", "2 /p [2, 1, 2]", "3 /p [2, 1, 2]",
            ])
        #expect(done.all.isEmpty)
        network.endAll { $0.rawValue == 2 ? .failure(.timedOut) : .success(()) }
        #expect(done.all == ["t reached [0, 3]"])
        #expect(seen.all == ["sent t to 0", "failed t to 2: no answer in time (news)", "sent t to 3"])
    }

    @Test("a slow peer does not hold up the others")
    func slow() {
        let sender = sender()
        for number in 1...100 { send(sender, [], "t\(number)") }
        let slow = network.open.filter { $0.peer.rawValue == 2 }
        for call in network.open where call.peer.rawValue != 2 { call.done(.success(())) }
        #expect(seen.all.count == 64 && slow.count == 32)
    }

    @Test("one recipient gets what is for it alone")
    func recipient() {
        send(sender(), [], "t", to: PeerIndex(3))
        #expect(network.open.map(\.peer) == [PeerIndex(3)])
        network.endAll()
        #expect(done.all == ["t reached [3]"])
    }

    @Test("without peers it is done at once")
    func alone() {
        send(sender([]))
        #expect(done.all == ["t reached []"])
    }

    @Test(
        "resets are tried once more, after a pause; other failures are not",
        arguments: [
            (StreamError.reset(code: 0), true), (.connectionLost(.closedByPeer), true), (.refused(["/p"]), false),
            (.timedOut, false),
        ] as [(StreamError, Bool)])
    func retries(error: StreamError, isRetried: Bool) {
        send(sender([PeerIndex(1)]))
        network.endAll { _ in .failure(error) }
        loop.advanceTime(by: .milliseconds(99))
        #expect(network.open.isEmpty)
        loop.advanceTime(by: .milliseconds(1))
        #expect(network.open.count == (isRetried ? 1 : 0))
        network.endAll { _ in .failure(error) }
        loop.advanceTime(by: .seconds(10))
        #expect(network.open.isEmpty && done.all == ["t reached []"])
        #expect(seen.all == ["failed t to 1: \(error) (news)"])
    }

    @Test("a retry that works counts as sent")
    func retryWorks() {
        send(sender())
        network.endAll { $0.rawValue == 0 ? .failure(.reset(code: 0)) : .success(()) }
        loop.advanceTime(by: .milliseconds(100))
        network.endAll()
        #expect(done.all == ["t reached [0, 2, 3]"])
        #expect(!seen.all.contains { $0.hasPrefix("failed") })
    }

    @Test("news of failure and recovery are told once")
    func hysteresis() {
        let sender = sender([PeerIndex(1)])
        for number in 0..<6 {
            send(sender)
            network.endAll { _ in number < 2 ? .failure(.timedOut) : .success(()) }
        }
        #expect(
            seen.all == [
                "failed t to 1: no answer in time (news)", "failed t to 1: no answer in time", "sent t to 1",
                "sent t to 1",
                "sent t to 1", "recovered 1", "sent t to 1",
            ])
    }

    @Test("beyond the bounds the oldest waiting messages are given up, and told so")
    func bounds() {
        let sender = sender([PeerIndex(1)])
        for number in 0..<32 + 300 { send(sender, [], "\(number)") }
        #expect(network.open.count == 32)
        #expect(seen.all == (32..<76).map { "dropped \($0) to 1" })
        #expect(done.all == (32..<76).map { "\($0) reached []" })
        while !network.open.isEmpty { network.endAll() }
        #expect(done.all.count == 332)
        #expect(Set(done.all.dropFirst(44)) == Set((Array(0..<32) + Array(76..<332)).map { "\($0) reached [1]" }))
    }

    @Test("large messages wait for each other, and their bytes are bounded; small ones pass them")
    func bytes() {
        let sender = sender([PeerIndex(1)])
        let block = [UInt8](repeating: 1, count: 10 << 20)
        for number in 0..<4 { send(sender, block, "block\(number)") }
        send(sender, [1], "small")
        #expect(network.open.count == 2)
        #expect(seen.all == ["dropped block1 to 1", "dropped block2 to 1"])
        network.endAll()
        network.endAll()
        #expect(done.all.dropFirst(2) == ["block0 reached [1]", "small reached [1]", "block3 reached [1]"])
    }

    @Test("called from elsewhere, it does its work on its loop")
    func offLoop() async {
        let loop = NIOAsyncTestingEventLoop()
        let network = network
        let sender = PeerSender(peers: peers, loop: loop, observe: { _ in }, transport: network.transport)
        let before = HandOffs.total(.loop)
        sender.send([1], protocolID: "/p", topic: "t")
        await loop.run()
        #expect(network.open.count == 3 && HandOffs.total(.loop) > before)
        await loop.shutdownGracefully()
    }
}
