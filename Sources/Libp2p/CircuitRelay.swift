import Logging
import Synchronization
import Timing

/// A circuit relay on a host: answers `hop` streams, opens `stop` streams and carries bytes between the two.
///
/// `RelayLedger` decides who gets what; here are streams, time and the voucher's signature. One request per stream, as
/// go-libp2p has it. Source: spec/p2p.md §8.7, libp2p circuit-v2.md.
package final class CircuitRelay: Sendable {
    package struct Configuration: Sendable {
        package var limits = RelayLedger.Limits()
        /// From the opening of a stream to the whole request.
        package var requestTimeout = Duration.seconds(15)
        /// For a peer to take or refuse a circuit.
        package var stopTimeout = Duration.seconds(30)
        /// Streams of one peer whose request has not come; more are reset.
        package var waitingPerPeerMax = 32
        package init() {}
    }

    /// What the relay did so far, and holds now.
    package struct Statistics: Equatable, Sendable {
        package var reservations = 0
        package var circuits = 0
        package var reservationsGranted: UInt64 = 0
        package var circuitsOpened: UInt64 = 0
        /// Circuits that reached the limit of time or data.
        package var circuitsCut: UInt64 = 0
        package var bytesRelayed: UInt64 = 0
        package var refused: [CircuitStatus: UInt64] = [:]
    }

    private struct State {
        var ledger: RelayLedger
        var statistics = Statistics()
        var waiting: [PeerID: Int] = [:]
    }

    /// It keeps us alive, by its handlers.
    private unowned let host: Host
    private let configuration: Configuration
    private let now: @Sendable () -> UInt64
    private let addresses: @Sendable () async -> [Multiaddr]
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - addresses: where the relay is reached, without its peer id; told to those who reserve.
    package init(
        on host: Host, _ configuration: Configuration = Configuration(), logger: Logger,
        now: @escaping @Sendable () -> UInt64, addresses: @escaping @Sendable () async -> [Multiaddr]
    ) {
        self.host = host
        self.configuration = configuration
        self.logger = logger
        self.now = now
        self.addresses = addresses
        state = Mutex(State(ledger: RelayLedger(limits: configuration.limits)))
    }

    /// Before the host runs.
    package func serve() {
        host.handle(
            Circuit.hopProtocolID, timeout: nil,
            concurrentPerPeer: configuration.limits.circuitsPerPeerMax + configuration.waitingPerPeerMax
        ) { [self] stream, peer in try await handle(stream, from: peer) }
        host.whenGone { [self] peer in state.withLock { $0.ledger.disconnected(peer) } }
    }

    /// The values of this instant; what has expired is not counted.
    package func statistics() -> Statistics {
        let now = now()
        return state.withLock { state in
            state.ledger.expire(at: now)
            var result = state.statistics
            result.reservations = state.ledger.reservationCount
            result.circuits = state.ledger.circuitCount
            return result
        }
    }

    // MARK: Requests

    private func handle(_ stream: Stream, from peer: PeerID) async throws {
        guard let request = try await request(on: stream, of: peer) else { return }
        switch request.kind {
        case .reserve: try await reserve(stream, peer)
        case .connect:
            guard let target = request.peer?.id else { return try await refuse(stream, .malformedMessage) }
            try await connect(stream, from: peer, to: target)
        case .status: try await refuse(stream, .unexpectedMessage)
        }
    }

    /// - Returns: nil when there is nothing to do any more: the stream ended, or was answered.
    private func request(on stream: Stream, of peer: PeerID) async throws -> HopMessage? {
        guard beginWaiting(peer) else {
            stream.reset()
            return nil
        }
        defer { endWaiting(peer) }
        do {
            let bytes = try await withDeadline(configuration.requestTimeout) {
                try await stream.readMessageIfAny(limit: Circuit.messageBytesMax)
            }
            return try bytes.map { bytes throws(Circuit.Failure) in try HopMessage(bytes) }
        } catch is Circuit.Failure {
            try await refuse(stream, .malformedMessage)
        } catch StreamError.tooLong, StreamError.malformedLength, StreamError.truncated {
            try await refuse(stream, .malformedMessage)
        } catch is DeadlineExceeded {
            stream.reset()
        }
        return nil
    }

    private func beginWaiting(_ peer: PeerID) -> Bool {
        state.withLock { state in
            guard state.waiting[peer, default: 0] < configuration.waitingPerPeerMax else { return false }
            state.waiting[peer, default: 0] += 1
            return true
        }
    }

    private func endWaiting(_ peer: PeerID) {
        state.withLock { state in
            let count = state.waiting[peer, default: 1] - 1
            state.waiting[peer] = count > 0 ? count : nil
        }
    }

    private func refuse(_ stream: Stream, _ status: CircuitStatus) async throws {
        state.withLock { $0.statistics.refused[status, default: 0] += 1 }
        logger.debug("refused", metadata: ["peer": "\(stream.peer)", "status": "\(status)"])
        try await stream.writeMessage(HopMessage(.status, status: status).encode(), closing: true)
    }

    private func reserve(_ stream: Stream, _ peer: PeerID) async throws {
        let source = stream.connection.remoteAddress
        let now = now()
        let decision = state.withLock { state in
            let decision = state.ledger.reserve(
                peer, from: source, isRelayed: stream.connection.path != .direct, at: now)
            if case .granted = decision { state.statistics.reservationsGranted += 1 }
            return decision
        }
        switch decision {
        case .refused(let status): try await refuse(stream, status)
        case .granted(let expires):
            // It may have gone before the ledger knew of it.
            guard host.isConnected(peer) else { return state.withLock { $0.ledger.disconnected(peer) } }
            let voucher = ReservationVoucher(relay: host.peer, peer: peer, expiration: expires)
            let reservation = Reservation(
                expire: expires,
                addresses: await addresses().prefix(Circuit.addressesMax / 2).map { $0.appending(.p2p(host.peer)) },
                voucher: voucher.sealed(with: host.configuration.identity))
            let answer = HopMessage(.status, reservation: reservation, limit: limit, status: .ok)
            try await stream.writeMessage(answer.encode(), closing: true)
        }
    }

    private var limit: CircuitLimit {
        CircuitLimit(duration: configuration.limits.circuitSeconds, data: configuration.limits.circuitBytesMax)
    }

    // MARK: Circuits

    private func connect(_ source: Stream, from peer: PeerID, to target: PeerID) async throws {
        let isRelayed = source.connection.path != .direct
        let now = now()
        let decision = state.withLock {
            $0.ledger.connect(from: peer, to: target, isRelayed: isRelayed, at: now)
        }
        switch decision {
        case .refused(let status): try await refuse(source, status)
        case .opening(let circuit):
            defer { state.withLock { $0.ledger.ended(circuit) } }
            let stop: Stream
            do { stop = try await open(to: target, for: peer) } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.debug("open circuit", metadata: ["peer": "\(peer)", "to": "\(target)", "error": "\(error)"])
                return try await refuse(source, .connectionFailed)
            }
            try await carry(source, stop)
        }
    }

    /// A stop stream whose other end has agreed to the circuit.
    private func open(to target: PeerID, for source: PeerID) async throws -> Stream {
        try await withDeadline(configuration.stopTimeout) { [self] in
            let stream = try await host.newStream(to: target, protocols: [Circuit.stopProtocolID])
            do {
                let ask = StopMessage(.connect, peer: CircuitPeer(source), limit: limit)
                try await stream.writeMessage(ask.encode())
                let answer = try StopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
                guard answer.kind == .status, answer.status == .ok else { throw Refusal(status: answer.status) }
                return stream
            } catch {
                stream.reset()
                throw error
            }
        }
    }

    /// The target did not want it.
    private struct Refusal: Error {
        let status: CircuitStatus?
    }

    /// Returns when both sides have ended; an error, or a limit, resets both.
    private func carry(_ source: Stream, _ target: Stream) async throws {
        do {
            try await source.writeMessage(HopMessage(.status, limit: limit, status: .ok).encode())
            state.withLock { $0.statistics.circuitsOpened += 1 }
            let bytesMax = configuration.limits.circuitBytesMax
            let count: @Sendable (Int) -> Void = { [self] bytes in
                state.withLock { $0.statistics.bytesRelayed += UInt64(bytes) }
            }
            try await withDeadline(.seconds(Int64(configuration.limits.circuitSeconds))) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await source.pump(to: target, bytesMax: bytesMax, count) }
                    group.addTask { try await target.pump(to: source, bytesMax: bytesMax, count) }
                    // The first failure cancels the other direction.
                    while try await group.next() != nil {}
                }
            }
            target.close()
        } catch {
            target.reset()
            source.reset()
            if error is DeadlineExceeded || error is DataLimitReached {
                state.withLock { $0.statistics.circuitsCut += 1 }
            } else if error is CancellationError {
                throw error
            }
            // Else one of the two went: their business, and no fault of the one that asked.
        }
    }
}
