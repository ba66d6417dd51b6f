import Demo
import DutyWorkflow
import Ethereum
import Libp2p
import Logging
import Node
import PeerProtocols
import QBFT
import Secp256k1
import Testing

@testable import KillMatrix

/// Two hosts stand for nodes: they know each other by the wire's addresses only.
@Suite("Wiretap", .timeLimit(.minutes(1)))
struct WiretapTests {
    private let keys: [PrivateKey]
    private let nodes: [Libp2p.Host]
    private let wire: Wiretap
    private let recorder: Recorder

    init() throws {
        var random = SystemRandomNumberGenerator()
        let keys = (0..<2).map { _ in PrivateKey.random(using: &random) }
        let ports = try FreePorts.take(4)
        recorder = Recorder(
            operators: keys.map(\.publicKey), validators: [], threads: CryptoThreads(threads: 1))
        let wire = Wiretap(keys, nodePorts: Array(ports[..<2]), ports: Array(ports[2...]), recorder)
        nodes = keys.enumerated().map { index, key in
            var configuration = HostConfiguration(identity: key, agentVersion: "test")
            configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(UInt16(ports[index]))])]
            for address in wire.addresses(for: index) {
                if let peer = address.peer, let transport = address.transport {
                    configuration.peers[peer] = [transport]
                }
            }
            return Libp2p.Host(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        (self.keys, self.wire) = (keys, wire)
    }

    /// - Parameter signer: whose key seals it, who may not be whom it names.
    private func message(round: Int64, prepared: Int64 = 0, signer: Int = 0) throws -> [UInt8] {
        let duty = Duty.attester(slot: 5)
        let vote = QBFT.Message(.roundChange, round: round, source: 0, preparedRound: prepared)
        let sealed = ConsensusCodec.seal(duty, vote, with: keys[signer])
        return try ConsensusCodec.encode(ConsensusMessage(duty: duty, message: sealed, values: [:]))
    }

    private func send(_ bytes: [UInt8]) {
        let (host, peer) = (nodes[0], wire.ids[1])
        host.loop.execute {
            host.send(
                Libp2p.Host.delimited(bytes), to: peer, protocolID: ConsensusProtocol.id, timeout: .seconds(30)
            ) { _ in }
        }
    }

    /// Runs nodes and wire as long as `body` does, which gets what node 1 receives, and can take node 0's stands away.
    private func run(
        _ body: @escaping @Sendable (AsyncStream<[UInt8]>, @escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        let (received, sink) = AsyncStream.makeStream(of: [UInt8].self)
        nodes[1].handleMessages(ConsensusProtocol.id, limit: ConsensusCodec.messageBytesMax) {
            sink.yield($0.bytes)
            $0.done()
        }
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for node in nodes {
                group.addTask {
                    try await node.run()
                    return false
                }
            }
            group.addTask {
                try await wire.stand(for: 1)
                return false
            }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await wire.stand(for: 0) }
                    for await _ in ends { break }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                return false
            }
            group.addTask {
                try await body(received) { end.yield() }
                return true
            }
            while let isOver = try await group.next() { if isOver { break } }
            group.cancelAll()
        }
    }

    @Test("passes a message on as it is, and hears who said what")
    func passes() async throws {
        let bytes = try message(round: 2)
        try await run { received, _ in
            send(bytes)
            #expect(await received.first { _ in true } == bytes)
        }
        while !recorder.isIdle { await Task.yield() }
        #expect(recorder.messages == 1 && recorder.faults.isEmpty)
        #expect(recorder.ledger.heard == [.attester: 1] && recorder.ledger.contradictions.isEmpty)
    }

    @Test("hears a node contradict itself, and a message that is not by whom it says")
    func contradiction() async throws {
        let (one, other) = (try message(round: 2), try message(round: 2, prepared: 1))
        let forged = try message(round: 3, signer: 1)
        try await run { received, _ in
            for bytes in [one, other, forged] { send(bytes) }
            var count = 0
            for await _ in received {
                count += 1
                if count == 3 { break }
            }
        }
        while !recorder.isIdle { await Task.yield() }
        #expect(recorder.messages == 3)
        #expect(recorder.ledger.contradictions.count == 1)
        #expect(recorder.faults.count == 1)
    }

    @Test("a node that nothing stands for is gone to the others")
    func gone() async throws {
        try await run { _, end in
            while !wire.areConnected(0, 1) || !nodes[1].isConnected(wire.ids[0]) { await Task.yield() }
            end()
            while nodes[1].isConnected(wire.ids[0]) { await Task.yield() }
            #expect(!wire.areConnected(0, 1))
        }
    }
}
