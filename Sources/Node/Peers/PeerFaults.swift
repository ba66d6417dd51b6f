import DutyWorkflow
import PeerProtocols
import Synchronization

/// What peers did wrong: counted for `/debug/peers`, told once in a while for each peer and kind.
final class PeerFaults: Sendable {
    private let log = Mutex(FaultLog())

    func note(_ kind: String, of peer: PeerIndex?) -> FaultLog.Verdict {
        log.withLock { $0.note(kind, of: peer, at: .now) }
    }

    /// How often each kind happened, by peer; nil for guests.
    var counts: [PeerIndex?: [String: UInt64]] {
        log.withLock { $0.totals }.reduce(into: [:]) { counts, entry in
            counts[entry.key.peer, default: [:]][entry.key.kind] = entry.value
        }
    }
}
