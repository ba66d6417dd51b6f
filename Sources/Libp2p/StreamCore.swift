import NIOCore
import Synchronization

/// The meeting point of a stream's user (any task) and its connection (the event loop): two queues and their waiters.
///
/// The user side never hops to the loop: it leaves bytes and requests here and, if nobody did yet, wakes the
/// connection, which takes everything in one go. So a request written, then closed, leaves as one packet.
/// The loop's side is in `StreamCore+Loop.swift`.
final class StreamCore: Sendable {
    /// Written and not yet taken; above this `write` waits.
    static let outboundBytesMax = 1 << 18
    /// Read bytes are reported to the window in pieces of at least this.
    static let creditStep = 1 << 16

    let connection: Connection
    /// The connection's own notes; only on its loop.
    let entry: NIOLoopBoundBox<StreamEntry>
    let state = Mutex(State())
    /// Bytes of messages read here that count against the peer's budget.
    private let claimed = Atomic<Int>(0)

    init(connection: Connection, entry: sending StreamEntry) {
        self.connection = connection
        self.entry = NIOLoopBoundBox.makeBoxSendingValue(entry, eventLoop: connection.loop)
    }

    // MARK: Reading

    fileprivate enum Step<T: Sendable>: Sendable {
        case value(T)
        case end
        /// Until more than these have arrived.
        case wait(arrivals: UInt64)
    }

    /// Takes from what has arrived with `take`; waits and asks again while it returns nil.
    ///
    /// - Returns: nil at the end of the stream.
    func read<T: Sendable>(_ take: (inout ByteBuffer) throws -> T?) async throws -> T? {
        while true {
            let (step, wakes) = try state.withLock { state in try state.read(take) }
            if wakes { connection.wake(self) }
            switch step {
            case .value(let value): return value
            case .end: return nil
            case .wait(let arrivals): try await waitForInbound(after: arrivals)
            }
        }
    }

