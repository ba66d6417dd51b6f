import Demo
import Libp2p
import Logging
import Program
import SSZ
import Secp256k1

/// `styx relay` as a process of its own, with thousands of peers, all from this process over loopback.
///
/// Both share the machine: the times are of peers and relay together. CPU and memory are the relay's alone.
enum RelayBenchmarks {
    /// How large the relay's world is.
    private struct Size {
        let peers: Int
        let circuits: Int
        let idleSeconds: Int

        var group: String { "relay \(peers) reservations, \(circuits) circuits, " }
    }

    private struct Timed<Value: Sendable>: Sendable {
        let value: Value
        let milliseconds: Double
    }

    /// One for each client or circuit, milliseconds; and what it took the relay.
    private struct Times: Sendable {
        /// From the dial until the reservation is granted.
        var joined: [Double] = []
        /// From the request until it is granted, on an open connection.
        var reserved: [Double] = []
        var opened: [Double] = []
        var echoed: [Double] = []
        /// Of the relay, of one core.
        var joinSeconds = 0.0
        var idlePercent = 0.0
        var memoryBefore = 0.0
        var memoryReserved = 0.0
        var memoryOpen = 0.0
    }

    /// As many handshakes at once as a relay would see after its restart.
    private static let callers = 64
    private static let messageBytes = 1024
    private static let rounds = 10

    static func run(_ bench: inout Bench) async throws {
        let size =
            bench.isQuick
            ? Size(peers: 200, circuits: 20, idleSeconds: 3) : Size(peers: 5000, circuits: 500, idleSeconds: 20)
        let names = [
            "join p99", "reserve p50", "reserve p99", "open a circuit p99", "echo p50", "echo p99", "cpu of a join",
            "cpu when idle", "memory", "memory of a reservation", "memory of a circuit",
        ].map { size.group + $0 }
        guard bench.wantsAny(of: names) else { return }
        let times = try await measure(size)
        let n = size.peers
        let (reserved, echoed) = (Percentiles(times.reserved), Percentiles(times.echoed))
        bench.record(names[0], n: n, Percentiles(times.joined)[99], "ms", .wall)
        bench.record(names[1], n: n, reserved[50], "ms", .wall)
        bench.record(names[2], n: n, reserved[99], "ms", .wall)
        bench.record(names[3], n: size.circuits, Percentiles(times.opened)[99], "ms", .wall)
        bench.record(names[4], n: size.circuits, echoed[50], "ms", .wall)
        bench.record(names[5], n: size.circuits, echoed[99], "ms", .wall)
        bench.record(names[6], n: n, times.joinSeconds * 1000 / Double(n), "ms", .process)
        bench.record(names[7], n: n, times.idlePercent, "% of a core", .process)
        bench.record(names[8], n: n, times.memoryOpen, "MiB", nil)
        bench.record(names[9], n: n, (times.memoryReserved - times.memoryBefore) * 1024 / Double(n), "KiB", nil)
        bench.record(
            names[10], n: size.circuits, (times.memoryOpen - times.memoryReserved) * 1024 / Double(size.circuits),
            "KiB", nil)
    }

    private static func measure(_ size: Size) async throws -> Times {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        return try await withThrowingTaskGroup(of: Times?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                await Interruption.wait()
                throw BenchmarkError("interrupted")
            }
            group.addTask { try await measure(size, in: folder) }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }

    private static func measure(_ size: Size, in folder: ScratchFolder) async throws -> Times {
        let ports = try FreePorts.take(2)
        let relay = try NodeProcess(
            program: try ProcessCluster.styx(), command: "relay",
            arguments: [
                "--data-dir", folder.path("relay"), "--p2p-tcp-address", "127.0.0.1:\(ports[0])",
                "--http-address", "127.0.0.1:\(ports[1])", "--p2p-advertise-private-addresses",
                // All peers have one address here.
                "--p2p-max-reservations", "\(2 * size.peers)",
            ], log: folder.path("relay.log"))
        defer { relay.stop() }
        let address = try await listening(relay)
        guard let peer = address.peer, let transport = address.transport else { throw BenchmarkError("no address") }
        let clients = try (1...size.peers).map { try client($0, relay: peer, at: transport) }
        return try await withThrowingTaskGroup(of: Void.self) { running in
            defer { running.cancelAll() }
            for client in clients { running.addTask { try await client.run() } }
            return try await measure(size, clients, relay, peer)
        }
    }

