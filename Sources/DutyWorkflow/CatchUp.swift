import Ethereum

/// Peers to whom our open shares are owed: one that was away or starting has missed what was sent meanwhile, for nodes
/// sign an epoch's selections well ahead and send each share once.
///
/// At once when a peer connects, then no more than once a slot: one that comes and goes costs us little.
struct CatchUp: Sendable {
    private let pause: Duration
    private let peers: Range<Int>
    private var last: [PeerIndex: Instant] = [:]
    private var owed: [PeerIndex: Instant] = [:]

    init(configuration: WorkflowConfiguration) {
        pause = configuration.clock.slotDuration
        peers = 0..<configuration.nodes
    }

    mutating func connected(_ peer: PeerIndex, at now: Instant) {
        guard peers.contains(peer.rawValue), owed[peer] == nil else { return }
        // A time to come is of a clock that was stepped back.
        let earliest = last[peer].flatMap { $0 <= now ? $0 + pause : nil } ?? now
        owed[peer] = max(now, earliest)
    }

    /// Those whose turn it is; each is then owed nothing more.
    mutating func due(at now: Instant) -> [PeerIndex] {
        let due = owed.filter { $0.value <= now || $0.value > now + pause }.keys.sorted()
        for peer in due {
            owed[peer] = nil
            last[peer] = now
        }
        return due
    }

    var nextWake: Instant? { owed.values.min() }
}
