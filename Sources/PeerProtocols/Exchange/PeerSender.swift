import DutyWorkflow
import Libp2p
import Synchronization

/// Sends one-way messages to the other operators: one stream per message and peer, all at once, each on its own.
/// A peer that is down or slow costs the others nothing. Source: p2p.md §10.
package final class PeerSender: Sendable {
    /// Puts one message on a stream of its own; returns once the peer has accepted the protocol.
    package typealias Transport = @Sendable (PeerIndex, _ protocolID: String, _ message: [UInt8]) async throws -> Void

    /// Messages to one peer under way at once, and waiting: a slot of a busy cluster has some dozen, and each ends
    /// within `timeout`.
    private static let underWayMax = 64
    private static let waitingMax = 256
    package static let timeout = Duration.seconds(7)
    private static let retryPause = Duration.milliseconds(100)

    private struct Lane: Sendable {
        var queue = SendQueue(underWayMax: underWayMax, waitingMax: waitingMax)
        var waiters: [SendQueue.Ticket: CheckedContinuation<Bool, Never>] = [:]
        var health = SendHealth()
    }

    private struct State: Sendable {
        var lanes: [PeerIndex: Lane] = [:]
        var lastTicket: SendQueue.Ticket = 0
    }

    private let peers: [PeerIndex]
    private let transport: Transport
    private let pause: @Sendable (Duration) async throws -> Void
    private let observe: @Sendable (PeerEvent) -> Void
    private let state = Mutex(State())

    package convenience init(host: Host, directory: PeerDirectory, observe: @escaping @Sendable (PeerEvent) -> Void) {
        self.init(peers: directory.others, observe: observe) { peer, protocolID, message in
            try await PeerStream.send(message, to: directory[peer], protocolID: protocolID, host: host)
        }
    }

    /// - Parameters:
    ///   - peers: who gets every message.
    ///   - pause: waits before the retry.
    init(
        peers: [PeerIndex], observe: @escaping @Sendable (PeerEvent) -> Void,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        transport: @escaping Transport
    ) {
        self.peers = peers
        self.observe = observe
        self.pause = pause
        self.transport = transport
    }

    /// Returns when every peer took the message, failed or was given up on; at most a few seconds later.
    ///
    /// - Parameter topic: for metrics, e.g. `qbft_prepare`.
    /// - Returns: who took it.
    @discardableResult
    package func send(_ message: [UInt8], protocolID: String, topic: String) async -> Set<PeerIndex> {
        await withTaskGroup(of: PeerIndex?.self) { group in
            for peer in peers {
                group.addTask { await self.send(message, to: peer, protocolID, topic) ? peer : nil }
            }
            var reached: Set<PeerIndex> = []
            for await peer in group { if let peer { reached.insert(peer) } }
            return reached
        }
    }

    private func send(_ message: [UInt8], to peer: PeerIndex, _ protocolID: String, _ topic: String) async -> Bool {
        guard await enter(peer) else {
            observe(.sendDropped(peer, topic: topic))
            return false
        }
        defer { leave(peer) }
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try await attempt(message, to: peer, protocolID)
            let isRecovery = state.withLock { $0.lanes[peer, default: Lane()].health.noteSuccess() }
            observe(.sent(peer, topic: topic, took: clock.now - start))
            if isRecovery { observe(.sendRecovered(peer)) }
            return true
        } catch is CancellationError {
            return false
        } catch {
            let isNews = state.withLock { $0.lanes[peer, default: Lane()].health.noteFailure() }
            observe(.sendFailed(peer, topic: topic, reason: "\(error)", isNews: isNews))
            return false
        }
    }

    /// Once more after a reset, as relays cut circuits now and then. Receivers take a message twice without harm.
    private func attempt(_ message: [UInt8], to peer: PeerIndex, _ protocolID: String) async throws {
        do {
            try await transport(peer, protocolID, message)
        } catch let error as StreamError where error.isReset {
            try await pause(Self.retryPause)
            try await transport(peer, protocolID, message)
        }
    }

    // MARK: Bounds

    /// Waits for a place; false when the message was given up.
    private func enter(_ peer: PeerIndex) async -> Bool {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (started, dropped) = state.withLock { state -> (Bool?, CheckedContinuation<Bool, Never>?) in
                    if Task.isCancelled { return (false, nil) }
                    var lane = state.lanes[peer, default: Lane()]
                    defer { state.lanes[peer] = lane }
                    let entry = lane.queue.enter(ticket)
                    guard entry != .start else { return (true, nil) }
                    lane.waiters[ticket] = continuation
                    guard case .waitInsteadOf(let oldest) = entry else { return (nil, nil) }
                    return (nil, lane.waiters.removeValue(forKey: oldest))
                }
                if let started { continuation.resume(returning: started) }
                dropped?.resume(returning: false)
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard state.lanes[peer]?.queue.withdraw(ticket) == true else { return nil }
                return state.lanes[peer]?.waiters.removeValue(forKey: ticket)
            }
            waiter?.resume(returning: false)
        }
    }

    private func leave(_ peer: PeerIndex) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let ticket = state.lanes[peer]?.queue.leave() else { return nil }
            return state.lanes[peer]?.waiters.removeValue(forKey: ticket)
        }
        next?.resume(returning: true)
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
