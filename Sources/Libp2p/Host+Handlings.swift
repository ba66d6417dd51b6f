import Logging
import NIOCore

/// Streams being served: who may start, and who has to stop.
///
/// One task per stream, owned by this table: it is cancelled when it takes too long or the host stops, and `run` ends
/// only after it. A task group would do the same with two more thread switches per message. Streams of one message have
/// no task; they and the messages in hand are counted with the others.
struct Handlings {
    struct Handling {
        let stream: StreamKey
        let deadline: NIODeadline
        let task: Task<Void, Never>
        var isOverdue = false
    }

    struct StreamKey: Hashable {
        let peer: PeerID
        let protocolID: String
    }

    private var running: [Int: Handling] = [:]
    private var counts: [StreamKey: Int] = [:]
    private var lastID = 0
    private var messages = 0
    private(set) var isStopped = false

    var count: Int { running.count + messages }

    enum Admission { case admitted, tooManyOfPeer, tooMany }

    func admits(_ stream: StreamKey, ofPeerMax: Int, max: Int) -> Admission {
        guard count < max, !isStopped else { return .tooMany }
        return counts[stream, default: 0] < ofPeerMax ? .admitted : .tooManyOfPeer
    }

    /// A stream of one message.
    mutating func enter(_ stream: StreamKey) {
        counts[stream, default: 0] += 1
        messages += 1
    }

    /// Its message is done with.
    mutating func leave(_ stream: StreamKey) {
        messages -= 1
        uncount(stream)
    }

    mutating func start(_ stream: StreamKey, deadline: NIODeadline, _ make: (Int) -> Task<Void, Never>) {
        lastID += 1
        counts[stream, default: 0] += 1
        running[lastID] = Handling(stream: stream, deadline: deadline, task: make(lastID))
    }

    /// - Returns: whether it was told to stop because it took too long.
    mutating func end(_ id: Int) -> Bool {
        guard let handling = running.removeValue(forKey: id) else { return false }
        uncount(handling.stream)
        return handling.isOverdue
    }

    private mutating func uncount(_ stream: StreamKey) {
        let count = counts[stream, default: 1] - 1
        counts[stream] = count > 0 ? count : nil
    }

    mutating func takeOverdue(now: NIODeadline) -> [Task<Void, Never>] {
        let overdue = running.filter { $0.value.deadline <= now && !$0.value.isOverdue }
        for id in overdue.keys { running[id]?.isOverdue = true }
        return overdue.values.map(\.task)
    }

    mutating func stop() -> [Task<Void, Never>] {
        isStopped = true
        return running.values.map(\.task)
    }
}

extension Host {
    /// A peer opened a stream for a protocol we serve.
    nonisolated func accept(_ stream: Stream) {
        let key = Handlings.StreamKey(peer: stream.peer, protocolID: stream.protocolID)
        let fault = shared.withLock { shared -> PeerFault? in
            guard let registration = shared.handlers[stream.protocolID], case .stream(let handler) = registration.use
            else { return .tooManyStreams }
            if let fault = refusal(key, registration, shared.handlings) { return fault }
            shared.handlings.start(key, deadline: Self.deadline(registration)) { id in
                Task { await self.serve(stream, handler, id) }
            }
            return nil
        }
        guard let fault else { return }
        note(fault, of: stream.peer)
        stream.reset()
    }

    enum MessageAdmission {
        case admitted(MessageIntake)
        case refused(PeerFault)
        /// A protocol with a conversation.
        case isNone
    }

    /// A peer opened a stream: does it bring one message, and may it?
    nonisolated func admitMessage(_ protocolID: String, on connection: Connection) -> MessageAdmission {
        let key = Handlings.StreamKey(peer: connection.peer, protocolID: protocolID)
        return shared.withLock { shared in
            guard let registration = shared.handlers[protocolID],
                case .message(let limit, let take) = registration.use
            else { return .isNone }
            if let fault = refusal(key, registration, shared.handlings) { return .refused(fault) }
            shared.handlings.enter(key)
            return .admitted(
                MessageIntake(
                    reader: DelimitedReader(limit: limit), deadline: Self.deadline(registration),
                    place: MessagePlace(self, connection, key), take: take))
        }
    }

    private nonisolated func refusal(
        _ stream: Handlings.StreamKey, _ registration: Registration, _ handlings: Handlings
    ) -> PeerFault? {
        switch handlings.admits(
            stream, ofPeerMax: registration.concurrentPerPeer, max: configuration.limits.handlingsMax)
        {
        case .tooMany: .inboxFull
        case .tooManyOfPeer: .tooManyStreams
        case .admitted: nil
        }
    }

    private static func deadline(_ registration: Registration) -> NIODeadline {
        registration.timeout.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture
    }

    private nonisolated func serve(_ stream: Stream, _ handler: Handler, _ id: Int) async {
        let failure: (any Error)?
        do {
            try await handler(stream, stream.peer)
            failure = nil
        } catch { failure = error }
        if shared.withLock({ $0.handlings.end(id) }) {
            note(.handlerTimedOut, of: stream.peer)
            stream.reset()
        } else if failure is CancellationError {
            stream.reset()
        } else if let failure {
            // As Charon does: the other side sees an end without an answer.
            if case .tooManyBytesInHand? = failure as? StreamError {
                note(.tooManyBytesInHand, of: stream.peer)
            } else {
                note(.handlerFailed, of: stream.peer)
            }
            stream.close()
            logger.debug(
                "peer stream failed",
                metadata: ["peer": "\(stream.peer)", "protocol": "\(stream.protocolID)", "error": "\(failure)"])
        } else {
            stream.close()
        }
    }

    /// Streams being served and messages in hand now.
    package nonisolated var handlingsCount: Int { shared.withLock { $0.handlings.count } }

    nonisolated func cancelOverdueHandlings(now: NIODeadline) {
        for task in shared.withLock({ $0.handlings.takeOverdue(now: now) }) { task.cancel() }
    }

    nonisolated func finishHandlings() async {
        let tasks = shared.withLock { $0.handlings.stop() }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
