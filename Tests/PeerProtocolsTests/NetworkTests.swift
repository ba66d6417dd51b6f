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

/// Two operators on 127.0.0.1, each with all three protocols, through noise and yamux.
@Suite("protocols on a network", .timeLimit(.minutes(2)))
struct NetworkTests {
    private struct Node: Sendable {
        let host: Host
        let consensus: ConsensusProtocol
        let parSigEx: ParSigExProtocol
        let peerInfo: PeerInfoProtocol
        let seen: Observations
    }

    private let cluster = TestCluster(nodes: 2)
    private let lockHash = Root(padding: [7])

    private func node(_ index: Int, peers: [PeerID: [Multiaddr]], expects: Int, done: Gate) -> Node {
        let seen = Observations()
        let observe: @Sendable (PeerEvent) -> Void = { event in
            seen.note(event)
            if seen.all.count >= expects { done.open() }
        }
        var configuration = HostConfiguration(identity: cluster.keys[index], agentVersion: "styx-test")
        configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(0)])]
        configuration.peers = peers
        let host = Host(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let directory = PeerDirectory(peers: cluster.keys.map { PeerID($0.publicKey) }, own: PeerIndex(index))
        let sender = PeerSender(host: host, directory: directory, observe: observe)
        let admits: @Sendable (Duty, PeerIndex) -> Admission = { duty, _ in
            duty.slot < 100 ? .admitted : .refused(.dutyNotAdmitted(duty))
        }
        let worker: @Sendable (@escaping @Sendable () -> Void) -> Void = { job in job() }
        let node = Node(
            host: host,
            consensus: ConsensusProtocol(
                codec: cluster.codec, directory: directory, sender: sender, worker: worker, admits: admits,
                deliver: { message, _ in seen.note("decided by \(message.message.source)") }, observe: observe),
            parSigEx: ParSigExProtocol(
                codec: ParSigExCodec(validators: Set(cluster.pubKeys), nodes: 2), directory: directory,
                sender: sender, worker: worker, admits: admits,
                deliver: { duty, set, _ in seen.note("\(set.count) partials for \(duty)") }, observe: observe),
            peerInfo: PeerInfoProtocol(
                own: PeerInfo(lockHash: lockHash, startedAt: Instant(unixSeconds: 5), nickname: "node \(index)"),
                host: host,
                directory: directory, now: { Instant(unixSeconds: 1_700_000_000) },
                warn: { seen.note("warning \($0) \($1)") },
                observe: observe),
            seen: seen)
        node.consensus.serve(on: host)
        node.parSigEx.serve(on: host)
        node.peerInfo.serve(on: host)
        return node
    }

    @Test("messages of all three protocols arrive and are answered")
    func exchange() async throws {
        let arrived = Gate()
        let ids = cluster.keys.map { PeerID($0.publicKey) }
        let server = node(1, peers: [ids[0]: []], expects: 5, done: arrived)
        let addresses = try await server.host.bind()
        let client = node(0, peers: [ids[1]: addresses], expects: .max, done: Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.host.run() }
            group.addTask { try await client.host.run() }

            let partials = try partials()
            for send: @Sendable (@escaping @Sendable (Set<PeerIndex>) -> Void) -> Void in [
                { client.consensus.send(cluster.prepare(), done: $0) },
                { client.parSigEx.send(.attester(slot: 9), partials, done: $0) },
                // Not admitted by the receiver: the sender cannot tell.
                { client.parSigEx.send(.attester(slot: 100), partials, done: $0) },
            ] {
                let reached = await withCheckedContinuation { continuation in
                    send { continuation.resume(returning: $0) }
                }
                #expect(reached == [PeerIndex(1)])
            }
            await arrived.wait()
            await client.peerInfo.ask(PeerIndex(1))

            #expect(
                Set(server.seen.all) == [
                    "decided by 1", "delivered qbft_prepare from 0", "3 partials for 9/attester",
                    "delivered parsigex_attester from 0", "refused 0: duty_not_admitted",
                ])
            #expect(
                client.seen.all == [
                    "sent qbft_prepare to 1", "sent parsigex_attester to 1", "sent parsigex_attester to 1",
                    "sent peerinfo to 1",
                ])
            let report = try #require(client.peerInfo.snapshot[PeerIndex(1)])
            #expect(report.nickname == "node 1" && report.client == "styx" && report.lockHashMatches)
            #expect(report.startedAt == Instant(unixSeconds: 5))
            group.cancelAll()
        }
    }

    @Test("relays may ask with an empty message or with nothing")
    func relayRequest() async throws {
        let ids = cluster.keys.map { PeerID($0.publicKey) }
        let server = node(1, peers: [ids[0]: []], expects: .max, done: Gate())
        let addresses = try await server.host.bind()
        let client = node(0, peers: [ids[1]: addresses], expects: .max, done: Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.host.run() }
            group.addTask { try await client.host.run() }
            for isFramed in [true, false] {
                let stream = try await client.host.newStream(to: ids[1], protocols: [PeerInfoProtocol.id])
                if isFramed { try await stream.writeMessage([], closing: true) } else { try await stream.closeWrite() }
                let info = try PeerInfo(wire: try await stream.readMessage(limit: 1000))
                #expect(info.nickname == "node 1" && info.lockHash == lockHash.bytes)
            }
            group.cancelAll()
        }
    }

    private func partials() throws -> ParSignedDataSet {
        var set: ParSignedDataSet = [:]
        for pubKey in cluster.pubKeys {
            let object = AttestationElectra(
                aggregationBits: Bitlist(), data: AttestationData(), signature: SignatureBytes(padding: [1]),
                committeeBits: Bitvector(count: 64, setting: [0]))
            let attestation = try VersionedAttestation(fork: .electra, form: .electra(object), validatorIndex: 3)
            set[EntryKey(pubKey)] = ParSignedData(data: .attestation(attestation), shareIndex: ShareIndex(PeerIndex(0)))
        }
        return set
    }
}
