import Logging
import NIOCore
import TestSupport
import Testing

@testable import Libp2p

/// Hosts that meet through a relay on loopback.
@Suite(.timeLimit(.minutes(1))) struct RelayTests {
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
            $0.timing.relayGrace = .milliseconds(200)
            $0.timing.circuitRetryMax = .milliseconds(100)
            $0.timing.upgradeInterval = .seconds(3600)
            change(&$0)
        }
        HostTests.serveEcho(host)
        return host
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
            }
            var generator = SeededGenerator(seed: 3)
            let body = generator.bytes(4 << 20)
            async let there: Void = Self.exchange(one, two.peer, body)
            async let back: Void = Self.exchange(two, one.peer, body)
            _ = try await (there, back)
            #expect(one.faults().isEmpty && two.faults().isEmpty)
        }
    }
}
