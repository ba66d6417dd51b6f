import NIOCore
import TestSupport
import Testing

@testable import Libp2p

/// Against py-libp2p, an implementation that shares nothing with ours. `STYX_PYLIBP2P` names a python interpreter
/// with `libp2p==0.8.1`; without it the suite is shown as disabled.
@Suite(.serialized, .timeLimit(.minutes(4)), .enabled(if: Python.interpreter != nil, "set STYX_PYLIBP2P"))
struct InteropTests {
    static let echo = "/styx/interop/echo/1"
    static let pythonKey: UInt8 = 9

    static func host(peers: [PeerID]) -> Host {
        let host = makeHost(1, peers: Dictionary(uniqueKeysWithValues: peers.map { ($0, []) })) {
            $0.agentVersion = "styx-interop"
        }
        host.handle(echo, timeout: nil) { stream, _ in
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
        return host
    }

    @Test("py-libp2p dials us: noise, yamux, identify, ping, 10 MB there and back")
    func inbound() async throws {
        let host = Self.host(peers: [peer(Self.pythonKey)])
        try await withHosts(host) {
            let address = try #require(try await host.bind().first).appending(.p2p(host.peer))
            let result = try await Python.run("dial", Self.pythonKey, "\(address)")
            #expect(result == "OK")
        }
    }

    @Test("we dial py-libp2p: the same")
    func outbound() async throws {
        let python = try Python("serve", Self.pythonKey)
        defer { python.stop() }
        let line = try await python.line()
        let address = try Multiaddr(String(line.dropFirst("ADDR ".count)))
        let host = Self.host(peers: [])
        try await withHosts(host) {
            let remote = peer(Self.pythonKey)
            #expect(address.peer == remote)
            await host.add(remote, addresses: [address])
            let message = try await host.first {
                if case .identified(remote, let message) = $0 { message } else { nil }
            }
            #expect(message.protocols.contains(Self.echo))
            _ = try await host.first { if case .pinged(remote, let rtt) = $0 { rtt } else { nil } }

            var generator = SeededGenerator(seed: 5)
            let block = generator.bytes(65_536)
            let stream = try await host.newStream(to: remote, protocols: [Self.echo])
            async let sent: Void = {
                for _ in 0..<160 { try await stream.write(block) }
                try await stream.closeWrite()
            }()
            for _ in 0..<160 { #expect(try await stream.read(exactly: block.count) == block) }
            #expect(try await stream.read() == nil)
            try await sent
            // Not a refused lazy proposal, nor a ping without answer.
            #expect(host.faults().isEmpty)
        }
    }

    @Test("an unknown key is refused")
    func gate() async throws {
        let host = Self.host(peers: [peer(8)])
        try await withHosts(host) {
            let address = try #require(try await host.bind().first).appending(.p2p(host.peer))
            let result = try await Python.run("refused", Self.pythonKey, "\(address)")
            #expect(result == "OK")
            #expect(host.faults().contains { $0.fault == .refusedByGate })
        }
    }
}
