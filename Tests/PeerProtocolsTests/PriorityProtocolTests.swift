import DutyWorkflow
import Ethereum
import Libp2p
import Logging
import SSZ
import Secp256k1
import Synchronization
import TestSupport
import Testing

@testable import PeerProtocols

@Suite("priority protocol", .timeLimit(.minutes(2)))
struct PriorityProtocolTests {
    private let cluster = TestCluster()
    private let seen = Observations()

    private func directory(_ own: Int) -> PeerDirectory {
        PeerDirectory(peers: cluster.keys.map { PeerID($0.publicKey) }, own: PeerIndex(own))
    }

    private func service(
        _ admission: Admission = .admitted, answers: Bool = true,
        exchange: @escaping PriorityProtocol.Exchange = { _, _ in ([], .zero) }
    ) -> PriorityProtocol {
        let (seen, own) = (seen, cluster.priorities(0))
        return PriorityProtocol(
            codec: PriorityCodec(operators: cluster.keys.map(\.publicKey)), directory: directory(0),
            admits: { _, _ in admission },
            answer: { peer, message in
                seen.note("\(message.duty) of \(peer)")
                return answers ? own : nil
            }, observe: { seen.note($0) }, exchange: exchange)
    }

    private func respond(_ service: PriorityProtocol, _ bytes: [UInt8], from peer: PeerID) async throws -> [UInt8]? {
        try await service.respond(to: bytes, of: peer, protocolID: PriorityProtocol.ids[0])
    }

    @Test("a request is handed on and answered with our own message, or with nothing")
    func answers() async throws {
        let request = cluster.priorities(2).canonicalBytes()
        let peer = directory(0)[PeerIndex(2)]
        #expect(try await respond(service(), request, from: peer) == cluster.priorities(0).canonicalBytes())
        #expect(try await respond(service(answers: false), request, from: peer) == nil)
        #expect(seen.all.filter { $0 == "31/info_sync of 2" }.count == 2)
    }

