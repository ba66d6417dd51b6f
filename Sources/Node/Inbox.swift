import DutyWorkflow
import Synchronization

/// Events on their way to the workflow. Bounded for peers: what does not fit is dropped and counted, never queued
/// without end. Our own results and the clock always fit.
final class Inbox: Sendable {
    private struct State: Sendable {
        var events: [Event] = []
        var fromPeers = 0
        var dropped = 0
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    /// Messages of peers waiting at once: several slots of a 24-node cluster.
    private static let fromPeersMax = 8192
    private let state = Mutex(State())

    /// - Returns: false when the inbox is full and the event was dropped.
    @discardableResult
    func post(_ event: Event, fromPeer: Bool = false) -> Bool {
        let (waiter, isTaken) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
            guard !state.isClosed else { return (nil, false) }
            if fromPeer {
                guard state.fromPeers < Self.fromPeersMax else {
                    state.dropped += 1
                    return (nil, false)
                }
                state.fromPeers += 1
            }
            state.events.append(event)
            defer { state.waiter = nil }
            return (state.waiter, true)
        }
        waiter?.resume()
        return isTaken
    }

    /// Everything that waits, at least one event; empty only when closed.
    func next() async -> [Event] {
        while true {
            let (events, isClosed) = state.withLock { state -> ([Event], Bool) in
                defer {
                    state.events = []
                    state.fromPeers = 0
                }
                return (state.events, state.isClosed)
            }
            if !events.isEmpty || isClosed { return events }
            await withCheckedContinuation { continuation in
                let resumeNow = state.withLock { state -> Bool in
                    if !state.events.isEmpty || state.isClosed { return true }
                    state.waiter = continuation
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }?.resume()
    }

    var dropped: Int { state.withLock { $0.dropped } }
}
