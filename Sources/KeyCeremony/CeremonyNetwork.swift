import DKG
import Libp2p
import Logging
import NIOCore
import Node
import SSZ
import Synchronization
import Timing

/// A ceremony's protocols on a libp2p host: streams to bytes and back, and no rule. Source: spec/dkg.md §1, §2.
package final class CeremonyNetwork: Sendable {
    private static let syncInterval = Duration.milliseconds(100)
    private static let redialMax = Duration.seconds(1)
    /// For an answer on a sync stream: behind it is a connection that nobody has noticed to be dead.
    private static let syncAnswerMax = Duration.seconds(15)
    /// For a stream to be there, to be written and to be answered: of the slowest, the broadcast of Charon.
    private static let sendMax = Duration.seconds(60)
    private static let receiveMax = Duration.seconds(120)
    private static let streamsPerPeerMax = 16

    private let plan: CeremonyPlan
    private let host: Host
    private let peers: [PeerID]
    private let logger: Logger
    private let streams = Atomic<Int>(0)
    /// By participant: our sync stream has something new to say.
    private let bells: [Bell]
    /// Sync streams being served, and a ring for each that ends.
    private let served = Atomic<Int>(0)
    private let hungUp = Bell()

    package init(_ plan: CeremonyPlan, on host: Host, logger: Logger) {
        self.plan = plan
        self.host = host
        self.logger = logger
        peers = plan.operators.map { PeerID($0) }
        bells = plan.operators.map { _ in Bell() }
    }

    /// Of the largest message that a ceremony has.
    package static func messageBytesMax(_ plan: CeremonyPlan) -> Int {
        let values = BroadcastID.allCases.map {
            $0.valueBytesMax(threshold: plan.threshold, validators: plan.validators)
        }
        let broadcast = BroadcastMessage.bytesMax(
            valueBytesMax: values.max() ?? 0, participants: plan.participants)
        return max(
            broadcast, PartialSignatureSet.bytesMax(validators: plan.signedValidatorsMax),
            DealBundleMessage.bytesMax(participants: plan.participants))
    }

    // MARK: Serving

    /// Serves all phases; before anybody is told that we are here.
    package func serve(_ driver: CeremonyDriver) {
        let limit = Self.messageBytesMax(plan)
        for protocolID in CeremonyProtocol.allCases where isServed(protocolID) {
            if protocolID == .sync {
                host.handle(protocolID.rawValue, timeout: nil, concurrentPerPeer: Self.streamsPerPeerMax) {
                    [self] stream, peer in
                    try await serveSync(stream, from: peer, driver)
                }
                continue
            }
            host.handle(
                protocolID.rawValue, timeout: Self.receiveMax, concurrentPerPeer: Self.streamsPerPeerMax
            ) { [self] stream, peer in
                guard let index = index(of: peer) else { return }
                let bytes = try await stream.readMessage(limit: limit)
                let answer = await driver.answer(bytes, protocolID, from: index)
                guard let answer, protocolID.answer != .nothing else { return }
                try await stream.writeMessage(answer, closing: true)
            }
        }
    }

    private func isServed(_ protocolID: CeremonyProtocol) -> Bool {
        switch protocolID {
        case .sync, .partialSignatures: true
        case .broadcastSign1, .broadcastDeliver1: plan.release == .v1_10
        case .broadcastSign2, .broadcastDeliver2: plan.release == .v1_11
        case .frostShares: plan.algorithm == .frost
        case .dealBundle, .responseBundle, .justificationBundle, .keyShare: plan.algorithm == .pedersen
        }
    }

    private func index(of peer: PeerID) -> ParticipantIndex? { peers.firstIndex(of: peer) }

    private func serveSync(_ stream: Libp2p.Stream, from peer: PeerID, _ driver: CeremonyDriver) async throws {
        guard let index = index(of: peer) else { return }
        let number = streams.add(1, ordering: .relaxed).newValue
        served.add(1, ordering: .relaxed)
        defer {
            served.subtract(1, ordering: .relaxed)
            hungUp.ring()
        }
        do {
            var frames = SyncFrames(bytesMax: SyncMessage.bytesMax)
            while let piece = try await stream.read() {
                for message in try frames.receive(Array(piece.readableBytesView)) {
                    guard let answer = await driver.answerSync(message, from: index, stream: number) else {
                        throw StreamError.truncated
                    }
                    try await stream.write(SyncFrames.frame(answer.bytes))
                    guard answer.ends else { continue }
                    // Whoever ends its own side then has our answer. Charon's nodes do when their process ends.
                    if answer.isGoodbye {
                        try await stream.closeWrite()
                        while try await stream.read() != nil {}
                    }
                    return
                }
            }
        } catch {
            await driver.post(.syncStreamEnded(index, stream: number))
            throw error
        }
        await driver.post(.syncStreamEnded(index, stream: number))
    }

    /// Until nobody holds a sync stream to us any more: our answer to their goodbye was their last wish.
    ///
    /// - Parameter patience: for those who hold one although they need it no more, at most.
    package func waitForHangingUp(atMost patience: Duration) async {
        try? await withDeadline(patience) { [self] in
            while served.load(ordering: .relaxed) > 0, !Task.isCancelled { await hungUp.wait() }
        }
    }

    // MARK: Asking

    /// Our sync streams have something new to say.
    package func announce() { for bell in bells { bell.ring() } }

    /// Keeps a sync stream to every other operator, until each has heard our goodbye, or cancelled.
    package func runSync(_ driver: CeremonyDriver) async {
        await withDiscardingTaskGroup { group in
            for index in plan.others { group.addTask { await self.keepSync(with: index, driver) } }
        }
    }

    private func keepSync(with index: ParticipantIndex, _ driver: CeremonyDriver) async {
        var backoff = Backoff(base: .milliseconds(100), max: Self.redialMax)
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled, await driver.wantsSyncStream(to: index) {
            do {
                let stream = try await host.newStream(
                    to: peers[index], protocols: [CeremonyProtocol.sync.rawValue], within: .seconds(10))
                var frames = SyncFrames(bytesMax: SyncResponse.bytesMax)
                var isReached = false
                defer { stream.close() }
                while true {
                    guard let message = await driver.syncMessage(to: index) else { return }
                    try await stream.write(SyncFrames.frame(message))
                    let (answer, rest) = try await Self.answer(on: stream, frames)
                    frames = rest
                    if !isReached {
                        isReached = true
                        backoff.reset()
                        await driver.post(.syncReached(index))
                    }
                    await driver.post(.syncAnswer(index, answer))
                    guard await driver.wantsSyncStream(to: index) else { break }
                    try await bells[index].wait { try await Task.sleep(for: Self.syncInterval) }
                }
            } catch {
                logger.debug("sync stream", metadata: ["peer": "\(index)", "error": "\(error)"])
            }
            await driver.post(.syncLost(index))
            try? await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    private static func answer(
        on stream: Libp2p.Stream, _ frames: SyncFrames
    ) async throws -> (answer: [UInt8], frames: SyncFrames) {
        try await withDeadline(syncAnswerMax) {
            var frames = frames
            while let piece = try await stream.read() {
                // One question, one answer: what comes beyond is of no meaning.
                if let answer = try frames.receive(Array(piece.readableBytesView)).first { return (answer, frames) }
            }
            throw StreamError.truncated
        }
    }

    /// One message on a stream of its own.
    ///
    /// - Returns: the answer, where the protocol has one.
    package func send(
        _ bytes: [UInt8], _ protocolID: CeremonyProtocol, to index: ParticipantIndex
    ) async throws -> [UInt8]? {
        let peer = peers[index]
        do {
            return try await withDeadline(Self.sendMax) { [host] in
                let stream = try await host.newStream(to: peer, protocols: [protocolID.rawValue])
                try await stream.writeMessage(bytes, closing: true)
                guard protocolID.answer == .message else {
                    try await stream.closeWrite()
                    stream.close()
                    return nil
                }
                let answer = try await stream.readMessageIfAny(limit: BroadcastSignResponse.bytesMax)
                stream.close()
                return answer
            }
        } catch StreamError.refused(let protocols) {
            throw UnknownProtocol(description: "\(StreamError.refused(protocols))")
        } catch is DeadlineExceeded { throw StreamError.timedOut }
    }
}
