import Libp2p
import Logging
import NIOCore
import NIOPosix
import PeerProtocols
import Secp256k1
import Synchronization

/// The wire between the nodes, with an ear on it. Each node knows the others by addresses of this process only: for
/// each pair of nodes two hosts stand here, one with each node's identity, and what comes in at one goes out by the
/// other. So it hears every message that leaves a node, whoever is alive to receive it.
final class Wiretap: Sendable {
    /// The host that plays `role` towards `to`.
    struct Stand: Hashable, Sendable {
        let role: Int
        let to: Int
    }

    private struct State {
        var hosts: [Stand: Libp2p.Host] = [:]
        /// How often each node was started.
        var lives: [Int: Int] = [:]
    }

    /// Conversations of request and answer: too seldom and too idle for the ledger.
    private static let conversations = PriorityProtocol.ids + [PeerInfoProtocol.id]
    private static let answerBytesMax = 1 << 20

    let ids: [PeerID]
    private let identities: [PrivateKey]
    /// Where each node listens.
    private let nodePorts: [Int]
    /// Where each host listens.
    private let ports: [Stand: Int]
    private let recorder: Recorder
    private let loop: any EventLoop
    private let state = Mutex(State())

    /// - Parameter ports: free ones, as many as `portCount` says.
    init(_ identities: [PrivateKey], nodePorts: [Int], ports: [Int], _ recorder: Recorder) {
        self.identities = identities
        self.nodePorts = nodePorts
        self.recorder = recorder
        ids = identities.map { PeerID($0.publicKey) }
        loop = MultiThreadedEventLoopGroup.singleton.next()
        self.ports = Dictionary(uniqueKeysWithValues: zip(Self.stands(identities.count), ports))
    }

    static func portCount(nodes: Int) -> Int { stands(nodes).count }

    private static func stands(_ nodes: Int) -> [Stand] {
        (0..<nodes).flatMap { role in (0..<nodes).filter { $0 != role }.map { Stand(role: role, to: $0) } }
    }

    /// Whom a node is told to find where.
    func addresses(for node: Int) -> [Multiaddr] {
        ids.indices.filter { $0 != node }.map { role in
            let port = ports[Stand(role: role, to: node)] ?? 0
            return Multiaddr([.ip4(0x7f00_0001), .tcp(UInt16(port)), .p2p(ids[role])])
        }
    }

    /// Stands for a node towards all others until cancelled: as long as the node's process lives, no longer, for a node
    /// that is gone has to look so.
    func stand(for node: Int) async throws {
        state.withLock { $0.lives[node, default: 0] += 1 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for other in ids.indices where other != node {
                let host = host(Stand(role: node, to: other))
                group.addTask { try await host.run() }
            }
            try await group.waitForAll()
        }
    }

    /// Whether two nodes can talk to each other.
    func areConnected(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = state.withLock { ($0.hosts[Stand(role: a, to: b)], $0.hosts[Stand(role: b, to: a)]) }
        return one?.isConnected(ids[b]) == true && other?.isConnected(ids[a]) == true
    }

    private func host(_ stand: Stand) -> Libp2p.Host {
        var configuration = HostConfiguration(identity: identities[stand.role], agentVersion: "styx-kill-matrix")
        configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(UInt16(ports[stand] ?? 0))])]
        configuration.peers = [
            ids[stand.to]: [Multiaddr([.ip4(0x7f00_0001), .tcp(UInt16(nodePorts[stand.to]))])]
        ]
        // A node that starts should not wait for its peers longer than it takes to start.
        configuration.timing.redialBase = .milliseconds(200)
        configuration.timing.redialMax = .milliseconds(400)
        let host = Libp2p.Host(
            configuration, logger: Logger(label: "p2p") { _ in SwiftLogNoOpLogHandler() }, on: loop)
        for id in [ConsensusProtocol.id, ParSigExProtocol.id] {
            host.handleMessages(id, limit: ConsensusCodec.messageBytesMax) { [self] in pass($0, id, stand) }
        }
        for id in Self.conversations {
            host.handle(id, timeout: .seconds(10)) { [self] stream, _ in try await pass(stream, id, stand) }
        }
        state.withLock { $0.hosts[stand] = host }
        return host
    }

    /// The host by which a node hears what was said to it here.
    private func onward(_ stand: Stand) -> Libp2p.Host? {
        state.withLock { $0.hosts[Stand(role: stand.to, to: stand.role)] }
    }

    /// On the loop.
    private func pass(_ message: InboundMessage, _ id: String, _ stand: Stand) {
        let (sender, receiver) = (stand.to, stand.role)
        let life = state.withLock { $0.lives[sender] ?? 0 }
        recorder.heard(message.bytes, id, from: sender, life: life, to: receiver)
        onward(stand)?.send(
            Libp2p.Host.delimited(message.bytes), to: ids[receiver], protocolID: id, timeout: .seconds(5)
        ) { _ in }
        message.done()
    }

    private func pass(_ stream: Libp2p.Stream, _ id: String, _ stand: Stand) async throws {
        let request = try await stream.readMessage(limit: Self.answerBytesMax)
        guard let host = onward(stand) else { return stream.reset() }
        let onward = try await host.newStream(to: ids[stand.role], protocols: [id], within: .seconds(5))
        try await onward.writeMessage(request, closing: true)
        let answer = try await onward.readMessage(limit: Self.answerBytesMax)
        onward.close()
        try await stream.writeMessage(answer, closing: true)
    }
}
