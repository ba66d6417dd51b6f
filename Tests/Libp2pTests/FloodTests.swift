import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Libp2p

/// Too much of everything, from peers that may talk to us and from strangers: bounded, and over when they are gone.
/// Peak memory under the same floods is measured by `styx-benchmarks --filter flood`.
///
/// Without other tests, which would miss their time limits beside them: Scripts/test runs them last, by themselves.
@Suite(
    .serialized, .timeLimit(.minutes(5)),
    .enabled(if: ProcessInfo.processInfo.environment["STYX_FLOOD"] != nil, "Scripts/test runs them last, by themselves")
)
struct FloodTests {
    static let echo = "/styx/test/echo/1"

    /// Sockets of this process and others with an end at this port, TIME_WAIT left out.
    static func sockets(at port: Int) throws -> Int {
        let suffix = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        return try String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8).split(separator: "\n").dropFirst()
            .map { $0.split(separator: " ") }
            .filter { ($0[1].hasSuffix(suffix) || $0[2].hasSuffix(suffix)) && $0[9] != "0" }.count
    }

    static func waitUntil(_ isTrue: () async throws -> Bool) async throws {
        while !(try await isTrue()) { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("24 peers with 1000 streams each are served at once, and leave no socket and no task")
    func manyStreams() async throws {
        let (peers, each) = (24, 1000)
        let server = makeHost(200, peers: Dictionary(uniqueKeysWithValues: (1...24).map { (peer($0), []) })) {
            $0.limits.handlingsMax = peers * each + 1000
            // As Charon's peers do: once a second, not twenty times.
            $0.timing = .init()
            $0.timing.pingInterval = .seconds(60)
        }
        let open = Tally()
        server.handle(Self.echo, timeout: nil, concurrentPerPeer: each) { stream, _ in
            open.add(1)
            while let bytes = try await stream.read() { try await stream.write(bytes) }
            open.add(-1)
        }
        try await withHosts(server) {
            let address = try #require(try await server.bind().first)
            let port = try #require(address.endpoint?.port)
            let idle = try Self.sockets(at: port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...UInt8(peers) {
                    group.addTask {
                        let client = makeHost(number, listens: false, peers: [server.peer: [address]]) {
                            $0.timing.pingInterval = .seconds(60)
                        }
                        try await withHosts(client) {
                            var streams: [Libp2p.Stream] = []
                            for index in 0..<each {
                                let stream = try await client.newStream(
                                    to: server.peer, protocols: [Self.echo], within: .seconds(60))
                                try await stream.write([number, UInt8(index & 0xff)])
                                #expect(try await stream.read(exactly: 2) == [number, UInt8(index & 0xff)])
                                streams.append(stream)
                            }
                            // Everybody is there before anybody leaves: all are open at once.
                            while open.peak < peers * each { try await Task.sleep(for: .milliseconds(5)) }
                            for stream in streams { stream.close() }
                            while open.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await Self.waitUntil { server.handlingsCount == 0 }
            try await Self.waitUntil { try Self.sockets(at: port) == idle }
            // A socket is closed before its connection is.
            try await Self.waitUntil { await server.status().allSatisfy { !$0.isConnected } }
            #expect(server.faults().isEmpty)
        }
    }

    @Test("sockets that never finish their handshake are few, and closed in time; a peer gets in meanwhile")
    func slowHandshakes() async throws {
        let server = makeHost(2, peers: [peer(1): []]) {
            $0.timing.handshakeTimeout = .milliseconds(500)
            $0.limits.pendingInboundMax = 8
        }
        try await withHosts(server) {
            let address = try #require(try await server.bind().first)
            let endpoint = try #require(address.endpoint)
            let idle = try Self.sockets(at: endpoint.port)
            var channels: [any Channel] = []
            for _ in 0..<64 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: endpoint.host, port: endpoint.port).get()
                // The first byte of a header, and no more.
                channel.writeAndFlush(ByteBuffer(bytes: [0x13]), promise: nil)
                channels.append(channel)
            }
            let client = makeHost(1, listens: false, peers: [server.peer: [address]])
            try await withHosts(client) {
                _ = try await client.connection(to: server.peer, within: .seconds(10))
            }
            for channel in channels { try await channel.closeFuture.get() }
            try await Self.waitUntil { try Self.sockets(at: endpoint.port) == idle }
            #expect(server.faults().contains { $0.fault == .tooManyPending && $0.count >= 56 - 8 })
        }
    }

    @Test("a ping flood is answered as far as it is read, and ends nothing")
    func pingFlood() async throws {
        let pings = (0..<50_000).flatMap { YamuxTests.frame(.ping, .syn, 0, UInt32($0)) }
        let result = try await HostilePeerTests.attack(pings + YamuxTests.frame(.goAway, 0, 0))
        let pongs = result.answer.count / 12
        #expect(pongs > 0 && pongs <= 50_100)
        #expect(!result.faults.contains { $0.fault == .frame })
    }

    @Test("streams beyond the limit are refused one by one, and counted")
    func streamFlood() async throws {
        // Odd ids: ours as the dialer.
        let opens = (0..<2000).flatMap { YamuxTests.frame(.windowUpdate, .syn, UInt32(2 * $0 + 1), 0) }
        let result = try await HostilePeerTests.attack(opens + YamuxTests.frame(.goAway, 0, 0))
        let refused = result.faults.first { $0.fault == .tooManyStreams }?.count ?? 0
        #expect(refused >= 2000 - 1024)
    }

    @Test(
        "what is too long ends that connection",
        arguments: [
            YamuxTests.frame(.data, .syn, 1, .max), YamuxTests.frame(.data, 1, (16 << 20) + 1),
            YamuxTests.frame(.goAway, 1, 0),
        ])
    func oversized(frame: [UInt8]) async throws {
        let result = try await HostilePeerTests.attack(frame)
        #expect(result.answer.suffix(12) == HostilePeerTests.goAway[...])
        #expect(result.faults.contains { $0.fault == .frame })
    }

    @Test("peers that fill every window are held to the limit of their connection")
    func unreadWindows() async throws {
        let result = try await withPair(
            configureServer: { server in
                server.handle(Self.echo, timeout: nil, concurrentPerPeer: 64) { stream, _ in
                    // Reads nothing.
                    try await Task.sleep(for: .seconds(3600))
                }
            },
            change: {
                $0.limits.yamux.unreadMax = 1 << 20
                $0.timing.pingInterval = .seconds(60)
            },
            body: { client, server in
                let block = [UInt8](repeating: 1, count: 200_000)
                var streams: [Libp2p.Stream] = []
                for _ in 0..<32 {
                    let stream = try await client.newStream(to: server.peer, protocols: [Self.echo])
                    try? await stream.write(block)
                    streams.append(stream)
                }
                try await Self.waitUntil { server.faults().contains { $0.fault == .unreadBytes && $0.count >= 20 } }
                return server.faults()
            })
        #expect(!result.contains { $0.fault == .frame })
    }

    // MARK: At a relay

    @Test("a flood of reservations from one address stops at the limit, and leaves nothing")
    func reservations() async throws {
        let relay = CircuitRelayTests.makeRelay { $0.limits.reservationsPerAddressMax = 20 }
        try await withHosts(relay.host) {
            let address = try #require(try await relay.host.bind().first)
            let statuses = try await withThrowingTaskGroup(of: CircuitStatus?.self) { group in
                let asked = Tally()
                for number in UInt8(10)..<70 {
                    group.addTask {
                        let client = makeHost(number, listens: false) {
                            $0.timing.pingInterval = .seconds(60)
                        }
                        return try await withHosts(client) {
                            await client.add(relay.host.peer, addresses: [address])
                            let stream = try await client.newStream(
                                to: relay.host.peer, protocols: [Circuit.hopProtocolID], within: .seconds(30))
                            try await stream.writeMessage(HopMessage(.reserve).encode())
                            let answer = try HopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
                            // Nobody leaves, and makes room, before all have asked.
                            asked.add(1)
                            while asked.count < 60 { try await Task.sleep(for: .milliseconds(5)) }
                            return answer.status
                        }
                    }
                }
                return try await group.reduce(into: [CircuitStatus: Int]()) { $0[$1 ?? .ok, default: 0] += 1 }
            }
            #expect(statuses == [.ok: 20, .reservationRefused: 40])
            try await Self.waitUntil { relay.circuits.statistics().reservations == 0 }
            try await Self.waitUntil { relay.host.handlingsCount == 0 }
        }
    }

    @Test("a flood of circuits that nobody takes stops at the limit, and leaves nothing")
    func circuits() async throws {
        let relay = CircuitRelayTests.makeRelay {
            $0.limits.circuitsPerPeerMax = 16
            $0.stopTimeout = .milliseconds(500)
        }
        try await CircuitRelayTests.withRelay(
            relay, onStop: { stream, _ in while try await stream.read() != nil {} },
            body: { relay, source, target in
                try await CircuitRelayTests.ask(target, HopMessage(.reserve))
                let connect = HopMessage(.connect, peer: CircuitPeer(target.peer)).encode()
                let statuses = try await withThrowingTaskGroup(of: CircuitStatus?.self) { group in
                    // Fewer than may wait for their request to be read.
                    for _ in 0..<30 {
                        group.addTask { try await CircuitRelayTests.ask(source, connect).answer.status }
                    }
                    return try await group.reduce(into: [CircuitStatus: Int]()) { $0[$1 ?? .ok, default: 0] += 1 }
                }
                // Those that came after a time-out had room again.
                #expect(statuses[.connectionFailed, default: 0] >= 16)
                #expect(statuses.keys.allSatisfy { $0 == .connectionFailed || $0 == .resourceLimitExceeded })
                #expect(relay.circuits.statistics().circuits == 0)
                try await Self.waitUntil { relay.host.handlingsCount == 0 }
            })
    }
}

/// A number that tasks share.
private final class Tally: Sendable {
    private let value = Mutex((count: 0, peak: 0))
    var count: Int { value.withLock { $0.count } }
    /// The most there ever was: who looks seldom does not miss it.
    var peak: Int { value.withLock { $0.peak } }
    func add(_ change: Int) {
        value.withLock {
            $0.count += change
            $0.peak = max($0.peak, $0.count)
        }
    }
}

extension String {
    fileprivate func leftPadded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - self.count)) + self
    }
}
