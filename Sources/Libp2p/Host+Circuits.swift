import Logging
import NIOCore
import Timing

/// Circuits: connections to peers through relays, in both directions. Source: spec/p2p.md §8.3, §8.4.
extension Host {
    // MARK: To a peer

    /// One attempt of a round.
    nonisolated func dialCircuit(_ attempt: DialAttempt) async {
        guard let relay = attempt.address.circuit?.relay else { return }
        do {
            let answer = try await withDeadline(configuration.timing.circuitTimeout) {
                try await self.ask(relay, HopMessage(.connect, peer: CircuitPeer(attempt.peer)))
            }
            await start(
                answer.stream, Circuit.Leg(relay: relay, peer: attempt.peer, limit: answer.message.limit), attempt)
        } catch {
            if error is Circuit.Failure { note(.circuit, of: relay) }
            let reason = error as? DisconnectReason ?? .circuitFailed(Self.explain(error))
            await attemptFailed(attempt, reason)
        }
    }

    private func start(_ stream: Stream, _ leg: Circuit.Leg, _ attempt: DialAttempt) {
        // Nobody waits for it any more, as when the peer came in another way.
        guard isRunning, records[attempt.peer]?.awaits(attempt) == true else { return stream.reset() }
        begin(stream, leg, .outbound, attempt)
    }

    private func begin(
        _ stream: Stream, _ leg: Circuit.Leg, _ direction: Connection.Direction, _ attempt: DialAttempt?,
        onEnd: (() -> Void)? = nil
    ) {
        let pipe = StreamPipe(stream, circuit: leg)
        pipe.onEnd = onEnd
        pipe.start(
            ConnectionCore(
                id: nextNumber(), host: self, loop: loop, direction: direction, attempt: attempt,
                expectedPeer: leg.peer, configuration: configuration, pipe: pipe.pipe))
    }

    // MARK: From a peer

    /// A relay brings somebody. Returns when the circuit is over.
    nonisolated func serveStop(_ stream: Stream) async throws {
        let relay = stream.peer
        guard stream.connection.circuit == nil, shared.withLock({ $0.relays.contains(relay) }) else {
            note(.circuit, of: relay)
            return stream.reset()
        }
        let request: StopMessage
        do {
            request = try StopMessage(
                try await withDeadline(configuration.timing.stopTimeout) {
                    try await stream.readMessage(limit: Circuit.messageBytesMax)
                })
        } catch is CancellationError { throw CancellationError() } catch {
            note(.circuit, of: relay)
            let status: CircuitStatus =
                error as? Circuit.Failure == .unsupportedPeer ? .permissionDenied : .malformedMessage
            return try await refuse(stream, status)
        }
        guard request.kind == .connect else {
            note(.circuit, of: relay)
            return try await refuse(stream, .unexpectedMessage)
        }
        guard let peer = request.peer?.id else {
            note(.circuit, of: relay)
            return try await refuse(stream, .malformedMessage)
        }
        let status = await admit(peer, from: relay)
        guard status == .ok else { return try await refuse(stream, status) }
        try await stream.writeMessage(StopMessage(.status, status: .ok).encode())
        await carry(stream, Circuit.Leg(relay: relay, peer: peer, limit: request.limit))
    }

    private nonisolated func refuse(_ stream: Stream, _ status: CircuitStatus) async throws {
        try await stream.writeMessage(StopMessage(.status, status: status).encode(), closing: true)
        stream.close()
    }

    /// The relay's word for who comes is not trusted: the handshake must prove it. It saves one with those who may not.
    private func admit(_ peer: PeerID, from relay: PeerID) -> CircuitStatus {
        guard isRunning, peer != self.peer, records[peer]?.isConfigured == true || configuration.isGateOpen else {
            note(.refusedByGate, of: peer)
            return .permissionDenied
        }
        guard waitingRoom.hasRoom(for: .circuit(relay: relay, peer: peer), configuration.limits) else {
            note(.tooManyPending, of: relay)
            return .resourceLimitExceeded
        }
        return .ok
    }

    private func carry(_ stream: Stream, _ leg: Circuit.Leg) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin(stream, leg, .inbound, nil) { continuation.resume() }
            }
        } onCancel: {
            stream.reset()
        }
    }
}