    private static func listening(_ relay: NodeProcess) async throws -> Multiaddr {
        for _ in 0..<400 {
            try relay.requireRunning()
            if let text = relay.listening { return try Multiaddr(text) }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw BenchmarkError("the relay did not say where it listens within ten seconds")
    }

    /// Known to the relay only, quiet itself, and an echo for whoever comes by a circuit.
    private static func client(_ number: Int, relay: PeerID, at transport: Multiaddr) throws -> Libp2p.Host {
        let seed = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
        var configuration = HostConfiguration(
            identity: try PrivateKey(SHA256.hash(seed).bytes), agentVersion: "styx-benchmarks")
        configuration.peers = [relay: [transport]]
        configuration.timing.pingInterval = .seconds(3600)
        configuration.timing.sweepInterval = .seconds(5)
        let host = Libp2p.Host(configuration, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        host.handle(Circuit.stopProtocolID, timeout: nil) { stream, _ in
            _ = try StopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
            try await stream.writeMessage(StopMessage(.status, status: .ok).encode())
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
        return host
    }

    private static func measure(
        _ size: Size, _ clients: [Libp2p.Host], _ relay: NodeProcess, _ peer: PeerID
    ) async throws -> Times {
        var times = Times()
        times.memoryBefore = try relay.residentMiB()
        let cpu = try relay.cpuSeconds()
        times.joined = try await each(clients) { try await reserve($0, at: peer) }.map(\.milliseconds)
        times.joinSeconds = try relay.cpuSeconds() - cpu
        times.reserved = try await each(clients) { try await reserve($0, at: peer) }.map(\.milliseconds)
        times.memoryReserved = try relay.residentMiB()

        let circuits = try await each(Array(0..<size.circuits)) { number in
            let target = clients[clients.count - 1 - number].peer
            return try await ask(clients[number], HopMessage(.connect, peer: CircuitPeer(target)), of: peer)
        }
        times.opened = circuits.map(\.milliseconds)
        let streams = circuits.map(\.value)
        for _ in 0..<rounds {
            times.echoed += try await each(streams) { try await echo($0) }.map(\.milliseconds)
        }
        times.memoryOpen = try relay.residentMiB()

        let (idle, start) = (try relay.cpuSeconds(), Clock.wall.nanoseconds)
        try await Task.sleep(for: .seconds(size.idleSeconds))
        let seconds = Double(Clock.wall.nanoseconds - start) / 1e9
        times.idlePercent = (try relay.cpuSeconds() - idle) * 100 / seconds
        // They are all still there.
        _ = try await each(streams) { try await echo($0) }
        try relay.requireRunning()
        for stream in streams { stream.close() }
        return times
    }

    private static func reserve(_ client: Libp2p.Host, at relay: PeerID) async throws {
        try await ask(client, HopMessage(.reserve), of: relay).close()
    }

    /// A question to the relay that it has to say yes to. - Returns: the stream, which becomes the circuit.
    private static func ask(
        _ client: Libp2p.Host, _ question: HopMessage, of relay: PeerID
    ) async throws -> Libp2p.Stream {
        let stream = try await client.newStream(
            to: relay, protocols: [Circuit.hopProtocolID], within: .seconds(60))
        try await stream.writeMessage(question.encode())
        let answer = try HopMessage(try await stream.readMessage(limit: Circuit.messageBytesMax))
        try require(answer.status == .ok, "the relay refuses: \(answer)")
        return stream
    }

    private static func echo(_ stream: Libp2p.Stream) async throws {
        let message = [UInt8](repeating: 7, count: messageBytes)
        try await stream.write(message)
        try require(try await stream.read(exactly: messageBytes) == message, "the echo differs")
    }

    /// Does `body` for all, `callers` at a time, and says how long each took.
    private static func each<Item: Sendable, Value: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Value
    ) async throws -> [Timed<Value>] {
        try await withThrowingTaskGroup(of: Timed<Value>.self) { group in
            var results: [Timed<Value>] = []
            var rest = items.makeIterator()
            for _ in 0..<callers {
                guard let item = rest.next() else { break }
                group.addTask { try await timed(item, body) }
            }
            while let result = try await group.next() {
                results.append(result)
                if let item = rest.next() { group.addTask { try await timed(item, body) } }
            }
            return results
        }
    }

    private static func timed<Item: Sendable, Value: Sendable>(
        _ item: Item, _ body: @Sendable (Item) async throws -> Value
    ) async throws -> Timed<Value> {
        let start = Clock.wall.nanoseconds
        let value = try await body(item)
        return Timed(value: value, milliseconds: Double(Clock.wall.nanoseconds - start) / 1e6)
    }
}
