import NIOCore
import TestSupport
import Testing

@testable import Libp2p

/// Our relay between py-libp2p hosts, and between one of them and ours; 1 MB there and back each time.
/// `STYX_PYLIBP2P` names a python interpreter with `libp2p==0.8.1`.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: Python.interpreter != nil, "set STYX_PYLIBP2P"))
struct RelayInteropTests {
    static let reserving: UInt8 = 10
    static let dialing: UInt8 = 11

    @Test("py-libp2p reserves on our relay, and py-libp2p reaches it there")
    func between() async throws {
        let relay = CircuitRelayTests.makeRelay()
        try await withHosts(relay.host) {
            let address = try #require(try await relay.host.bind().first).appending(.p2p(relay.host.peer))
            let target = try Python("reserve", Self.reserving, ["\(address)"])
            defer { target.stop() }
            #expect(try await target.line() == "RESERVED")
            #expect(relay.circuits.statistics().reservations == 1)
            #expect(try await Python.run("through", Self.dialing, "\(address)", "\(peer(Self.reserving))") == "OK")
            #expect(relay.circuits.statistics().circuitsOpened == 1)
            #expect(relay.circuits.statistics().refused.isEmpty)
        }
    }

    @Test("our host reaches py-libp2p through our relay")
    func outbound() async throws {
        let relay = CircuitRelayTests.makeRelay()
        let client = InteropTests.host(peers: [peer(Self.reserving)])
        try await withHosts(relay.host, client) {
            let address = try #require(try await relay.host.bind().first)
            let python = try Python("reserve", Self.reserving, ["\(address.appending(.p2p(relay.host.peer)))"])
            defer { python.stop() }
            #expect(try await python.line() == "RESERVED")
            await client.setRelays([relay.host.peer: [address]])
            let stream = try await client.newStream(
                to: peer(Self.reserving), protocols: [InteropTests.echo], within: .seconds(30))
            #expect(stream.connection.path == .relayed(through: relay.host.peer))
            var generator = SeededGenerator(seed: 6)
            let block = generator.bytes(65_536)
            async let sent: Void = {
                for _ in 0..<16 { try await stream.write(block) }
                try await stream.closeWrite()
            }()
            for _ in 0..<16 { #expect(try await stream.read(exactly: block.count) == block) }
            #expect(try await stream.read() == nil)
            try await sent
        }
    }

    @Test("py-libp2p reaches our host, which reserved on our relay")
    func inbound() async throws {
        let relay = CircuitRelayTests.makeRelay()
        let client = InteropTests.host(peers: [peer(Self.dialing)])
        try await withHosts(relay.host, client) {
            let address = try #require(try await relay.host.bind().first)
            await client.setRelays([relay.host.peer: [address]])
            try await CircuitRelayTests.waitUntil { relay.circuits.statistics().reservations == 1 }
            let result = try await Python.run(
                "through", Self.dialing, "\(address.appending(.p2p(relay.host.peer)))", "\(client.peer)")
            #expect(result == "OK")
        }
    }
}
