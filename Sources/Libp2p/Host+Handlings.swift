import Logging
import NIOCore

/// Streams being served: who may start, and who has to stop.
///
/// One task per stream, owned by this table: it is cancelled when it takes too long or the host stops, and `run` ends
/// only after it. A task group would do the same with two more thread switches per message.
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
    private(set) var isStopped = false

    var count: Int { running.count }

    enum Admission { case admitted, tooManyOfPeer, tooMany }

    func admits(_ stream: StreamKey, ofPeerMax: Int, max: Int) -> Admission {
        guard running.count < max, !isStopped else { return .tooMany }
        return counts[stream, default: 0] < ofPeerMax ? .admitted : .tooManyOfPeer
    }

    mutating func start(_ stream: StreamKey, deadline: NIODeadline, _ make: (Int) -> Task<Void, Never>) {
        lastID += 1
        counts[stream, default: 0] += 1
        running[lastID] = Handling(stream: stream, deadline: deadline, task: make(lastID))
    }

    /// - Returns: whether it was told to stop because it took too long.
    mutating func end(_ id: Int) -> Bool {
        guard let handling = running.removeValue(forKey: id) else { return false }
        let count = counts[handling.stream, default: 1] - 1
        counts[handling.stream] = count > 0 ? count : nil
        return handling.isOverdue
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
            guard let registration = shared.handlers[stream.protocolID] else { return .tooManyStreams }
            switch shared.handlings.admits(
                key, ofPeerMax: registration.concurrentPerPeer, max: configuration.limits.handlingsMax)
            {
            case .tooMany: return .inboxFull
            case .tooManyOfPeer: return .tooManyStreams
            case .admitted: break
            }
            let deadline = registration.timeout.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture
            shared.handlings.start(key, deadline: deadline) { id in
                Task { await self.serve(stream, registration.handler, id) }
            }
            return nil
        }
        guard let fault else { return }
        note(fault, of: stream.peer)
        stream.reset()
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

    /// Streams being served now.
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