    private func waitForInbound(after arrivals: UInt64) async throws {
        // A lazily opened stream that is read before it is written must be announced.
        announce()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.reader != nil { return .failure(StreamError.busy) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.arrivals != arrivals { return .success(()) }
                    state.reader = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.takeReader() }?.resume(throwing: CancellationError())
        }
    }

    /// Takes a message's length from the peer's budget; given back when the stream's user lets go.
    func claim(_ bytes: Int) throws(StreamError) {
        guard connection.claim(bytes) else { throw .tooManyBytesInHand(claimed: bytes) }
        claimed.add(bytes, ordering: .relaxed)
    }

    func releaseClaim() { connection.release(claimed.exchange(0, ordering: .relaxed)) }

    // MARK: Writing

    /// Queues bytes, and the end if `closing`; waits only while too much is queued. Cancelling resets the stream.
    ///
    /// - Parameter queuedMax: what may stay queued when it returns.
    func write(_ bytes: ByteBuffer, closing: Bool, queuedMax: Int = outboundBytesMax) async throws {
        let (wakes, waits) = try state.withLock { state in
            if let failure = state.failure { throw failure }
            guard !state.finishRequested else { throw StreamError.writeClosed }
            if bytes.readableBytes > 0 {
                state.outbound.append(bytes)
                state.outboundBytes += bytes.readableBytes
            }
            state.finishRequested = closing
            return (state.schedule(), state.outboundBytes > queuedMax)
        }
        if wakes { connection.wake(self) }
        if waits { try await wait(for: .room(queuedMax)) }
    }

    /// Ends our side, and waits until everything, the end included, was handed to the connection.
    func finish() async throws {
        let (wakes, waits) = try state.withLock { state in
            if state.finishTaken { return (false, false) }
            if let failure = state.failure { throw failure }
            state.finishRequested = true
            return (state.schedule(), true)
        }
        if wakes { connection.wake(self) }
        if waits { try await wait(for: .finish) }
    }

    /// Waits until the peer has agreed to a protocol, and names it.
    func negotiated() async throws -> String {
        announce()
        try await wait(for: .agreement)
        guard let agreed = state.withLock({ $0.agreed }) else { throw StreamError.timedOut }
        return agreed
    }

    /// Cancelling it resets the stream: half a message may be out, and the rest must not follow later in another
    /// message's place.
    private func wait(for goal: Waiter.Goal) async throws {
        do { try await suspend(until: goal) } catch let error as CancellationError {
            reset(code: 0)
            throw error
        }
    }

    private func suspend(until goal: Waiter.Goal) async throws {
        let id = Waiter.nextID.add(1, ordering: .relaxed).newValue
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.isReached(goal) { return .success(()) }
                    if let failure = state.failure { return .failure(failure) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters.append(Waiter(id: id, goal: goal, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    // MARK: Ending

    /// Ends our side after what is queued, and ignores what still comes.
    func close() {
        releaseClaim()
        request { state in
            state.finishRequested = true
            state.closeRequested = true
            state.discardsInbound = true
            state.credit += state.inbound.readableBytes
            state.inbound.clear()
        }
    }

    func reset(code: UInt32) {
        releaseClaim()
        request { $0.resetRequested = code }
        fail(.reset(code: code))
    }

    private func announce() {
        request { _ in }
    }

    private func request(_ change: (inout State) -> Void) {
        let wakes = state.withLock { state in
            guard state.failure == nil else { return false }
            change(&state)
            return state.schedule()
        }
        if wakes { connection.wake(self) }
    }
}

extension StreamCore {
    /// Somebody who waits for something other than bytes.
    struct Waiter {
        enum Goal {
            /// At most so many bytes are queued.
            case room(Int)
            case finish, agreement
        }

        static let nextID = Atomic<Int>(0)

        let id: Int
        let goal: Goal
        let continuation: CheckedContinuation<Void, any Error>
    }

    struct State {
        var inbound = ByteBuffer()
        /// Counts changes a reader may wait for.
        var arrivals: UInt64 = 0
        var inboundEnded = false
        var discardsInbound = false
        var reader: CheckedContinuation<Void, any Error>?
        /// Read, and not yet reported to the window.
        var credit = 0

        var outbound = CircularBuffer<ByteBuffer>(initialCapacity: 2)
        var outboundBytes = 0
        var finishRequested = false
        var finishTaken = false
        var agreed: String?
        var waiters: [Waiter] = []

        /// The connection knows that there is something to take.
        var isScheduled = false
        var closeRequested = false
        var resetRequested: UInt32?
        var failure: StreamError?

        fileprivate mutating func read<T>(
            _ take: (inout ByteBuffer) throws -> T?
        ) throws -> (step: Step<T>, wakes: Bool) {
            guard reader == nil else { throw StreamError.busy }
            let before = inbound.readableBytes
            let value = try take(&inbound)
            credit += before - inbound.readableBytes
            trimInbound()
            let wakes = credit >= StreamCore.creditStep && schedule()
            if let value { return (.value(value), wakes) }
            if inboundEnded { return (.end, wakes) }
            if let failure { throw failure }
            return (.wait(arrivals: arrivals), wakes)
        }

        /// Gives memory back, without moving bytes on every small read.
        private mutating func trimInbound() {
            if inbound.readableBytes > 0 {
                if inbound.readerIndex > StreamCore.outboundBytesMax { inbound.discardReadBytes() }
            } else if inbound.capacity > StreamCore.outboundBytesMax {
                inbound = ByteBuffer()
            } else {
                inbound.clear()
            }
        }

        /// Whether the caller has to wake the connection.
        mutating func schedule() -> Bool {
            defer { isScheduled = true }
            return !isScheduled
        }

        mutating func takeReader() -> CheckedContinuation<Void, any Error>? {
            defer { reader = nil }
            return reader
        }

        func isReached(_ goal: Waiter.Goal) -> Bool {
            switch goal {
            case .room(let queuedMax): outboundBytes <= queuedMax
            case .finish: finishTaken
            case .agreement: agreed != nil
            }
        }
    }
}
