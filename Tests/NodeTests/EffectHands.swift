import BeaconClient
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import Libp2p
import NIOCore
@testable import PeerProtocols
import Synchronization

@testable import Node

/// What performs the effects of one node, and its outside: a scripted beacon node, peers that take what the test lets
/// them take.
final class EffectHands: Sendable {
    /// Peers on the other end of a wire that keeps what it carried.
    final class Network: Sendable {
        struct Letter: Sendable {
            let peer: PeerIndex
            let protocolID: String
            /// Without its length prefix.
            let bytes: [UInt8]
        }

        private let seen = Mutex<[Letter]>([])
        private let unreachable: Set<PeerIndex>

        init(unreachable: Set<PeerIndex> = []) { self.unreachable = unreachable }

        var letters: [Letter] { seen.withLock { $0 } }

        fileprivate func sender(on loop: any EventLoop) -> PeerSender {
            let peers = (1...3).map { PeerIndex($0) }
            return PeerSender(peers: peers, loop: loop, observe: { _ in }) { [self] peer, protocolID, message, done in
                guard !unreachable.contains(peer) else { return loop.execute { done(.failure(.timedOut)) } }
                var body = message
                _ = try? UVarint.read(&body)
                let letter = Letter(peer: peer, protocolID: protocolID, bytes: Array(body.readableBytesView))
                seen.withLock { $0.append(letter) }
                loop.execute { done(.success(())) }
            }
        }
    }

    /// Values in the order they came.
    final class Log<Value: Sendable>: Sendable {
        private let seen = Mutex<[Value]>([])
        private let stream: AsyncStream<Void>
        private let sink: AsyncStream<Void>.Continuation

        fileprivate init() { (stream, sink) = AsyncStream.makeStream(of: Void.self) }

        fileprivate func add(_ value: Value) {
            seen.withLock { $0.append(value) }
            sink.yield()
        }

        var all: [Value] { seen.withLock { $0 } }

        /// Returns when there are as many.
        func wait(for count: Int) async {
            var iterator = stream.makeAsyncIterator()
            while all.count < count, await iterator.next() != nil {}
        }
    }

    let events = Log<Event>()
    let reports = Log<Report>()
    private let effects: NodeEffects
    private let tasks = OwnedTasks()

    private init(_ scene: DutyScene, _ beacon: BeaconClient, _ network: Network, hasSigner: Bool) {
        let shares = scene.validators.map { ($0.pubKey, $0.shares[DutyScene.own.rawValue]) }
        let signer = Signer(
            backend: .keystores(Dictionary(uniqueKeysWithValues: shares)), keys: scene.keys,
            chain: scene.view, threads: scene.threads, verifier: scene.verifier)
        let sender = network.sender(on: beacon.loop)
        let directory = PeerDirectory(peers: scene.operators.map { PeerID($0.publicKey) }, own: DutyScene.own)
        let pubKeys = scene.validators.map(\.pubKey)
        effects = NodeEffects(
            beacon: beacon, validators: ActiveValidators(client: beacon, pubKeys: pubKeys, clock: scene.chain.clock),
            duties: DutiesSource(client: beacon, clock: scene.chain.clock), chain: scene.view,
            signer: hasSigner ? signer : nil,
            combiner: ThresholdCombiner(
                keys: scene.keys, chain: scene.view, threads: scene.threads, verifier: scene.verifier),
            verifier: scene.verifier, keys: scene.keys,
            consensus: ConsensusProtocol(
                codec: ConsensusCodec(operators: scene.operators.map(\.publicKey), validators: pubKeys.count),
                directory: directory, sender: sender, worker: { $0() }, admits: { _, _ in .notReady },
                deliver: { _, _ in }, observe: { _ in }),
            parSigEx: ParSigExProtocol(
                codec: ParSigExCodec(validators: Set(pubKeys), nodes: 4), directory: directory, sender: sender,
                worker: { $0() }, admits: { _, _ in .notReady }, deliver: { _, _, _ in }, observe: { _ in }),
            priority: PriorityProtocol(
                codec: PriorityCodec(operators: scene.operators.map(\.publicKey)), directory: directory,
                admits: { _, _ in .notReady }, answer: { _, _ in nil }, observe: { _ in },
                exchange: { _, _ in ([], .zero) }),
            threads: scene.threads, report: { [reports] in reports.add($0) },
            votesInBlocks: VotesInBlocks(beacon: beacon, chain: scene.view))
    }

    /// As the driver calls it: on the loop.
    func perform(_ effect: Effect) {
        effects.beacon.loop.execute { [self] in effects.perform(effect, tasks) { self.events.add($0) } }
    }

    /// Ends what is owned, as a node does first.
    func stop() async { await tasks.stop() }

    /// Runs `body`, then stops everything in the order in which a node does. Returns all events that came: also what
    /// should not have.
    @discardableResult
    static func run(
        _ scene: DutyScene, beacon urls: [String] = [deadURL], network: Network = Network(), hasSigner: Bool = true,
        configure: (inout BeaconClientConfiguration) -> Void = { _ in }, _ body: (EffectHands) async throws -> Void
    ) async throws -> [Event] {
        let hands = try await withClient(urls, configure: configure) { client in
            let hands = EffectHands(scene, client, network, hasSigner: hasSigner)
            try await body(hands)
            await hands.stop()
            return hands
        }
        try await scene.threads.shutdown()
        return hands.events.all
    }

    /// What comes of effects that have `count` outcomes.
    static func outcomes(
        of effects: [Effect], count: Int = 1, _ scene: DutyScene, beacon urls: [String] = [deadURL],
        network: Network = Network(), hasSigner: Bool = true,
        configure: (inout BeaconClientConfiguration) -> Void = { _ in }
    ) async throws -> [Event] {
        try await run(scene, beacon: urls, network: network, hasSigner: hasSigner, configure: configure) { hands in
            for effect in effects { hands.perform(effect) }
            await hands.events.wait(for: count)
        }
    }
}
