import DutyWorkflow
import Ethereum
import Libp2p
import Synchronization

/// `/charon/peerinfo/2.0.0`: tells who we are to whoever asks, and asks every operator once a minute. What
/// they say, asked or asking, also shows when one identity runs twice. Who sees that tells the two, which cannot see each
/// other: peers talk to one of them, and the other finds itself alone.
package final class PeerInfoProtocol: Sendable {
    package static let id = "/charon/peerinfo/2.0.0"
    package static let interval = Duration.seconds(60)
    /// For reading a request and answering it.
    package static let timeout = Duration.seconds(5)

    /// Sends a request; the answer, and how long it took.
    package typealias Exchange =
        @Sendable (PeerIndex, _ request: [UInt8]) async throws -> (answer: [UInt8], roundTrip: Duration)

    private let own: PeerInfo
    private let peers: [PeerIndex]
    private let now: @Sendable () -> Instant
    private let warn: @Sendable (PeerIndex, PeerWarning) -> Void
    private let observe: @Sendable (PeerEvent) -> Void
    private let exchange: Exchange
    /// Nil for guests.
    private let index: @Sendable (PeerID) -> PeerIndex?
    private let twins = Mutex(TwinWatch())
    /// Found lately, by operator.
    private let found = Mutex<[PeerIndex: (twins: TwinWatch.Twins, at: Instant)]>([:])
    /// For so long they are told of each other.
    private static let twinsToldFor = interval * 3
    private let reports = Mutex<[PeerIndex: PeerReport]>([:])

    /// - Parameters:
    ///   - own: what we tell; `sentAt` is filled in.
    ///   - warn: called for every answer that gives reason to; the same warning comes again every minute.
    package convenience init(
        own: PeerInfo, host: Host, directory: PeerDirectory, now: @escaping @Sendable () -> Instant,
        warn: @escaping @Sendable (PeerIndex, PeerWarning) -> Void, observe: @escaping @Sendable (PeerEvent) -> Void
    ) {
        self.init(
            own: own, peers: directory.others, now: now, warn: warn, observe: observe,
            index: { directory.index(of: $0) },
            exchange: { peer, request in
                try await PeerStream.request(
                    request, to: directory[peer], protocols: [Self.id], answerBytesMax: PeerInfo.messageBytesMax,
                    host: host)
            })
    }

    init(
        own: PeerInfo, peers: [PeerIndex], now: @escaping @Sendable () -> Instant,
        warn: @escaping @Sendable (PeerIndex, PeerWarning) -> Void, observe: @escaping @Sendable (PeerEvent) -> Void,
        index: @escaping @Sendable (PeerID) -> PeerIndex? = { _ in nil }, exchange: @escaping Exchange
    ) {
        self.own = own
        self.peers = peers
        self.now = now
        self.warn = warn
        self.observe = observe
        self.index = index
        self.exchange = exchange
    }

    /// The latest report on each peer that ever answered.
    package var snapshot: [PeerIndex: PeerReport] { reports.withLock { $0 } }

    package func serve(on host: Host) {
        host.handle(Self.id, timeout: Self.timeout, concurrentPerPeer: 4) { [self] stream, _ in
            // Answered whatever it says: relays send an empty message.
            let request = try await stream.readMessageIfAny(limit: PeerInfo.messageBytesMax)
            if let request, let peer = index(stream.peer) {
                heard(request, from: peer, at: stream.connection.remoteAddress)
            }
            try await stream.writeMessage(message(for: index(stream.peer)), closing: true)
        }
    }

    /// Asks everybody every minute, until cancelled.
    package func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            await askAll()
        }
    }

    /// Asks every other operator now; returns when all answered or failed.
    package func askAll() async {
        await withDiscardingTaskGroup { group in
            for peer in peers { group.addTask { await self.ask(peer) } }
        }
    }

    /// Asks one operator now.
    package func ask(_ peer: PeerIndex) async {
        let topic = "peerinfo"
        do {
            let (bytes, roundTrip) = try await exchange(peer, message(for: peer))
            let received = now()
            observe(.sent(peer, protocolID: Self.id, topic: topic, took: roundTrip))
            take(try PeerInfo(wire: bytes), from: peer, at: received, roundTrip)
        } catch let fault as MessageFault {
            observe(.refused(peer, protocolID: Self.id, fault))
        } catch {
            // Not worth a warning: consensus and partial signatures tell sooner when a peer is down.
            observe(.sendFailed(peer, topic: topic, reason: "\(error)", isNews: false))
        }
    }

    /// A request tells as much of who asks as an answer does, and its address too.
    func heard(_ request: [UInt8], from peer: PeerIndex, at address: Multiaddr?) {
        guard let info = try? PeerInfo(wire: request), let startedAt = info.startedAt else { return }
        hear(info.twins, from: peer)
        watchTwins(peer, startedAt, address)
    }

    /// One of the two is this process, else it is about an earlier one.
    private func hear(_ twins: [Instant], from peer: PeerIndex) {
        guard let startedAt = own.startedAt, twins.contains(startedAt),
            let other = twins.first(where: { $0 != startedAt })
        else { return }
        warn(peer, .ownTwin(startedAt: other))
    }

    private func watchTwins(_ peer: PeerIndex, _ startedAt: Instant, _ address: Multiaddr?) {
        guard let twins = twins.withLock({ $0.saw(peer, startedAt: startedAt, at: address) }) else { return }
        found.withLock { $0[peer] = (twins, now()) }
        warn(peer, .runsTwice(twins))
    }

    /// - Parameter peer: nil for guests.
    private func message(for peer: PeerIndex?) -> [UInt8] {
        var info = own
        let now = now()
        info.sentAt = now
        // A clock that was set back tells them a while longer.
        if let peer, let (twins, at) = found.withLock({ $0[peer] }), now - at < Self.twinsToldFor {
            info.twins = [twins.one.startedAt, twins.other.startedAt]
        }
        return info.wireBytes()
    }

    private func take(_ answer: PeerInfo, from peer: PeerIndex, at received: Instant, _ roundTrip: Duration) {
        let assessment = reports.withLock { reports in
            let assessment = PeerInfoAssessment(
                of: answer, own: own, previous: reports[peer], receivedAt: received, roundTrip: roundTrip)
            if let report = assessment.report { reports[peer] = report }
            return assessment
        }
        for warning in assessment.warnings { warn(peer, warning) }
        hear(answer.twins, from: peer)
        if let startedAt = assessment.report?.startedAt { watchTwins(peer, startedAt, nil) }
    }
}
