import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Libp2p

/// Hosts that meet through a relay on loopback.
@Suite(.timeLimit(.minutes(2))) struct RelayTests {
    static let echo = HostTests.echo

    /// A host that knows ids, and no address of anybody.
    static func member(
        _ number: UInt8, of numbers: [UInt8], listens: Bool = false,
        change: (inout HostConfiguration) -> Void = { _ in }
    ) -> Host {
        let others = numbers.filter { $0 != number }
        let host = makeHost(
            number, listens: listens, peers: Dictionary(uniqueKeysWithValues: others.map { (peer($0), []) })
        ) {
            $0.timing.relayGrace = .seconds(30)
            $0.timing.circuitGoodAfter = .zero
            $0.timing.circuitRetryMax = .milliseconds(100)
            $0.timing.upgradeInterval = .seconds(3600)
            $0.timing.replacedLinger = .milliseconds(50)
            change(&$0)
        }
        HostTests.serveEcho(host)
        return host
    }

    /// Without what a machine under load brings about: answers that come late, dials before `run` has begun.
    static func faults(_ host: Host) -> [PeerFault] {
        let bearable: Set<PeerFault> = [.tooManyPending, .identify, .ping, .handlerTimedOut]
        return host.faults().map(\.fault).filter { !bearable.contains($0) }
    }

    static func exchange(_ from: Host, _ to: PeerID, _ body: [UInt8] = [1, 2, 3]) async throws {
        let stream = try await from.newStream(to: to, protocols: [echo], within: .seconds(30))
        async let sent: Void = stream.writeMessage(body, closing: true)
        #expect(try await stream.readMessage(limit: 1 << 24) == body)
        try await sent
    }

    @Test("two hosts that nobody can dial talk through a relay, with identify, ping and 4 MB each way")
    func circuit() async throws {
        let relay = ScriptedRelay(9)
        let (one, two) = (Self.member(1, of: [1, 2]), Self.member(2, of: [1, 2]))
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            for (host, other) in [(one, two), (two, one)] {
                _ = try await host.first {
                    if case .identified(other.peer, let message) = $0, message.agentVersion != nil { true } else { nil }
                }
                _ = try await host.first { if case .pinged(other.peer, let rtt) = $0 { rtt } else { nil } }
                let status = try #require(await host.status().first { $0.peer == other.peer })
                #expect(status.path == .relayed(through: relay.host.peer))
                #expect(status.links.map(\.isLimited) == [true])
                let relays = await host.relayStatus()
                #expect(relays.map(\.relay) == [relay.host.peer] && relays[0].isConnected)
                #expect(relays[0].circuits == [other.peer])
            }
            var generator = SeededGenerator(seed: 3)
            let body = generator.bytes(4 << 20)
            async let there: Void = Self.exchange(one, two.peer, body)
            async let back: Void = Self.exchange(two, one.peer, body)
            _ = try await (there, back)
            #expect(Self.faults(one).isEmpty && Self.faults(two).isEmpty)
        }
    }

    final class Count: Sendable {
        let bytes = Atomic<Int>(0)
    }

    @Test("a peer that does not read holds its stream back, not the circuit, and we queue little for it")
    func backPressure() async throws {
        let relay = ScriptedRelay(9)
        let (one, two) = (Self.member(1, of: [1, 2]), Self.member(2, of: [1, 2]))
        two.handle("/deaf", timeout: nil) { stream, _ in
            try await stream.write([1])
            try await Task.sleep(for: .seconds(3600))
        }
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            let deaf = try await one.newStream(to: two.peer, protocols: ["/deaf"], within: .seconds(30))
            #expect(try await deaf.read(exactly: 1) == [1])
            let written = Count()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let block = [UInt8](repeating: 0, count: 1 << 16)
                    for _ in 0..<1024 {
                        try await deaf.write(block)
                        written.bytes.add(block.count, ordering: .relaxed)
                    }
                }
                for _ in 0..<20 { try await Self.exchange(one, two.peer, [UInt8](repeating: 7, count: 1 << 16)) }
                let total = written.bytes.load(ordering: .relaxed)
                #expect(total <= Yamux.initialWindow + StreamCore.outboundBytesMax + 1 << 16)
                group.cancelAll()
            }
        }
    }

    // MARK: Who dials

    @Test("the larger id waits, then dials a peer that never does", arguments: [(1, 2), (2, 1)] as [(UInt8, UInt8)])
    func silentPeer(caller: UInt8, silent: UInt8) async throws {
        let relay = ScriptedRelay(9)
        let one = Self.member(caller, of: [1, 2]) { $0.timing.relayGrace = .milliseconds(100) }
        // Lets anybody in, and knows nobody to dial.
        let two = makeHost(silent, listens: false) { $0.isGateOpen = true }
        HostTests.serveEcho(two)
        try await withHosts(relay.host, one, two) {
            await two.setRelays(try await relay.address())
            _ = try await two.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
            await one.setRelays(try await relay.address())
            try await Self.exchange(one, two.peer)
            #expect(await one.status().first { $0.peer == two.peer }?.links.map(\.direction) == [.outbound])
        }
    }

    @Test("dials relays from the listening port, unless told not to", arguments: [true, false])
    func sharedPort(reusesPort: Bool) async throws {
        let relay = ScriptedRelay(9)
        let one = Self.member(1, of: [1, 2], listens: true) { $0.reusesPort = reusesPort }
        try await withHosts(relay.host, one) {
            await one.setRelays(try await relay.address())
            _ = try await one.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
            let seen = await relay.host.status().flatMap(\.links).map(\.address)
            #expect((seen == (try await one.bind())) == reusesPort)
        }
    }

    @Test("a port that is shared with our own dials is not shared with another host")
    func portInUse() async throws {
        let one = Self.member(1, of: [1, 2], listens: true)
        try await withHosts(one) {
            let port = try #require(try await one.bind().first?.endpoint?.port)
            let other = makeHost(3, port: UInt16(port))
            await #expect(throws: ListenError.self) { try await other.bind() }
        }
    }

    @Test("a relay that is not there holds up nobody")
    func deadRelay() async throws {
        let one = Self.member(1, of: [1, 2], listens: true)
        let two = Self.member(2, of: [1, 2], listens: true)
        try await withHosts(one, two) {
            let dead = try [Multiaddr("/ip4/127.0.0.1/tcp/1"), Multiaddr("/ip4/192.0.2.1/tcp/9")]
            for host in [one, two] { await host.setRelays([peer(9): dead]) }
            await one.add(two.peer, addresses: try await two.bind())
            try await Self.exchange(one, two.peer)
            #expect(await one.status().first { $0.peer == two.peer }?.path == .direct)
        }
    }

    // MARK: Reservations

    @Test("a refused reservation is told once in plain words, and asked for again")
    func refusedReservation() async throws {
        let refusal = HopMessage(.status, status: .reservationRefused)
        let relay = ScriptedRelay(9, .init(reservation: refusal))
        let one = Self.member(1, of: [1, 2])
        try await withHosts(relay.host, one) {
            await one.setRelays(try await relay.address())
            var told: [String] = []
            while relay.asked < 4 {
                told += try await one.first { event -> [String]? in
                    switch event {
                    case .reservation(_, .failed(let text)): [text]
                    case .pinged: []
                    default: nil
                    }
                }
            }
            #expect(told == ["the relay is full, or has too many nodes of this network address"])
            #expect(await one.relayStatus().map(\.reservedUntil) == [nil])
            relay.change { $0.reservation = nil }
            _ = try await one.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
        }
    }

    @Test("a relay that restarts is asked again, and circuits come back")
    func relayRestart() async throws {
        let (one, two) = (Self.member(1, of: [1, 2]), Self.member(2, of: [1, 2]))
        try await withHosts(one, two) {
            var port: UInt16 = 0
            for _ in 0..<2 {
                let relay = ScriptedRelay(9, port: port)
                try await withHosts(relay.host) {
                    let address = try await relay.address()
                    port = UInt16(try #require(address.values.first?.first?.endpoint?.port))
                    for host in [one, two] { await host.setRelays(address) }
                    try await Self.exchange(one, two.peer)
                    try await Self.exchange(two, one.peer)
                }
                for (host, other) in [(one, two), (two, one)] {
                    _ = try await host.first { if case .pathChanged(other.peer, nil) = $0 { true } else { nil } }
                }
            }
        }
    }

    @Test("the end of a relay is told; a new key at its address is told too, and the new id is used")
    func relayReplaced() async throws {
        let (one, two) = (Self.member(1, of: [1, 2]), Self.member(2, of: [1, 2]))
        try await withHosts(one, two) {
            let old = ScriptedRelay(9)
            let address = try await withHosts(old.host) {
                for host in [one, two] {
                    await host.setRelays(try await old.address())
                    _ = try await host.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
                }
                try await Self.exchange(one, two.peer)
                return try #require(try await old.host.bind().first)
            }
            for host in [one, two] {
                _ = try await host.first { if case .reservation(old.host.peer, .lost) = $0 { true } else { nil } }
                #expect(await host.relayStatus().map(\.reservedUntil) == [nil])
            }
            let new = ScriptedRelay(8, port: UInt16(try #require(address.endpoint?.port)))
            try await withHosts(new.host) {
                for host in [one, two] {
                    _ = try await host.first { if case .relayReplaced(old.host.peer) = $0 { true } else { nil } }
                    await host.setRelays(try await new.address())
                    _ = try await host.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
                }
                try await Self.exchange(one, two.peer)
                try await Self.exchange(two, one.peer)
            }
        }
    }

    @Test("a circuit that the relay ends is made again")
    func expiry() async throws {
        let relay = ScriptedRelay(9)
        let (one, two) = (Self.member(1, of: [1, 2]), Self.member(2, of: [1, 2]))
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            for _ in 0..<3 {
                try await Self.exchange(one, two.peer)
                _ = try await one.first { if case .identified(two.peer, _) = $0 { true } else { nil } }
                relay.cutCircuits()
                let reason = try await one.first { event in
                    if case .disconnected(two.peer, let reason, true) = event { reason } else { nil }
                }
                #expect(reason == .circuitEnded)
            }
            try await Self.exchange(one, two.peer)
        }
    }

    @Test("a circuit near its limit of bytes is renewed before the relay ends it")
    func renewal() async throws {
        let relay = ScriptedRelay(9, .init(limit: CircuitLimit(duration: 3600, data: 1 << 20)))
        let one = Self.member(1, of: [1, 2]) { $0.timing.relayGrace = .zero }
        // Answers, and dials nobody.
        let two = makeHost(2, listens: false) { $0.isGateOpen = true }
        HostTests.serveEcho(two)
        try await withHosts(relay.host, one, two) {
            await two.setRelays(try await relay.address())
            _ = try await two.first { if case .reservation(_, .granted) = $0 { true } else { nil } }
            await one.setRelays(try await relay.address())
            let old = try await one.newStream(to: two.peer, protocols: [Self.echo], within: .seconds(30))
            try await old.write([1])
            #expect(try await old.read(exactly: 1) == [1])
            _ = try await one.first { if case .identified(two.peer, _) = $0 { true } else { nil } }
            try await Self.exchange(one, two.peer, [UInt8](repeating: 1, count: 1 << 20))
            _ = try await one.first { if case .identified(two.peer, _) = $0 { true } else { nil } }
            let new = try await one.newStream(to: two.peer, protocols: [Self.echo])
            #expect(new.connection !== old.connection && old.connection.isOpen)
            try await old.write([2], closing: true)
            #expect(try await old.read(exactly: 1) == [2])
            try await Self.exchange(one, two.peer)
        }
    }

    @Test(
        "when a limit is nearly used",
        arguments: [
            (nil, nil, 1 << 40, 1 << 40, false), (0, 0, 1 << 40, 1 << 40, false), (3600, nil, 3374, 0, false),
            (3600, nil, 3375, 0, true), (nil, 800, 0, 699, false), (nil, 800, 0, 700, true), (1, nil, 0, 0, false),
            (1, nil, 1, 0, true), (.max, .max, 1 << 31, .max, true),
        ] as [(UInt32?, UInt64?, Int64, UInt64, Bool)])
    func nearlyUsed(duration: UInt32?, data: UInt64?, age: Int64, bytes: UInt64, isNear: Bool) {
        let limit = CircuitLimit(duration: duration, data: data)
        #expect(limit.isNearlyUsed(age: .seconds(age), bytes: bytes) == isNear)
    }

    @Test("a relay taken off the list is cut off and refused")
    func removedRelay() async throws {
        let relay = ScriptedRelay(9)
        let (one, two) = (Self.member(1, of: [1, 2]), Self.member(2, of: [1, 2]))
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            try await Self.exchange(one, two.peer)
            await one.setRelays([:])
            _ = try await one.first { if case .pathChanged(two.peer, nil) = $0 { true } else { nil } }
            #expect(await one.relayStatus().isEmpty)
            #expect(await one.status().map(\.peer) == [two.peer])
        }
    }
}
