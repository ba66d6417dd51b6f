import DutyWorkflow
import Ethereum
import Synchronization

/// For how long what commits us waited for the disk, by duty: from the turn in which the workflow wanted a record until
/// the loop heard that its commit is durable. So it counts the commit that was under way then, and both changes of
/// thread. For measurements: nothing depends on it.
package final class CommitWaits: Sendable {
    /// Two epochs of every type of duty, three times.
    private static let dutiesMax = 4096

    private struct State {
        /// The first record for the next commit.
        var next: [Duty: Instant] = [:]
        var underWay: [Duty: Instant] = [:]
        var totals: [Duty: Duration] = [:]
    }

    private let state = Mutex(State())

    /// A turn's effects.
    func add(_ effects: [Effect], at now: Instant) {
        state.withLock { state in
            for effect in effects {
                switch effect {
                case .persist(let record):
                    if let duty = record.duty, state.next[duty] == nil { state.next[duty] = now }
                case .note(.expired(let duty)): state.totals[duty] = nil
                default: break
                }
            }
        }
    }

    /// What was added makes the next commit.
    func begin() {
        state.withLock { state in
            state.underWay = state.next
            state.next = [:]
        }
    }

    /// The commit under way is durable. A clock that stepped back adds nothing.
    func end(at now: Instant) {
        state.withLock { state in
            for (duty, since) in state.underWay { state.totals[duty, default: .zero] += max(.zero, now - since) }
            state.underWay = [:]
            // Exits never expire.
            while state.totals.count > Self.dutiesMax, let oldest = state.totals.keys.min() {
                state.totals[oldest] = nil
            }
        }
    }

    /// Of all its commits so far.
    func total(_ duty: Duty) -> Duration { state.withLock { $0.totals[duty] ?? .zero } }
}
