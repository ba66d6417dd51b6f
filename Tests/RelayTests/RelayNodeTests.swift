import AsyncHTTPClient
import Cluster
import Foundation
import Libp2p
import Logging
import NIOCore
import PeerProtocols
import Program
import SSZ
import Secp256k1
import Testing

@testable import Relay

/// A whole relay on loopback.
@Suite(.timeLimit(.minutes(1))) struct RelayNodeTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func withRelay<R: Sendable>(_ body: (_ address: Multiaddr, _ http: Int, _ monitoring: Int) async throws -> R)
        async throws -> R
    {
        let folder = NSTemporaryDirectory() + "styx-relay-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = RelayConfiguration()
        configuration.dataDirectory = folder
        configuration.httpAddress = "127.0.0.1:0"
        configuration.monitoringAddress = "127.0.0.1:0"
        configuration.p2pTCPAddresses = ["127.0.0.1:0"]
        configuration.advertisesPrivateAddresses = true
        configuration.clusterInterval = .milliseconds(50)
        let ready = AsyncStream.makeStream(of: ([String], Int?).self)
        let monitoring = AsyncStream.makeStream(of: Int.self)
        var hooks = RelayNode.Hooks()
        hooks.ready = { ready.continuation.yield(($0, $1)) }
        hooks.monitoring = { monitoring.continuation.yield($0) }
        let relay = try RelayNode(configuration, hooks: hooks, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            defer { group.cancelAll() }
            var addresses = ready.stream.makeAsyncIterator()
            var ports = monitoring.stream.makeAsyncIterator()
            let (texts, port) = try #require(await addresses.next())
            return try await body(
                try Multiaddr(try #require(texts.first)), try #require(port), try #require(await ports.next()))
        }
    }

    static func get(_ port: Int, _ path: String) async throws -> (status: Int, body: String) {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
        return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    @Test("it tells where it is, as multiaddrs and as an ENR, and how it is")
    func pages() async throws {
        try await Self.withRelay { address, http, monitoring in
            for path in ["/", "/anything"] {
                let list = try JSONValue(parsing: Array(try await Self.get(http, path).body.utf8))
                #expect(list.array?.compactMap(\.string) == ["\(address)"])
            }
            let record = try ENR(try await Self.get(http, "/enr").body)
            #expect(record.ip == "127.0.0.1" && PeerID(record.publicKey) == address.peer)
            for port in [http, monitoring] {
                for path in ["/livez", "/readyz"] { #expect(try await Self.get(port, path) == (200, "ok")) }
            }
            #expect(try await Self.get(monitoring, "/nothing").status == 404)
        }
    }

    @Test("with neither public address nor HTTP server it still tells where it listens")
    func untold() async throws {
        let folder = NSTemporaryDirectory() + "styx-relay-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = RelayConfiguration()
        configuration.dataDirectory = folder
        configuration.httpAddress = ""
        configuration.p2pTCPAddresses = ["127.0.0.1:0"]
        let ready = AsyncStream.makeStream(of: [String].self)
        var hooks = RelayNode.Hooks()
        hooks.ready = { addresses, _ in ready.continuation.yield(addresses) }
        let relay = try RelayNode(configuration, hooks: hooks, logger: Self.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            defer { group.cancelAll() }
            var told = ready.stream.makeAsyncIterator()
            let texts = try #require(await told.next())
            let address = try Multiaddr(try #require(texts.first))
            #expect(texts.count == 1 && address.peer == relay.peer && address.endpoint?.host == "127.0.0.1")
        }
    }

    @Test("an address that is taken ends the relay at once, with the flag")
    func taken() async throws {
        try await Self.withRelay { address, http, monitoring in
            let p2p = try #require(address.endpoint?.port)
            for (flag, port) in [("p2p-tcp-address", p2p), ("http-address", http), ("monitoring-address", monitoring)] {
                let folder = NSTemporaryDirectory() + "styx-relay-\(UUID().uuidString)"
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let taken = "127.0.0.1:\(port)"
                var configuration = RelayConfiguration()
                configuration.dataDirectory = folder
                configuration.httpAddress = flag == "http-address" ? taken : ""
                configuration.monitoringAddress = flag == "monitoring-address" ? taken : ""
                configuration.p2pTCPAddresses = [flag == "p2p-tcp-address" ? taken : "127.0.0.1:0"]
                let relay = try RelayNode(configuration, logger: Self.logger)
                let error = await #expect(throws: ConfigurationError.self) { try await relay.run() }
                #expect(error?.flag == flag)
                #expect(error?.what == "\(taken) cannot be listened on: Address already in use")
            }
        }
    }

    @Test("a node reserves; the relay learns its cluster and shows it")
    func cluster() async throws {
        try await Self.withRelay { address, _, monitoring in
            let relay = try #require(address.peer)
            var configuration = HostConfiguration(
                identity: try PrivateKey([UInt8](repeating: 5, count: 32)), agentVersion: "test")
            configuration.peers = [relay: [try #require(address.transport)]]
            let node = Libp2p.Host(configuration, logger: Self.logger)
            let own = PeerInfo(
                lockHash: Root([UInt8](repeating: 0xcd, count: 32)) ?? .zero, startedAt: .init(unixSeconds: 1))
            node.handle(PeerInfoProtocol.id) { stream, _ in
                #expect(try await stream.readMessageIfAny(limit: 1024) == [])
                try await stream.writeMessage(own.wireBytes(), closing: true)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await node.run() }
                defer { group.cancelAll() }
                _ = try await node.connection(to: relay, within: .seconds(10))
                let stream = try await node.newStream(to: relay, protocols: [Circuit.hopProtocolID])
                try await stream.writeMessage(HopMessage(.reserve).encode())
                let answer = try HopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
                #expect(answer.status == .ok && answer.reservation?.addresses == [address])
                var text = ""
                while !text.contains("peer_cluster=\"cdcdcdc\"") {
                    text = try await Self.get(monitoring, "/metrics").body
                }
                #expect(text.contains("relay_p2p_active_connections{peer=\"\(node.peer)\",peer_cluster=\"cdcdcdc\""))
                #expect(text.contains("styx_relay_reservations{relay_peer=\"\(relay)\"} 1\n"))
            }
        }
    }
}
