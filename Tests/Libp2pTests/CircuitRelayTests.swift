import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Libp2p

/// A relay host, and clients that speak its protocol by hand. `RelayLedgerTests` has the rules.
@Suite(.timeLimit(.minutes(1))) struct CircuitRelayTests {
    static let relayPeer = peer(9)
    static let address = Multiaddr([.ip4(0xc000_0201), .tcp(3610)])

    /// A relay with the gate open.
    struct Relay: Sendable {
        let host: Host
        let circuits: CircuitRelay
    }

    static func makeRelay(
        change: (inout CircuitRelay.Configuration) -> Void = { _ in }, now: @escaping @Sendable () -> UInt64 = { 1000 }
    ) -> Relay {
        let host = makeHost(9) { $0.isGateOpen = true }
        var configuration = CircuitRelay.Configuration()
        change(&configuration)
        let circuits = CircuitRelay(
            on: host, configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: now
        ) { [Self.address] }
        circuits.serve()
        return Relay(host: host, circuits: circuits)
    }

    /// Two clients on a relay.
    static func withRelay<R: Sendable>(
        _ relay: Relay = makeRelay(), onStop: @escaping Host.Handler = { stream, _ in stream.reset() },
        body: (Relay, Host, Host) async throws -> R
    ) async throws -> R {
        let clients = [UInt8(1), 2].map { makeHost($0, listens: false) }
        for client in clients { client.handle(Circuit.stopProtocolID, timeout: nil, onStop) }
        return try await withHosts(relay.host, clients[0], clients[1]) {
            for client in clients { await client.add(relay.host.peer, addresses: try await relay.host.bind()) }
            return try await body(relay, clients[0], clients[1])
        }
    }

    @discardableResult
    static func ask(_ client: Host, _ message: HopMessage) async throws -> (answer: HopMessage, stream: Libp2p.Stream) {
        try await ask(client, message.encode())
    }

    static func ask(_ client: Host, _ bytes: [UInt8]) async throws -> (answer: HopMessage, stream: Libp2p.Stream) {
        let stream = try await client.newStream(to: relayPeer, protocols: [Circuit.hopProtocolID])
        try await stream.writeMessage(bytes)
        return (try HopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax)), stream)
    }

    /// Accepts a circuit as `from`, then echoes.
    static func echo(acceptingFrom source: PeerID) -> Host.Handler {
        { stream, _ in
            let ask = try StopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
            #expect(ask == StopMessage(.connect, peer: CircuitPeer(source), limit: ask.limit))
            try await stream.writeMessage(StopMessage(.status, status: .ok).encode())
            while let bytes = try await stream.read() { try await stream.write(bytes) }
            // An end arrives, and is answered with more before ours.
            try await stream.write(Array("end".utf8), closing: true)
        }
    }

    static func waitUntil(_ isTrue: () -> Bool) async throws {
        while !isTrue() { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test("a reservation is answered with its end, the relay's addresses, its limits and a voucher that verifies")
    func reserve() async throws {
        try await Self.withRelay { relay, client, _ in
            let (answer, stream) = try await Self.ask(client, HopMessage(.reserve))
            #expect(answer.kind == .status && answer.status == .ok)
            #expect(answer.limit == CircuitLimit(duration: 3600, data: 32 << 20))
            let reservation = try #require(answer.reservation)
            #expect(reservation.expire == 4600)
            #expect(reservation.addresses == [Self.address.appending(.p2p(Self.relayPeer))])
            let voucher = try ReservationVoucher(sealed: try #require(reservation.voucher))
            #expect(voucher == ReservationVoucher(relay: Self.relayPeer, peer: client.peer, expiration: 4600))
            // One request per stream.
            #expect(try await stream.read() == nil)
            #expect(relay.circuits.statistics().reservations == 1)
        }
    }

    @Test("asked again on the same connection, a relay prolongs the reservation and writes a new voucher for it")
    func reserveAgain() async throws {
        let clock = Atomic<UInt64>(1000)
        let relay = Self.makeRelay(now: { clock.load(ordering: .relaxed) })
        try await Self.withRelay(relay) { relay, client, _ in
            var vouchers: [[UInt8]] = []
            for now: UInt64 in [1000, 1010] {
                clock.store(now, ordering: .relaxed)
                let reservation = try #require(try await Self.ask(client, HopMessage(.reserve)).answer.reservation)
                #expect(reservation.expire == now + 3600)
                let sealed = try #require(reservation.voucher)
                #expect(try ReservationVoucher(sealed: sealed).expiration == reservation.expire)
                vouchers.append(Array(sealed))
            }
            #expect(vouchers[0] != vouchers[1])
            #expect(await client.status().first { $0.peer == Self.relayPeer }?.links.count == 1)
            #expect(relay.circuits.statistics().reservations == 1)
        }
    }

    @Test("bytes go both ways through a circuit, an end of one side does not end the other")
    func circuit() async throws {
        try await Self.withRelay(onStop: Self.echo(acceptingFrom: peer(1))) { relay, source, target in
            try await Self.ask(target, HopMessage(.reserve))
            let (answer, stream) = try await Self.ask(source, HopMessage(.connect, peer: CircuitPeer(target.peer)))
            #expect(answer == HopMessage(.status, limit: answer.limit, status: .ok))
            var generator = SeededGenerator(seed: 3)
            let block = generator.bytes(65_536)
            async let sent: Void = {
                for _ in 0..<32 { try await stream.write(block) }
                try await stream.closeWrite()
            }()
            for _ in 0..<32 { #expect(try await stream.read(exactly: block.count) == block) }
            #expect(try await stream.read(exactly: 3) == Array("end".utf8))
            #expect(try await stream.read() == nil)
            try await sent
            try await Self.waitUntil { relay.circuits.statistics().circuits == 0 }
            let statistics = relay.circuits.statistics()
            #expect(statistics.circuitsOpened == 1 && statistics.circuitsCut == 0)
            #expect(statistics.bytesRelayed == UInt64(2 * 32 * block.count + 3))
            #expect(relay.host.faults().isEmpty)
        }
    }

    @Test("a circuit is cut when more than its data comes, all of which has passed", arguments: [0, 1])
    func dataLimit(extra: Int) async throws {
        let received = Mutex(0)
        let relay = Self.makeRelay { $0.limits.circuitBytesMax = 200_000 }
        try await Self.withRelay(
            relay,
            onStop: { stream, _ in
                _ = try await stream.readMessage(limit: Circuit.messageBytesMax)
                try await stream.writeMessage(StopMessage(.status, status: .ok).encode())
                while let bytes = try await stream.read() { received.withLock { $0 += bytes.readableBytes } }
                try await stream.write([1])
            },
            body: { relay, source, target in
                try await Self.ask(target, HopMessage(.reserve))
                let (_, stream) = try await Self.ask(source, HopMessage(.connect, peer: CircuitPeer(target.peer)))
                try await stream.write([UInt8](repeating: 7, count: 200_000 + extra))
                try await stream.closeWrite()
                if extra == 0 {
                    #expect(try await stream.read(exactly: 1) == [1])
                    #expect(received.withLock { $0 } == 200_000)
                } else {
                    await #expect(throws: StreamError.reset(code: 0)) { try await stream.read() }
                }
                try await Self.waitUntil { relay.circuits.statistics().circuits == 0 }
                #expect(relay.circuits.statistics().circuitsCut == UInt64(extra))
            })
    }

    @Test("a circuit is cut when its time is over")
    func timeLimit() async throws {
        let relay = Self.makeRelay { $0.limits.circuitSeconds = 1 }
        try await Self.withRelay(relay, onStop: Self.echo(acceptingFrom: peer(1))) { relay, source, target in
            try await Self.ask(target, HopMessage(.reserve))
            let (answer, stream) = try await Self.ask(source, HopMessage(.connect, peer: CircuitPeer(target.peer)))
            #expect(answer.limit?.duration == 1)
            await #expect(throws: StreamError.reset(code: 0)) { try await stream.read() }
            #expect(relay.circuits.statistics().circuitsCut == 1)
        }
    }

    @Test("a reset of one side resets the other")
    func reset() async throws {
        let targetEnded = AsyncStream.makeStream(of: StreamError?.self)
        try await Self.withRelay(
            onStop: { stream, _ in
                _ = try await stream.readMessage(limit: Circuit.messageBytesMax)
                try await stream.writeMessage(StopMessage(.status, status: .ok).encode())
                do { while try await stream.read() != nil {} } catch {
                    targetEnded.continuation.yield(error as? StreamError)
                }
            },
            body: { relay, source, target in
                try await Self.ask(target, HopMessage(.reserve))
                let (_, stream) = try await Self.ask(source, HopMessage(.connect, peer: CircuitPeer(target.peer)))
                stream.reset()
                for await error in targetEnded.stream {
                    #expect(error == .reset(code: 0))
                    break
                }
                try await Self.waitUntil { relay.circuits.statistics().circuits == 0 }
            })
    }

    static let broken: [[UInt8]] = [
        [], [0xff], [0x08, 0x07], HopMessage(.connect).encode(), [0x08, 0x01, 0x12, 0x02, 0x0a, 0x00],
        [UInt8](repeating: 0, count: Circuit.messageBytesMax + 1),
    ]

    @Test("what is no request is answered with MALFORMED_MESSAGE", arguments: broken.indices)
    func malformed(row: Int) async throws {
        let bytes = Self.broken[row]
        try await Self.withRelay { _, client, _ in
            let (answer, _) = try await Self.ask(client, bytes)
            #expect(answer == HopMessage(.status, status: .malformedMessage))
        }
    }

    @Test("a status is no request, nobody is reached without a reservation, and each refusal is counted")
    func refusals() async throws {
        try await Self.withRelay { relay, source, target in
            let connect = HopMessage(.connect, peer: CircuitPeer(target.peer))
            #expect(try await Self.ask(source, HopMessage(.status, status: .ok)).answer.status == .unexpectedMessage)
            #expect(try await Self.ask(source, connect).answer.status == .noReservation)
            try await Self.ask(target, HopMessage(.reserve))
            // The target resets the stop stream.
            #expect(try await Self.ask(source, connect).answer.status == .connectionFailed)
            let own = HopMessage(.connect, peer: CircuitPeer(source.peer))
            #expect(try await Self.ask(source, own).answer.status == .permissionDenied)
            #expect(
                relay.circuits.statistics().refused == [
                    .unexpectedMessage: 1, .noReservation: 1, .connectionFailed: 1, .permissionDenied: 1,
                ])
            #expect(relay.circuits.statistics().circuits == 0)
        }
    }

    @Test("a target that says anything but ok makes the connection fail", arguments: [true, false])
    func stopRefused(answers: Bool) async throws {
        try await Self.withRelay(
            onStop: { stream, _ in
                _ = try await stream.readMessage(limit: Circuit.messageBytesMax)
                let answer = answers ? StopMessage(.status, status: .permissionDenied) : StopMessage(.connect)
                try await stream.writeMessage(answer.encode())
                while try await stream.read() != nil {}
            },
            body: { _, source, target in
                try await Self.ask(target, HopMessage(.reserve))
                let connect = HopMessage(.connect, peer: CircuitPeer(target.peer))
                #expect(try await Self.ask(source, connect).answer.status == .connectionFailed)
            })
    }

    @Test("a target that never answers holds its circuit no longer than the time allowed")
    func stopSilent() async throws {
        let relay = Self.makeRelay { $0.stopTimeout = .milliseconds(100) }
        try await Self.withRelay(
            relay, onStop: { stream, _ in while try await stream.read() != nil {} },
            body: { relay, source, target in
                try await Self.ask(target, HopMessage(.reserve))
                let connect = HopMessage(.connect, peer: CircuitPeer(target.peer))
                #expect(try await Self.ask(source, connect).answer.status == .connectionFailed)
                #expect(relay.circuits.statistics().circuits == 0)
            })
    }

    @Test("a reservation dies with the connection")
    func disconnected() async throws {
        try await Self.withRelay { relay, source, target in
            try await Self.ask(target, HopMessage(.reserve))
            await target.remove(Self.relayPeer)
            try await Self.waitUntil { relay.circuits.statistics().reservations == 0 }
            let connect = HopMessage(.connect, peer: CircuitPeer(target.peer))
            #expect(try await Self.ask(source, connect).answer.status == .noReservation)
        }
    }

    @Test("requests that never come are bounded by count and time, and leave nothing behind")
    func slowRequests() async throws {
        let relay = Self.makeRelay {
            $0.waitingPerPeerMax = 4
            $0.requestTimeout = .milliseconds(200)
        }
        try await Self.withRelay(relay) { relay, client, _ in
            var streams: [Libp2p.Stream] = []
            for _ in 0..<8 {
                let stream = try await client.newStream(to: Self.relayPeer, protocols: [Circuit.hopProtocolID])
                // A length, and nothing of the message. It may be refused before that.
                try? await stream.write([100])
                streams.append(stream)
            }
            for stream in streams { await #expect(throws: StreamError.reset(code: 0)) { try await stream.read() } }
            #expect(try await Self.ask(client, HopMessage(.reserve)).answer.status == .ok)
            #expect(relay.circuits.statistics().circuits == 0)
        }
    }
}
