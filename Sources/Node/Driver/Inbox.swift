import DutyWorkflow
import Synchronization

/// Events on their way to the workflow. A peer's handler waits until its event is taken, so what peers have waiting here
/// is bounded by the streams and bytes each of them may have in hand. Our own results and the clock never wait.
final class Inbox: Sendable {
    private struct State: Sendable {
        var events: [Event] = []
        /// How often events were taken.
        var turn: UInt64 = 0
        /// Of this turn, by number.
        var deliverers: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextDeliverer: UInt64 = 0
        var reader: CheckedContinuation<Void, Never>?
        var isClosed = false

        mutating func append(_ event: Event) -> CheckedContinuation<Void, Never>? {
            events.append(event)
            defer { reader = nil }
            return reader
        }

        mutating func takeDeliverers() -> [CheckedContinuation<Void, Never>] {
            defer { deliverers = [:] }
            return Array(deliverers.values)
        }
    }

    private let state = Mutex(State())

    /// Adds an event, at once; none after the end.
    func post(_ event: Event) {
        state.withLock { $0.isClosed ? nil : $0.append(event) }?.resume()
    }

    /// Adds an event, and returns when it was taken. Cancelling ends the wait; the event stays.
    func deliver(_ event: Event) async {
        let added = state.withLock { state -> (reader: CheckedContinuation<Void, Never>?, turn: UInt64, id: UInt64)? in
            guard !state.isClosed else { return nil }
            state.nextDeliverer += 1
            return (state.append(event), state.turn, state.nextDeliverer)
        }
        guard let added else { return }
        added.reader?.resume()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.turn != added.turn || state.isClosed || Task.isCancelled { return true }
                    state.deliverers[added.id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.deliverers.removeValue(forKey: added.id) }?.resume()
        }
    }

    /// Everything that waits, at least one event; empty only when closed.
    func next() async -> [Event] {
        while true {
            let (events, isClosed, deliverers) = state.withLock { state in
                state.turn += 1
                defer { state.events = [] }
                return (state.events, state.isClosed, state.takeDeliverers())
            }
            for deliverer in deliverers { deliverer.resume() }
            if !events.isEmpty || isClosed { return events }
            await withCheckedContinuation { continuation in
                let resumeNow = state.withLock { state -> Bool in
                    if !state.events.isEmpty || state.isClosed { return true }
                    state.reader = continuation
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        }
    }

    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.reader = nil }
            return state.takeDeliverers() + (state.reader.map { [$0] } ?? [])
        }
        for waiter in waiting { waiter.resume() }
    }
}
