import Timing
import Traces

/// Spans on their way to the collector: which of them are sent next, and when.
///
/// One batch is under way at a time. What does not work is tried again after growing pauses, and given up after
/// `attemptsMax`. What comes in meanwhile waits, up to `spansMax` and `bytesMax`: then the oldest are dropped, and
/// counted.
struct ExportQueue: Sendable {
    struct Limits: Sendable {
        var spansMax = 8192
        /// As `Span.heldBytes` counts.
        var bytesMax = 8 << 20
        var batchSpansMax = 512
        var batchBytesMax = 512 << 10
        /// Some five minutes: as long as a collector is away that is restarted or moved.
        var attemptsMax = 14
    }

    /// Spans since the start.
    struct Tally: Hashable, Sendable {
        var sent = 0
        /// For want of room.
        var crowdedOut = 0
        /// The collector did not want them.
        var refused = 0
        /// After too many attempts.
        var givenUp = 0

        var dropped: Int { crowdedOut + refused + givenUp }
    }

    private let limits: Limits
    private var random: SplitMix64
    private var backoff = Backoff(base: .seconds(1), max: .seconds(30))
    /// Those before `head` are gone.
    private var waiting: [Span?] = []
    private var head = 0
    private(set) var waitingBytes = 0
    /// Under way, or to be tried again.
    private var batch: [Span] = []
    private var attempts = 0
    private(set) var tally = Tally()

    init(limits: Limits = Limits(), seed: UInt64) {
        self.limits = limits
        random = SplitMix64(seed: seed)
    }

    /// Without those of the batch.
    var waitingCount: Int { waiting.count - head }
    var isEmpty: Bool { batch.isEmpty && waitingCount == 0 }

    mutating func add(_ spans: [Span]) {
        for span in spans {
            waiting.append(span)
            waitingBytes += span.heldBytes
            while waitingCount > limits.spansMax || waitingBytes > limits.bytesMax {
                guard popFirst() != nil else { break }
                tally.crowdedOut += 1
            }
        }
    }

    /// What to send now; empty if there is nothing.
    mutating func next() -> [Span] {
        guard batch.isEmpty else { return batch }
        var bytes = 0
        while batch.count < limits.batchSpansMax, let first = peek(),
            batch.isEmpty || bytes + first.heldBytes <= limits.batchBytesMax
        {
            bytes += first.heldBytes
            batch.append(first)
            _ = popFirst()
        }
        return batch
    }

    /// What became of it.
    ///
    /// - Returns: how long to wait; nil until there is something to send.
    mutating func finished(_ outcome: ExportOutcome) -> Duration? {
        switch outcome {
        case .taken(let rejected, _):
            tally.sent += batch.count - rejected
            tally.refused += rejected
            forgetBatch()
            backoff.reset()
            // A batch's worth more has piled up.
            return waitingCount >= limits.batchSpansMax || waitingBytes >= limits.batchBytesMax ? .zero : nil
        case .later:
            attempts += 1
            if attempts >= limits.attemptsMax {
                tally.givenUp += batch.count
                forgetBatch()
            }
        case .refused:
            tally.refused += batch.count
            forgetBatch()
        }
        return backoff.next(using: &random)
    }

    /// Nothing will be sent any more.
    mutating func giveUp() {
        tally.givenUp += batch.count + waitingCount
        forgetBatch()
        (waiting, head, waitingBytes) = ([], 0, 0)
    }

    // MARK: Private parts

    private mutating func forgetBatch() { (batch, attempts) = ([], 0) }

    private func peek() -> Span? { head < waiting.count ? waiting[head] : nil }

    private mutating func popFirst() -> Span? {
        guard let first = peek() else { return nil }
        waiting[head] = nil
        head += 1
        waitingBytes -= first.heldBytes
        // Moved together when half of it is gone: each span is moved about once.
        if head > waiting.count / 2 {
            waiting.removeFirst(head)
            head = 0
        }
        return first
    }
}
