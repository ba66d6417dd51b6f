import Libp2p
import Logging
import NIOCore
import NIOPosix

/// What a host holds at most while peers, or strangers, do too much; and that nothing is left when they have gone.
enum FloodBenchmarks {
    private static let streams = "libp2p flood 24 peers x 1000 streams"
    private static let windows = "libp2p flood 24 peers fill all windows"
    private static let handshakes = "libp2p flood handshakes that never end"

    static func run(_ bench: inout Bench) async throws {
        let names = [streams, windows, handshakes]
        guard bench.wantsAny(of: names.flatMap { [$0 + " peak", $0 + " descriptors left"] }) else { return }
        let peers = bench.isQuick ? 4 : FloodServer.peersMax
        try await measure(&bench, streams, n: peers * 1000) { server in
            try await flood(server, peers: peers) { client, remote in
                var open: [Stream] = []
                for _ in 0..<1000 {
                    let stream = try await client.newStream(
                        to: remote, protocols: [FloodServer.echo], within: .seconds(60))
                    try await stream.write([1])
                    try require(try await stream.read(exactly: 1) == [1], "the echo differs")
                    open.append(stream)
                }
                return open
            }
        }
        // Many times what one peer may leave unread.
        try await measure(&bench, windows, n: peers) { server in
            try await flood(server, peers: peers) { client, remote in
                var open: [Stream] = []
                let window = [UInt8](repeating: 1, count: Yamux.initialWindow)
                for _ in 0..<512 {
                    let stream = try await client.newStream(
                        to: remote, protocols: [FloodServer.hold], within: .seconds(60))
                    // Those beyond the limit are reset.
                    try? await stream.write(window)
                    open.append(stream)
                }
                return open
            }
        }
        try await measure(&bench, handshakes, n: 512) { server in
            guard let endpoint = server.address.endpoint else { throw BenchmarkError("no address") }
            var channels: [any Channel] = []
            for _ in 0..<512 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: endpoint.host, port: endpoint.port).get()
                channel.writeAndFlush(ByteBuffer(bytes: [0x13]), promise: nil)
                channels.append(channel)
            }
            for channel in channels { try? await channel.close().get() }
        }
    }

    private static func measure(
        _ bench: inout Bench, _ name: String, n: Int, _ body: (FloodServer) async throws -> Void
    ) async throws {
        guard bench.wants(name) || bench.wants(name + " peak") else { return }
        let server = try FloodServer()
        defer { server.stop() }
        let before = try server.descriptors()
        try server.memory.forgetPeak()
        try await body(server)
        bench.record(name + " peak", n: n, try server.memory.mebibytes(.peak), "MiB", nil)
        var left = try server.descriptors() - before
        // The sockets' ends take a moment to arrive.
        for _ in 0..<300 where left > 0 {
            try await Task.sleep(for: .milliseconds(50))
            left = try server.descriptors() - before
        }
        bench.record(name + " descriptors left", n: n, Double(left), "", nil, budget: .atMost(0))
    }

    /// All peers do `body` at once, and hold the streams it returns until the last of them is done.
    private static func flood(
        _ server: FloodServer, peers: Int, _ body: @escaping @Sendable (Libp2p.Host, PeerID) async throws -> [Stream]
    ) async throws {
        guard let remote = server.address.peer, let transport = server.address.transport else {
            throw BenchmarkError("no address")
        }
        let clients = try (1...peers).map { number in
            var configuration = HostConfiguration(
                identity: try FloodServer.key(number), agentVersion: "styx-benchmarks")
            configuration.peers = [remote: [transport]]
            configuration.timing.pingInterval = .seconds(60)
            return Libp2p.Host(configuration, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        }
        try await withThrowingTaskGroup(of: Void.self) { running in
            for client in clients { running.addTask { try await client.run() } }
            defer { running.cancelAll() }
            _ = try await withThrowingTaskGroup(of: [Stream].self) { group in
                for client in clients { group.addTask { try await body(client, remote) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
    }
}