    @Test("only the sender's own message of a duty that may be is looked at")
    func refuses() async throws {
        let request = cluster.priorities(2).canonicalBytes()
        let (one, two) = (directory(0)[PeerIndex(1)], directory(0)[PeerIndex(2)])
        #expect(try await respond(service(), request, from: one) == nil)
        #expect(try await respond(service(), request, from: PeerID(PrivateKey.random().publicKey)) == nil)
        #expect(try await respond(service(.notReady), request, from: two) == nil)
        let refused = Admission.refused(.dutyNotAdmitted(TestCluster.infoSync))
        #expect(try await respond(service(refused), request, from: two) == nil)
        #expect(try await respond(service(), [], from: two) == nil)
        #expect(
            seen.all == [
                "refused 1: foreign_priorities", "refused guest: unknown_sender", "refused 2: not_ready",
                "refused 2: duty_not_admitted", "refused 2: missing_field",
            ])
    }

    @Test("an operator that asks without end runs out of budget, others do not notice")
    func flooding() async throws {
        let service = service()
        let junk = [UInt8](repeating: 0xff, count: 16 << 10)
        for _ in 0..<3000 { _ = try await respond(service, junk, from: directory(0)[PeerIndex(1)]) }
        #expect(seen.all.last == "refused 1: flooding")
        let request = cluster.priorities(2).canonicalBytes()
        #expect(try await respond(service, request, from: directory(0)[PeerIndex(2)]) != nil)
    }

    @Test("everybody is asked; answers count for those who signed them")
    func asks() async {
        struct Down: Error {}
        let cluster = cluster
        let own = cluster.priorities(0)
        let service = service { peer, request in
            #expect(request == own.canonicalBytes())
            switch peer.rawValue {
            case 1: return (cluster.priorities(1).canonicalBytes(), .milliseconds(3))
            case 2: return (cluster.priorities(1).canonicalBytes(), .milliseconds(3))
            default: throw Down()
            }
        }
        let seen = seen
        await service.exchange(own) { peer, message in seen.note("answer of \(peer), \(message.topics.count) topics") }
        #expect(
            seen.all.sorted() == [
                "answer of 1, 2 topics", "failed priority_consensus to 3: Down()", "refused 2: foreign_priorities",
                "sent priority_consensus to 1", "sent priority_consensus to 2",
            ])
    }

    // MARK: Over the network

    private struct Node: Sendable {
        let host: Host
        let priority: PriorityProtocol
        let seen: Observations
    }

    private func node(
        _ index: Int, peers: [PeerID: [Multiaddr]], served: [String]?, waitsFor gate: Gate? = nil, asked: Gate? = nil
    ) -> Node {
        let seen = Observations()
        var configuration = HostConfiguration(identity: cluster.keys[index], agentVersion: "styx-test")
        configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(0)])]
        configuration.peers = peers
        let host = Host(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let own = cluster.priorities(index)
        let priority = PriorityProtocol(
            codec: PriorityCodec(operators: cluster.keys.map(\.publicKey)), host: host,
            directory: PeerDirectory(peers: cluster.keys.prefix(2).map { PeerID($0.publicKey) }, own: PeerIndex(index)),
            admits: { _, _ in .admitted },
            answer: { peer, _ in
                seen.note("asked by \(peer)")
                if seen.all.count(where: { $0.hasPrefix("asked") }) == 2 { asked?.open() }
                await gate?.wait()
                return own
            }, observe: { seen.note($0) })
        if let served {
            // An old node knows one spelling only.
            for id in served {
                host.handle(id) { stream, peer in
                    seen.note(stream.protocolID)
                    let request = try await stream.readMessage(limit: PriorityCodec.messageBytesMax)
                    let reply = try await priority.respond(to: request, of: peer, protocolID: id)
                    try await stream.writeMessage(reply ?? [], closing: true)
                }
            }
        } else {
            priority.serve(on: host)
        }
        return Node(host: host, priority: priority, seen: seen)
    }

    @Test(
        "nodes exchange priorities; with one that knows only the old spelling too",
        arguments: [nil, [PriorityProtocol.ids[1]], [PriorityProtocol.ids[0]]])
    func network(served: [String]?) async throws {
        let ids = cluster.keys.map { PeerID($0.publicKey) }
        let server = node(1, peers: [ids[0]: []], served: served)
        let addresses = try await server.host.bind()
        let client = node(0, peers: [ids[1]: addresses], served: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.host.run() }
            group.addTask { try await client.host.run() }
            let answers = Mutex<[PriorityMessage]>([])
            await client.priority.exchange(cluster.priorities(0)) { _, message in
                answers.withLock { $0.append(message) }
            }
            let answer = try #require(answers.withLock { $0 }.last)
            #expect(answer == cluster.priorities(1))
            #expect(client.seen.all == ["sent priority_consensus to 1"])
            #expect(
                server.seen.all == (served ?? []) + ["delivered priority_consensus from 0", "asked by 0"])
            group.cancelAll()
        }
    }

    @Test("three requests of a peer at once are one too many on one id")
    func concurrent() async throws {
        let ids = cluster.keys.map { PeerID($0.publicKey) }
        let (gate, asked) = (Gate(), Gate())
        let server = node(1, peers: [ids[0]: []], served: nil, waitsFor: gate, asked: asked)
        let addresses = try await server.host.bind()
        let client = node(0, peers: [ids[1]: addresses], served: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.host.run() }
            group.addTask { try await client.host.run() }
            let request = cluster.priorities(0).canonicalBytes()
            var streams: [Libp2p.Stream] = []
            for _ in 0..<2 {
                let stream = try await client.host.newStream(to: ids[1], protocols: [PriorityProtocol.ids[0]])
                try await stream.writeMessage(request, closing: true)
                streams.append(stream)
            }
            await asked.wait()
            await #expect(throws: StreamError.self) {
                let third = try await client.host.newStream(to: ids[1], protocols: [PriorityProtocol.ids[0]])
                try await third.writeMessage(request, closing: true)
                _ = try await third.readMessage(limit: 1 << 14)
            }
            gate.open()
            for stream in streams {
                #expect(try await stream.readMessage(limit: 1 << 14) == cluster.priorities(1).canonicalBytes())
            }
            group.cancelAll()
        }
    }
}
