import NIOCore
import Testing

@testable import Libp2p

/// A relay, or somebody who plays one, that lies or breaks the protocol.
@Suite(.timeLimit(.minutes(1))) struct HostileRelayTests {
    /// Peers 1 and 2 with a relay that follows the script; both hold a reservation when `body` begins.
    static func withRelay(
        _ script: ScriptedRelay.Script, body: (ScriptedRelay, Host, Host) async throws -> Void
    ) async throws {
        let relay = ScriptedRelay(9, script)
        let one = RelayTests.member(1, of: [1, 2, 3]) { $0.timing.relayGrace = .zero }
        let two = RelayTests.member(2, of: [1, 2, 3])
        try await withHosts(relay.host, one, two) {
            await two.setRelays(try await relay.address())
            _ = try await two.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
            await one.setRelays(try await relay.address())
            try await body(relay, one, two)
        }
    }

    static func count(_ host: Host, _ fault: PeerFault) -> UInt64 {
        host.faults().filter { $0.fault == fault }.map(\.count).reduce(0, +)
    }

    @Test("who comes must be whom the relay named")
    func wrongCaller() async throws {
        let script = ScriptedRelay.Script(stop: StopMessage(.connect, peer: CircuitPeer(peer(3))).encode())
        try await Self.withRelay(script) { relay, one, two in
            // The caller's handshake is done before the other side has read its name.
            let reason = try await one.first { event in
                if case .disconnected(two.peer, let reason, true) = event { reason } else { nil }
            }
            #expect(reason == .circuitEnded)
            #expect(Self.count(two, .handshake) > 0)
            #expect(await two.status().flatMap(\.links).allSatisfy { $0.direction == .outbound })
            // The relay itself is still connected, and an honest circuit works.
            relay.change { $0.stop = nil }
            _ = try await one.first { if case .identified(two.peer, _) = $0 { true } else { nil } }
            try await RelayTests.exchange(one, two.peer)
        }
    }

    @Test("who is reached must be whom we asked for")
    func wrongTarget() async throws {
        let relay = ScriptedRelay(9, .init(target: peer(2)))
        let one = RelayTests.member(1, of: [1, 3]) { $0.timing.relayGrace = .zero }
        let two = makeHost(2, listens: false) { $0.isGateOpen = true }
        try await withHosts(relay.host, one, two) {
            await two.setRelays(try await relay.address())
            _ = try await two.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
            await one.setRelays(try await relay.address())
            let reason = try await one.first { if case .dialFailed(peer(3), let reason) = $0 { reason } else { nil } }
            #expect(reason == .upgrade(.noise(.wrongPeer(peer(2)))))
            #expect(await one.status().first { $0.peer == peer(3) }?.isConnected == false)
        }
    }

    @Test(
        "what is no stop message is counted and answered, and the relay's connection goes on",
        arguments: [
            ([8, 9], CircuitStatus.malformedMessage, PeerFault.circuit), ([0xff], .malformedMessage, .circuit),
            ([8, 0], .malformedMessage, .circuit), ([8, 1, 0x20, 100], .unexpectedMessage, .circuit),
            ([UInt8](repeating: 0, count: 4097), .malformedMessage, .circuit),
            (StopMessage(.connect, peer: CircuitPeer(peer(77))).encode(), .permissionDenied, .refusedByGate),
            (StopMessage(.connect, peer: CircuitPeer(peer(9))).encode(), .permissionDenied, .refusedByGate),
            (StopMessage(.connect, peer: CircuitPeer(peer(2))).encode(), .permissionDenied, .refusedByGate),
        ] as [([UInt8], CircuitStatus, PeerFault)])
    func badStop(bytes: [UInt8], status: CircuitStatus, fault: PeerFault) async throws {
        try await Self.withRelay(.init()) { relay, _, two in
            let stream = try await relay.host.newStream(to: two.peer, protocols: [Circuit.stopProtocolID])
            try await stream.writeMessage(bytes)
            let answer = try StopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
            #expect(answer == StopMessage(.status, status: status))
            #expect(try await stream.read() == nil)
            #expect(Self.count(two, fault) == 1)
            let ping = try await relay.host.newStream(to: two.peer, protocols: [Host.pingProtocolID])
            try await ping.write([UInt8](repeating: 5, count: 32))
            #expect(try await ping.read(exactly: 32).count == 32)
        }
    }

    @Test(
        "what is no hop answer is counted, and asked again",
        arguments: [[8, 0], [8, 2], [0xff], [8, 2, 0x28, 100, 8, 2], [UInt8](repeating: 0, count: 4097)])
    func badHop(bytes: [UInt8]) async throws {
        try await Self.withRelay(.init(connect: bytes)) { relay, one, two in
            _ = try await one.first { if case .dialFailed(two.peer, let reason) = $0 { reason } else { nil } }
            try await CircuitRelayTests.waitUntil {
                one.faults().contains { $0.peer == relay.host.peer && $0.fault == .circuit }
            }
            relay.change { $0.connect = nil }
            try await RelayTests.exchange(one, two.peer)
            #expect(await one.relayStatus().map(\.isConnected) == [true])
        }
    }

    @Test("only relays may bring circuits: an operator that tries is refused")
    func circuitOfOperator() async throws {
        try await withPair { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: [Circuit.stopProtocolID])
            await #expect(throws: StreamError.reset(code: 0)) {
                try await stream.writeMessage(StopMessage(.connect, peer: CircuitPeer(peer(1))).encode())
                _ = try await stream.read()
            }
            #expect(RelayTests.faults(server) == [.circuit])
        }
    }

    @Test("circuits that do not finish their handshake are bounded, for each peer")
    func pendingCircuits() async throws {
        try await Self.withRelay(.init(reservation: nil)) { relay, one, two in
            try await RelayTests.exchange(one, two.peer)
            var held: [Stream] = []
            var answers: [CircuitStatus?] = []
            for _ in 0..<6 {
                let stream = try await relay.host.newStream(to: two.peer, protocols: [Circuit.stopProtocolID])
                try await stream.writeMessage(StopMessage(.connect, peer: CircuitPeer(peer(3))).encode())
                answers.append(try StopMessage(try await stream.readMessage(limit: 4096)).status)
                held.append(stream)
            }
            #expect(answers == [.ok, .ok, .ok, .ok, .resourceLimitExceeded, .resourceLimitExceeded])
            #expect(Self.count(two, .tooManyPending) == 2)
            for stream in held { stream.reset() }
        }
    }

    @Test("a relay that brings nobody but names many does not keep others out through another relay")
    func silentLiar() async throws {
        let numbers: [UInt8] = Array(1...12)
        let (liar, relay) = (ScriptedRelay(20), ScriptedRelay(21))
        // None of those that hold a place gives it up by itself.
        let two = RelayTests.member(2, of: numbers) { $0.timing.handshakeTimeout = .seconds(600) }
        let one = RelayTests.member(1, of: numbers) { $0.timing.relayGrace = .zero }
        try await withHosts(liar.host, relay.host, two, one) {
            await two.setRelays(try await liar.address().merging(try await relay.address()) { one, _ in one })
            for _ in 0..<2 { _ = try await two.first { if case .reservation(_, .granted) = $0 { true } else { nil } } }
            var held: [Libp2p.Stream] = []
            var taken = 0
            // First in the name of the one that will come, then of all others.
            for number in [1] + numbers.filter({ $0 > 2 }) {
                for _ in 0..<4 {
                    let stream = try await liar.host.newStream(to: two.peer, protocols: [Circuit.stopProtocolID])
                    try await stream.writeMessage(StopMessage(.connect, peer: CircuitPeer(peer(number))).encode())
                    taken += try StopMessage(try await stream.readMessage(limit: 4096)).status == .ok ? 1 : 0
                    held.append(stream)
                }
            }
            #expect(taken == 32 && Self.count(two, .tooManyPending) == 12)
            await one.setRelays(try await relay.address())
            try await RelayTests.exchange(one, two.peer)
            for stream in held { stream.reset() }
        }
    }
}
