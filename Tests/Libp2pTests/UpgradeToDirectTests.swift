import NIOCore
import Testing

@testable import Libp2p

/// From circuits to direct connections.
@Suite(.timeLimit(.minutes(2))) struct UpgradeToDirectTests {
    /// Follows the paths of a host's peers until all are as they should be.
    static func wait(_ host: Host, _ paths: inout [PeerID: ConnectionPath], for expected: [PeerID: ConnectionPath])
        async throws
    {
        var now = paths
        if now != expected {
            _ = try await host.first { event in
                if case .pathChanged(let peer, let path) = event { now[peer] = path }
                return now == expected ? true : nil
            }
        }
        paths = now
    }

    @Test("four hosts that know only a relay become a full mesh, and outlive the relay", arguments: [4, 2])
    func mesh(listening: Int) async throws {
        let numbers: [UInt8] = [1, 2, 3, 4]
        let hosts = numbers.enumerated().map { index, number in
            RelayTests.member(number, of: numbers, listens: index < listening)
        }
        try await withHosts(hosts[0], hosts[1], hosts[2], hosts[3]) {
            let relay = CircuitRelayTests.makeRelay()
            try await withHosts(relay.host) {
                for host in hosts { await host.setRelays([relay.host.peer: try await relay.host.bind()]) }
                for (index, host) in hosts.enumerated() {
                    var paths: [PeerID: ConnectionPath] = [:]
                    var expected: [PeerID: ConnectionPath] = [:]
                    for (other, to) in hosts.enumerated() where other != index {
                        // One of the two has to be reachable.
                        let isDirect = index < listening || other < listening
                        expected[to.peer] = isDirect ? .direct : .relayed(through: relay.host.peer)
                    }
                    try await Self.wait(host, &paths, for: expected)
                }
                for from in hosts {
                    for to in hosts where to.peer != from.peer { try await RelayTests.exchange(from, to.peer) }
                }
            }
            for (index, from) in hosts.enumerated() {
                for (other, to) in hosts.enumerated() where other != index && (index < listening || other < listening) {
                    try await RelayTests.exchange(from, to.peer)
                }
            }
        }
    }

    @Test("new streams take the direct way, one that runs on the circuit goes on, and then the circuit is closed")
    func migration() async throws {
        let relay = ScriptedRelay(9)
        let one = RelayTests.member(1, of: [1, 2])
        let two = RelayTests.member(2, of: [1, 2], listens: true)
        // Its addresses come later.
        two.handle(Identify.protocolID) { stream, _ in
            var message = Identify()
            message.protocols = [Identify.protocolID, Host.pingProtocolID, HostTests.echo]
            try await stream.writeMessage(message.encode(), closing: true)
        }
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            let old = try await one.newStream(to: two.peer, protocols: [HostTests.echo], within: .seconds(30))
            try await old.write([1])
            #expect(try await old.read(exactly: 1) == [1])
            #expect(old.connection.path == .relayed(through: relay.host.peer))

            await one.add(two.peer, addresses: try await two.bind())
            _ = try await one.first { if case .pathChanged(two.peer, .direct) = $0 { true } else { nil } }
            let new = try await one.newStream(to: two.peer, protocols: [HostTests.echo])
            #expect(new.connection.path == .direct)
            // Longer than the linger: a few pings.
            for _ in 0..<4 { _ = try await one.first { if case .pinged(two.peer, _) = $0 { true } else { nil } } }
            try await old.write([2], closing: true)
            #expect(try await old.read(exactly: 1) == [2])
            #expect(try await old.read() == nil)
            let reason = try await one.first { event in
                if case .disconnected(two.peer, let reason, false) = event { reason } else { nil }
            }
            #expect([.replaced, .wentAway(code: 0), .circuitEnded].contains(reason))
            try await RelayTests.exchange(one, two.peer)
        }
    }

    /// Neither learns the other's addresses from identify.
    static func secretive(_ number: UInt8, listens: Bool = true) -> Host {
        let host = RelayTests.member(number, of: [1, 2], listens: listens)
        host.handle(Identify.protocolID) { stream, _ in
            var message = Identify()
            message.protocols = [Identify.protocolID, Host.pingProtocolID, HostTests.echo, HolePunch.protocolID]
            try await stream.writeMessage(message.encode(), closing: true)
        }
        return host
    }

    @Test("peers that cannot be dialed by what they told agree on a moment to dial each other")
    func holePunch() async throws {
        let relay = ScriptedRelay(9)
        let (one, two) = (Self.secretive(1), Self.secretive(2))
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            for (host, other) in [(one, two), (two, one)] {
                _ = try await host.first { if case .pathChanged(other.peer, .direct) = $0 { true } else { nil } }
            }
            try await RelayTests.exchange(one, two.peer)
            for host in [one, two] { #expect(RelayTests.faults(host) == []) }
        }
    }

    @Test(
        "what is no hole punch is counted, ends that stream, and changes nothing else",
        arguments: [[8, 99], [8, 100, 0x10, 0], HolePunch(.sync).encode(), [UInt8](repeating: 0, count: 4097)])
    func badPunch(bytes: [UInt8]) async throws {
        let relay = ScriptedRelay(9)
        let (one, two) = (RelayTests.member(1, of: [1, 2]), RelayTests.member(2, of: [1, 2]))
        try await withHosts(relay.host, one, two) {
            for host in [one, two] { await host.setRelays(try await relay.address()) }
            let stream = try await one.newStream(to: two.peer, protocols: [HolePunch.protocolID], within: .seconds(30))
            await #expect(throws: StreamError.reset(code: 0)) {
                try await stream.writeMessage(bytes)
                _ = try await stream.read()
            }
            let fault = PeerFaultCount(peer: one.peer, fault: .holePunch, count: 1)
            try await CircuitRelayTests.waitUntil { two.faults().contains(fault) }
            #expect(RelayTests.faults(two) == [.holePunch])
            try await RelayTests.exchange(one, two.peer)
        }
    }

    @Test("a hole punch on a direct connection is refused")
    func punchOnDirect() async throws {
        try await withPair { client, server in
            let stream = try await client.newStream(to: server.peer, protocols: [HolePunch.protocolID])
            await #expect(throws: StreamError.reset(code: 0)) {
                try await stream.writeMessage(HolePunch(.connect).encode())
                _ = try await stream.read()
            }
            #expect(RelayTests.faults(server) == [.holePunch])
        }
    }
}
