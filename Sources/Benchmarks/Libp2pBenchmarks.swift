import Libp2p
import Logging
import SSZ
import Secp256k1

/// Two hosts in this process talk over loopback: TCP, Noise, Yamux. CPU is that of both ends together.
enum Libp2pBenchmarks {
    private static let pingPong = "libp2p echo on an open stream"
    private static let request = "libp2p echo on a new stream"
    private static let parallel = "libp2p echo on new streams, 16 at once"
    private static let transfer = "libp2p transfer one way"

    private static let echo = "/benchmark/echo/1"
    private static let sink = "/benchmark/sink/1"
    private static let messageBytesMax = 1 << 20

    static func run(_ bench: inout Bench) async throws {
        let names = [pingPong, request, parallel].flatMap { [$0 + " p50", $0 + " p99", $0 + " cost", $0 + " rate"] }
        guard bench.wantsAny(of: names + [transfer + " rate", transfer + " cost"]) else { return }
        let pair = try Pair()
        serve(on: pair.server)
        let trips = bench.isQuick ? 200 : 4000

        let results = try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let addresses = try await pair.server.bind()
            await pair.client.add(pair.server.peer, addresses: addresses)
            for host in [pair.client, pair.server] { group.addTask { try await host.run() } }
            _ = try await pair.client.connection(to: pair.server.peer, within: .seconds(10))
            return try await measure(pair, trips: trips, megabytes: bench.isQuick ? 4 : 64)
        }
        record(&bench, pingPong, n: 64, results.pingPong)
        record(&bench, request, n: 1024, results.request)
        record(&bench, parallel, n: 1024, results.parallel)
        let megabytes = Double(results.transferBytes) / 1_000_000
        bench.record(
            transfer + " rate", n: results.transferBytes >> 20, megabytes * 1e9 / Double(results.transfer.wall), "MB/s",
            .wall)
        bench.record(
            transfer + " cost", n: results.transferBytes >> 20, Double(results.transfer.cpu) / 1e6 / megabytes,
            "ms/MB", .process)
    }

    private struct Pair: Sendable {
        let client: Host
        let server: Host

        init() throws {
            let keys = try [1, 2].map { try PrivateKey(SHA256.hash([$0]).bytes) }
            let ids = keys.map { PeerID($0.publicKey) }
            let hosts = zip(keys, ids.reversed()).map { key, other in
                var configuration = HostConfiguration(identity: key, agentVersion: "styx-benchmarks")
                configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(0)])]
                configuration.peers = [other: []]
                return Host(configuration, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
            }
            (client, server) = (hosts[0], hosts[1])
        }
    }

    private static func serve(on host: Host) {
        host.handle(echo, timeout: nil) { stream, _ in
            while let message = try await stream.readMessageIfAny(limit: messageBytesMax) {
                try await stream.writeMessage(message)
            }
        }
        host.handle(sink, timeout: nil) { stream, _ in
            var count: UInt64 = 0
            while let bytes = try await stream.read() { count += UInt64(bytes.readableBytes) }
            try await stream.writeMessage(Array(String(count).utf8), closing: true)
        }
    }

    // MARK: - Measuring

    private struct Span: Sendable {
        let wall: Int64
        let cpu: Int64
    }

    private struct Trips: Sendable {
        /// Microseconds, wall.
        let each: [Double]
        let span: Span
    }

    private struct Results: Sendable {
        let pingPong: Trips
        let request: Trips
        let parallel: Trips
        let transferBytes: Int
        let transfer: Span
    }

    private static func measure(_ pair: Pair, trips: Int, megabytes: Int) async throws -> Results {
        let small = [UInt8](repeating: 7, count: 64)
        let stream = try await pair.client.newStream(to: pair.server.peer, protocols: [echo])
        let roundTrip: @Sendable () async throws -> Void = {
            try await stream.writeMessage(small)
            let answer = try await stream.readMessage(limit: messageBytesMax)
            try require(answer == small, "the echo differs")
        }
        let large = [UInt8](repeating: 8, count: 1024)
        let request: @Sendable () async throws -> Void = {
            let stream = try await pair.client.newStream(to: pair.server.peer, protocols: [echo])
            try await stream.writeMessage(large, closing: true)
            let answer = try await stream.readMessage(limit: messageBytesMax)
            try require(answer == large, "the echo differs")
            stream.close()
        }
        // Warm: after this the client knows what the server serves.
        _ = try await self.trips(50, callers: 1, roundTrip)
        _ = try await self.trips(50, callers: 1, request)
        let results = Results(
            pingPong: try await self.trips(trips, callers: 1, roundTrip),
            request: try await self.trips(trips, callers: 1, request),
            parallel: try await self.trips(trips, callers: 16, request),
            transferBytes: megabytes << 20,
            transfer: try await span { try await send(pair, megabytes: megabytes) })
        stream.close()
        return results
    }

    private static func send(_ pair: Pair, megabytes: Int) async throws {
        let block = [UInt8](repeating: 9, count: 1 << 16)
        let stream = try await pair.client.newStream(to: pair.server.peer, protocols: [sink])
        for _ in 0..<megabytes * 16 { try await stream.write(block) }
        try await stream.closeWrite()
        let count = try await stream.readMessage(limit: 20)
        try require(count == Array(String(megabytes << 20).utf8), "bytes were lost on the way")
        stream.close()
    }

    private static func span(_ body: () async throws -> Void) async rethrows -> Span {
        let (wall, cpu) = (Clock.wall.nanoseconds, Clock.process.nanoseconds)
        try await body()
        return Span(wall: Clock.wall.nanoseconds - wall, cpu: Clock.process.nanoseconds - cpu)
    }

    private static func trips(
        _ count: Int, callers: Int, _ trip: @escaping @Sendable () async throws -> Void
    ) async throws -> Trips {
        let (wall, cpu) = (Clock.wall.nanoseconds, Clock.process.nanoseconds)
        let each = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var each: [Double] = []
                    for _ in 0..<count / callers {
                        let start = Clock.wall.nanoseconds
                        try await trip()
                        each.append(Double(Clock.wall.nanoseconds - start) / 1000)
                    }
                    return each
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return Trips(
            each: each, span: Span(wall: Clock.wall.nanoseconds - wall, cpu: Clock.process.nanoseconds - cpu))
    }

    private static func record(_ bench: inout Bench, _ name: String, n: Int, _ trips: Trips) {
        let percentiles = Percentiles(trips.each)
        let count = Double(trips.each.count)
        bench.record(name + " p50", n: n, percentiles[50], "µs", .wall)
        bench.record(name + " p99", n: n, percentiles[99], "µs", .wall)
        bench.record(name + " rate", n: n, count * 1e9 / Double(trips.span.wall), "1/s", .wall)
        bench.record(name + " cost", n: n, Double(trips.span.cpu) / 1000 / count, "µs", .process)
    }
}
