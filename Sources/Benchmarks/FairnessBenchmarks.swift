import DutyWorkflow
import Ethereum
import Libp2p
import Logging
import NIOCore
import PeerProtocols
import QBFT
import SSZ
import Secp256k1
import Synchronization

/// How much later an honest operator's votes arrive while another operator floods the same node as fast as it can.
/// From the moment a vote is made to its delivery on the receiver's loop, signature included; and how late the timers
/// of that loop are meanwhile. The flooder shares the machine's cores with the node, which is part of the numbers.
enum FairnessBenchmarks {
    private static let quiet = "fairness honest vote, nobody floods"

    /// What the flooder sends.
    private enum Flood: String, CaseIterable {
        case badSignatures = "bad signatures"
        case repeats = "the same vote"
        case junk = "junk of 60 KiB"
        case huge = "values of 15 MiB"

        var name: String { "fairness honest vote, flood of \(rawValue)" }
        /// Messages under way at once.
        var underWay: Int { self == .huge ? 2 : 512 }
    }

    static func run(_ bench: inout Bench) async throws {
        let names = ([quiet] + Flood.allCases.map(\.name)).flatMap { [$0 + " p50", $0 + " p99", $0 + " timers p99"] }
        guard bench.wantsAny(of: names) else { return }
        let server = try FloodServer()
        defer { server.stop() }
        guard let remote = server.address.peer, let transport = server.address.transport else {
            throw BenchmarkError("no address")
        }
        let hosts = try [FairnessServer.honest, FairnessServer.flooder].map { operatorIndex in
            var configuration = HostConfiguration(
                identity: try FloodServer.key(operatorIndex.rawValue), agentVersion: "styx-benchmarks")
            configuration.peers = [remote: [transport]]
            return Libp2p.Host(configuration, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        }
        let votes = bench.isQuick ? 20 : 500
        let results = try await withThrowingTaskGroup(of: Void.self) { group in
            for host in hosts { group.addTask { try await host.run() } }
            defer { group.cancelAll() }
            for host in hosts { _ = try await host.connection(to: remote, within: .seconds(10)) }
            _ = try await vote(hosts[0], remote, count: 20)
            var results = [(quiet, try await vote(hosts[0], remote, count: votes), 0)]
            for flood in Flood.allCases {
                let flooding = Flooding(
                    flood.underWay, hosts[1], remote, protocolID: ConsensusProtocol.id, try messages(flood))
                flooding.start()
                let lateness = try await vote(hosts[0], remote, count: votes)
                results.append((flood.name, lateness, flooding.stop()))
            }
            return results
        }
        for (name, lateness, count) in results {
            let delays = Percentiles(lateness.delays)
            bench.record(name + " p50", n: count, delays[50], "µs", .wall)
            bench.record(name + " p99", n: count, delays[99], "µs", .wall)
            bench.record(name + " timers p99", n: count, Percentiles(lateness.timers)[99], "µs", .wall)
        }
    }

    // MARK: The honest operator

    private struct Lateness: Sendable {
        let delays: [Double]
        let timers: [Double]
    }

    /// A vote every 10 ms, then what the node says of them.
    private static func vote(_ host: Libp2p.Host, _ remote: PeerID, count: Int) async throws -> Lateness {
        let key = try FloodServer.key(FairnessServer.honest.rawValue)
        _ = try await ask(host, remote)
        for _ in 0..<count {
            try await Task.sleep(for: .milliseconds(10))
            let message = QBFT.Message(
                .prepare, round: Clock.wall.nanoseconds, source: FairnessServer.honest.rawValue)
            let sealed = ConsensusCodec.seal(duty, message, with: key)
            let bytes = try ConsensusCodec.encode(ConsensusMessage(duty: duty, message: sealed, values: [:]))
            let isTaken = await withCheckedContinuation { continuation in
                host.loop.execute {
                    host.send(
                        Host.delimited(bytes), to: remote, protocolID: ConsensusProtocol.id, timeout: .seconds(7)
                    ) { result in
                        if case .success = result {
                            continuation.resume(returning: true)
                        } else {
                            continuation.resume(returning: false)
                        }
                    }
                }
            }
            try require(isTaken, "an honest vote was not taken")
        }
        let lateness = try await ask(host, remote)
        try require(lateness.delays.count == count, "\(count - lateness.delays.count) honest votes were lost")
        return lateness
    }

    private static func ask(_ host: Libp2p.Host, _ remote: PeerID) async throws -> Lateness {
        let stream = try await host.newStream(to: remote, protocols: [FairnessServer.lateness])
        let text = String(decoding: try await stream.readMessage(limit: 1 << 20), as: UTF8.self)
        stream.close()
        let lists = text.split(separator: "\n\n", omittingEmptySubsequences: false).map { list in
            list.split(separator: "\n").compactMap { Double($0) }
        }
        guard lists.count == 2 else { throw BenchmarkError("the node's answer is none") }
        return Lateness(delays: lists[0], timers: lists[1])
    }

    // MARK: The flooder

    private static let duty = Duty.attester(slot: 5)

    /// Endless, by number.
    private static func messages(_ flood: Flood) throws -> @Sendable (Int64) -> ByteBuffer {
        let vote = QBFT.Message(.prepare, round: 1, source: FairnessServer.flooder.rawValue)
        let sealed = ConsensusCodec.seal(duty, vote, with: try FloodServer.key(FairnessServer.flooder.rawValue))
        let bytes = try ConsensusCodec.encode(ConsensusMessage(duty: duty, message: sealed, values: [:]))
        switch flood {
        case .repeats:
            let message = Host.delimited(bytes)
            return { _ in message }
        case .badSignatures:
            return { number in
                var message = sealed
                message.round = number + 2
                let bytes = try? ConsensusCodec.encode(ConsensusMessage(duty: duty, message: message, values: [:]))
                return Host.delimited(bytes ?? [])
            }
        case .junk, .huge:
            // An unknown field behind a good vote.
            let count = flood == .junk ? 60_000 : 15 << 20
            var head = ByteBuffer()
            head.writeBytes([0x7a])
            UVarint.write(UInt64(count), into: &head)
            let body = bytes + Array(head.readableBytesView) + [UInt8](repeating: 1, count: count)
            let start = bytes.count + head.readableBytes
            return { number in
                var message = body
                withUnsafeBytes(of: number) { message.replaceSubrange(start..<start + 8, with: $0) }
                return Host.delimited(message)
            }
        }
    }
}
