import DutyWorkflow
import Libp2p
import NIOCore

/// Sends one-way messages to the other operators: one stream per message and peer, all at once, each on its own.
/// A peer that is down or slow costs the others nothing. Source: p2p.md §10.
///
/// Lives on the host's loop, without a task or a lock. Called there it does its work at once, elsewhere after one hop.
package final class PeerSender: Sendable {
    /// Puts one message, with its length prefix, on a stream of its own, on the loop; tells there when the peer has
    /// accepted the protocol and the bytes are on their way, or why not.
    package typealias Transport =
        @Sendable (
            PeerIndex, _ protocolID: String, _ message: ByteBuffer,
            _ done: @escaping @Sendable (Result<Void, StreamError>) -> Void
        ) -> Void

    package static let timeout = Duration.seconds(7)
    private static let retryPause = TimeAmount.milliseconds(100)

    /// One message to one peer.
    private struct Letter {
        let message: ByteBuffer
        let protocolID: String
        let topic: String
        let batch: Batch
        let start: NIODeadline
        var isRetry = false
    }

    /// What one call of `send` waits for.
    private final class Batch {
        var open: Int
        var reached: Set<PeerIndex> = []
        let done: @Sendable (Set<PeerIndex>) -> Void

        init(open: Int, done: @escaping @Sendable (Set<PeerIndex>) -> Void) {
            self.open = open
            self.done = done
        }

        func end(_ peer: PeerIndex, reached isReached: Bool) {
            if isReached { reached.insert(peer) }
            open -= 1
            if open == 0 { done(reached) }
        }
    }

    private struct Lane {
        var queue = SendQueue()
        var letters: [SendQueue.Ticket: Letter] = [:]
        var health = SendHealth()
    }

    private struct State {
        var lanes: [PeerIndex: Lane] = [:]
        var lastTicket: SendQueue.Ticket = 0
    }

    package let loop: any EventLoop
    private let peers: [PeerIndex]
    private let transport: Transport
    private let observe: @Sendable (PeerEvent) -> Void
    private let state: NIOLoopBoundBox<State>

    package convenience init(host: Host, directory: PeerDirectory, observe: @escaping @Sendable (PeerEvent) -> Void) {
        self.init(peers: directory.others, loop: host.loop, observe: observe) { peer, protocolID, message, done in
            host.send(
                message, to: directory[peer], protocolID: protocolID, timeout: TimeAmount(Self.timeout), done: done)
        }
    }

    /// - Parameter peers: who gets every message that names no recipient.
    package init(
        peers: [PeerIndex], loop: any EventLoop, observe: @escaping @Sendable (PeerEvent) -> Void,
        transport: @escaping Transport
    ) {
        self.peers = peers
        self.loop = loop
        self.observe = observe
        self.transport = transport
        state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: loop)
    }

    /// - Parameters:
    ///   - body: without length prefix.
    ///   - topic: for metrics, e.g. `qbft_prepare`.
    ///   - recipient: nil for all peers.
    ///   - done: called on the loop when every recipient took the message, failed or was given up on, at most a few
    ///     seconds later, with those who took it.
    package func send(
        _ body: [UInt8], protocolID: String, topic: String, to recipient: PeerIndex? = nil,
        done: @escaping @Sendable (Set<PeerIndex>) -> Void = { _ in }
    ) {
        let message = Host.delimited(body)
        let recipients = recipient.map { [$0] } ?? peers
        onLoop { self.send(message, protocolID, topic, recipients, done) }
    }

    /// Runs `work` on the loop: at once when called there.
    func onLoop(_ work: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { return work() }
        HandOffs.note(.loop)
        loop.execute(work)
    }

    private func send(
        _ message: ByteBuffer, _ protocolID: String, _ topic: String, _ recipients: [PeerIndex],
        _ done: @escaping @Sendable (Set<PeerIndex>) -> Void
    ) {
        guard !recipients.isEmpty else { return done([]) }
        let batch = Batch(open: recipients.count, done: done)
        let now = NIODeadline.now()
        for peer in recipients {
            let ticket = state.value.lastTicket + 1
            state.value.lastTicket = ticket
            let letter = Letter(message: message, protocolID: protocolID, topic: topic, batch: batch, start: now)
            state.value.lanes[peer, default: Lane()].letters[ticket] = letter
            switch state.value.lanes[peer]?.queue.enter(ticket, bytes: message.readableBytes) {
            case .start: launch(ticket, to: peer)
            case .wait(let givenUp): for old in givenUp { giveUp(old, to: peer) }
            case nil: break
            }
        }
    }

    private func launch(_ ticket: SendQueue.Ticket, to peer: PeerIndex) {
        guard let letter = state.value.lanes[peer]?.letters[ticket] else { return }
        transport(peer, letter.protocolID, letter.message) { self.ended(ticket, to: peer, $0) }
    }

    /// Once more after a reset, as relays cut circuits now and then. Receivers take a message twice without harm.
    private func ended(_ ticket: SendQueue.Ticket, to peer: PeerIndex, _ result: Result<Void, StreamError>) {
        guard let letter = state.value.lanes[peer]?.letters[ticket] else { return }
        if case .failure(let error) = result, error.isReset, !letter.isRetry {
            state.value.lanes[peer]?.letters[ticket]?.isRetry = true
            loop.scheduleTask(in: Self.retryPause) { self.launch(ticket, to: peer) }
            return
        }
        state.value.lanes[peer]?.letters[ticket] = nil
        let isReached = report(result, of: letter, to: peer)
        let next = state.value.lanes[peer]?.queue.leave(bytes: letter.message.readableBytes) ?? []
        for ticket in next { launch(ticket, to: peer) }
        letter.batch.end(peer, reached: isReached)
    }

    /// - Returns: whether the peer took it.
    private func report(_ result: Result<Void, StreamError>, of letter: Letter, to peer: PeerIndex) -> Bool {
        switch result {
        case .success:
            let isRecovery = state.value.lanes[peer]?.health.noteSuccess() == true
            let took = Duration.nanoseconds((NIODeadline.now() - letter.start).nanoseconds)
            observe(.sent(peer, protocolID: letter.protocolID, topic: letter.topic, took: took))
            if isRecovery { observe(.sendRecovered(peer)) }
            return true
        case .failure(let error):
            let isNews = state.value.lanes[peer]?.health.noteFailure() == true
            observe(.sendFailed(peer, topic: letter.topic, reason: "\(error)", isNews: isNews))
            return false
        }
    }

    private func giveUp(_ ticket: SendQueue.Ticket, to peer: PeerIndex) {
        guard let letter = state.value.lanes[peer]?.letters.removeValue(forKey: ticket) else { return }
        observe(.sendDropped(peer, topic: letter.topic))
        letter.batch.end(peer, reached: false)
    }
}

extension StreamError {
    /// The stream or the connection under it broke while in use.
    fileprivate var isReset: Bool {
        switch self {
        case .reset, .connectionLost: true
        default: false
        }
    }
}
