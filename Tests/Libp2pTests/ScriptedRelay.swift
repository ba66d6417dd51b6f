import NIOCore
import Synchronization

@testable import Libp2p

/// A relay as small as it can be, that does as it is told.
final class ScriptedRelay: Sendable {
    struct Script: Sendable {
        /// Instead of granting a reservation.
        var reservation: HopMessage?
        /// Instead of connecting.
        var connect: [UInt8]?
        /// Instead of the true name of who wants to connect.
        var stop: [UInt8]?
        /// Instead of whom the caller asks for.
        var target: PeerID?
        var limit: CircuitLimit? = CircuitLimit(duration: 3600, data: 32 << 20)
        var expire: UInt64 = .max
    }

    let host: Host
    private let state: Mutex<State>

    private struct State {
        var script: Script
        var reserved: Set<PeerID> = []
        var circuits: [Stream] = []
        var asked = 0
    }

    init(_ number: UInt8, port: UInt16 = 0, _ script: Script = Script()) {
        host = makeHost(number, port: port) { $0.isGateOpen = true }
        state = Mutex(State(script: script))
        host.handle(Circuit.hopProtocolID, timeout: nil, concurrentPerPeer: 100) { [unowned self] stream, peer in
            try await self.serve(stream, peer)
        }
    }

    func change(_ change: (inout Script) -> Void) { state.withLock { change(&$0.script) } }

    /// Reservations that were asked for.
    var asked: Int { state.withLock { $0.asked } }

    /// Cuts all circuits, as at the end of their time.
    func cutCircuits() {
        let streams = state.withLock { state in
            defer { state.circuits = [] }
            return state.circuits
        }
        for stream in streams { stream.reset() }
    }

    private func serve(_ stream: Stream, _ peer: PeerID) async throws {
        let message = try HopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
        let script = state.withLock { $0.script }
        switch message.kind {
        case .reserve:
            state.withLock { $0.asked += 1 }
            if let answer = script.reservation {
                return try await stream.writeMessage(answer.encode(), closing: true)
            }
            state.withLock { _ = $0.reserved.insert(peer) }
            let answer = HopMessage(.status, reservation: Reservation(expire: script.expire), status: .ok)
            try await stream.writeMessage(answer.encode(), closing: true)
        case .connect:
            if let answer = script.connect { return try await stream.writeMessage(answer, closing: true) }
            guard let target = script.target ?? message.peer?.id, state.withLock({ $0.reserved.contains(target) })
            else {
                let refusal = HopMessage(.status, status: .noReservation)
                return try await stream.writeMessage(refusal.encode(), closing: true)
            }
            try await bridge(stream, peer, target, script)
        case .status: stream.reset()
        }
    }

    private func bridge(_ stream: Stream, _ peer: PeerID, _ target: PeerID, _ script: Script) async throws {
        let onward = try await host.newStream(to: target, protocols: [Circuit.stopProtocolID])
        let request = StopMessage(.connect, peer: CircuitPeer(peer), limit: script.limit)
        try await onward.writeMessage(script.stop ?? request.encode())
        let answer = try StopMessage(try await onward.readMessage(limit: Circuit.messageBytesMax))
        guard let status = answer.status, status == .ok else {
            let refusal = HopMessage(.status, status: .connectionFailed)
            return try await stream.writeMessage(refusal.encode(), closing: true)
        }
        try await stream.writeMessage(HopMessage(.status, limit: script.limit, status: .ok).encode())
        state.withLock { $0.circuits += [stream, onward] }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (from, to) in [(stream, onward), (onward, stream)] {
                group.addTask {
                    while let bytes = try await from.read() { try await to.write(bytes) }
                    try await to.closeWrite()
                }
            }
            try await group.waitForAll()
        }
    }
}

extension ScriptedRelay {
    /// Its id and addresses, for `setRelays`.
    func address() async throws -> [PeerID: [Multiaddr]] { [host.peer: try await host.bind()] }
}
