import DutyWorkflow
import Libp2p
import NIOCore
import Synchronization

/// `/charon/priority/2.0.0`: what one operator prefers, answered with what the other one does. Charon before v1.11 knows
/// it without the first slash only. Source: protocols.md §7.
package final class PriorityProtocol: Sendable {
    /// Most wanted first. Two protocols to libp2p.
    package static let ids = ["/charon/priority/2.0.0", "charon/priority/2.0.0"]
    /// For reading a request and answering it, the wait until we have begun included.
    package static let timeout = Duration.seconds(5)
    /// Streams of one peer and id at once: it asks once an epoch.
    private static let concurrentPerPeer = 2
    private static let topic = "priority_consensus"

    /// Sends a request; the answer, and how long it took.
    package typealias Exchange =
        @Sendable (PeerIndex, _ request: [UInt8]) async throws -> (answer: [UInt8], roundTrip: Duration)

    private let codec: PriorityCodec
    private let directory: PeerDirectory
    private let admits: @Sendable (Duty, PeerIndex) -> Admission
    private let answer: @Sendable (PeerIndex, PriorityMessage) async throws -> PriorityMessage?
    private let observe: @Sendable (PeerEvent) -> Void
    private let exchange: Exchange
    /// By operator, so no more than the cluster has.
    private let budgets = Mutex<[PeerIndex: WorkBudget]>([:])

    /// - Parameters:
    ///   - admits: the duty gate, asked on any thread.
    ///   - answer: takes a peer's request and gives our own message once there is one; nil if there will be none. It is
    ///     cancelled when the request gets too old.
    package convenience init(
        codec: PriorityCodec, host: Host, directory: PeerDirectory,
        admits: @escaping @Sendable (Duty, PeerIndex) -> Admission,
        answer: @escaping @Sendable (PeerIndex, PriorityMessage) async throws -> PriorityMessage?,
        observe: @escaping @Sendable (PeerEvent) -> Void
    ) {
        self.init(codec: codec, directory: directory, admits: admits, answer: answer, observe: observe) {
            peer, request in
            try await PeerStream.request(
                request, to: directory[peer], protocols: Self.ids, answerBytesMax: PriorityCodec.messageBytesMax,
                host: host)
        }
    }

    init(
        codec: PriorityCodec, directory: PeerDirectory, admits: @escaping @Sendable (Duty, PeerIndex) -> Admission,
        answer: @escaping @Sendable (PeerIndex, PriorityMessage) async throws -> PriorityMessage?,
        observe: @escaping @Sendable (PeerEvent) -> Void, exchange: @escaping Exchange
    ) {
        self.codec = codec
        self.directory = directory
        self.admits = admits
        self.answer = answer
        self.observe = observe
        self.exchange = exchange
    }

    // MARK: Serving

    package func serve(on host: Host) {
        for id in Self.ids {
            host.handle(id, timeout: Self.timeout, concurrentPerPeer: Self.concurrentPerPeer) { [self] stream, peer in
                let request = try await stream.readMessage(limit: PriorityCodec.messageBytesMax)
                guard let reply = try await respond(to: request, of: peer, protocolID: id) else { return }
                try await stream.writeMessage(reply, closing: true)
            }
        }
    }

    /// - Returns: nil if there is nothing to say: the peer sees an end without an answer.
    func respond(to request: [UInt8], of peer: PeerID, protocolID: String) async throws -> [UInt8]? {
        let sender = directory.index(of: peer)
        do {
            guard let sender else { throw MessageFault.unknownSender }
            let message = try admit(request, from: sender)
            observe(.delivered(sender, topic: Self.topic))
            return try await answer(sender, message)?.canonicalBytes()
        } catch let fault as MessageFault {
            observe(.refused(sender, protocolID: protocolID, fault))
            return nil
        }
    }

    private func admit(_ request: [UInt8], from sender: PeerIndex) throws(MessageFault) -> PriorityMessage {
        let now = NIODeadline.now()
        let isAffordable = budgets.withLock {
            $0[sender, default: WorkBudget(now: now)].take(WorkBudget.cost(bytes: request.count), now: now)
        }
        guard isAffordable else { throw .flooding }
        return try codec.decode(request, from: sender) { [admits] duty throws(MessageFault) in
            try admits(duty, sender).requireAdmitted()
        }
    }

    // MARK: Asking

    /// Tells every other operator what we prefer; returns when all have answered or failed.
    ///
    /// - Parameter deliver: takes an answer, signed by the peer that gave it.
    package func exchange(
        _ own: PriorityMessage, deliver: @escaping @Sendable (PeerIndex, PriorityMessage) -> Void
    ) async {
        let request = own.canonicalBytes()
        await withDiscardingTaskGroup { group in
            for peer in directory.others { group.addTask { await self.ask(peer, request, deliver) } }
        }
    }

    private func ask(
        _ peer: PeerIndex, _ request: [UInt8], _ deliver: @Sendable (PeerIndex, PriorityMessage) -> Void
    ) async {
        do {
            let (answer, roundTrip) = try await exchange(peer, request)
            observe(.sent(peer, protocolID: Self.ids[0], topic: Self.topic, took: roundTrip))
            // Of which duty it is the workflow looks at.
            deliver(peer, try codec.decode(answer, from: peer) { _ in })
        } catch let fault as MessageFault {
            observe(.refused(peer, protocolID: Self.ids[0], fault))
        } catch {
            // Not worth a warning: the peer asks too, and consensus tells sooner when it is down.
            observe(.sendFailed(peer, topic: Self.topic, reason: "\(error)", isNews: false))
        }
    }
}
