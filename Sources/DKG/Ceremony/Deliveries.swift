import Ethereum
import Timing

/// What other participants must get: sent again with growing pauses until they have it or need it no more.
struct Deliveries: Sendable {
    /// One message for one participant.
    struct Item: Sendable {
        let peer: ParticipantIndex
        let content: Content
        let protocolID: CeremonyProtocol
        let bytes: [UInt8]
        /// The step in which the receiver needs it.
        let phase: Int
        fileprivate(set) var state = State.waiting(until: nil)
        fileprivate(set) var attempts = 0
        /// Why the last attempt came to nothing.
        fileprivate(set) var problem: String?
    }

    enum State: Equatable, Sendable {
        /// Nil: at once.
        case waiting(until: Instant?)
        case underWay
        case done
    }

    enum Content: Hashable, Sendable {
        /// Of the reliable broadcast of this name.
        case request(BroadcastID)
        case broadcast(BroadcastID)
        case shares
        case partials(SignatureKind)
        /// Of one Pedersen run; bundles also by their kind.
        case bundle(CeremonyProtocol, run: Int)
        case keyShare(run: Int)
    }

    /// Short: a phase of Pedersen may have ten seconds, and whoever is late by then is left out.
    private static let pauses = Backoff(base: .milliseconds(250), max: .milliseconds(500), jitter: 0)

    private var items: [Int: Item] = [:]
    private var lastID = 0

    /// Once for each peer and content.
    mutating func add(
        _ content: Content, to peers: [ParticipantIndex], _ protocolID: CeremonyProtocol, phase: Int,
        _ bytes: (ParticipantIndex) -> [UInt8]
    ) {
        for peer in peers where !items.values.contains(where: { $0.peer == peer && $0.content == content }) {
            lastID += 1
            items[lastID] = Item(
                peer: peer, content: content, protocolID: protocolID, bytes: bytes(peer), phase: phase)
        }
    }

    /// What to send now, in the order it was added; it counts as under way.
    ///
    /// - Parameter phase: the last one that has begun.
    mutating func due(
        at now: Instant, to linked: Set<ParticipantIndex>, phase: Int
    ) -> [(id: Int, item: Item)] {
        var due: [(Int, Item)] = []
        for id in items.keys.sorted() {
            guard let item = items[id], item.phase <= phase, linked.contains(item.peer),
                case .waiting(let until) = item.state,
                until.map({ $0 <= now }) ?? true
            else { continue }
            items[id]?.state = .underWay
            due.append((id, item))
        }
        return due
    }

    /// - Returns: the item, unless it is not needed any more.
    mutating func sent(_ id: Int) -> Item? {
        guard items[id]?.state == .underWay else { return nil }
        items[id]?.state = .done
        items[id]?.problem = nil
        return items[id]
    }

    /// - Returns: who has not got it; nil if it is not needed any more.
    @discardableResult
    mutating func failed(_ id: Int, _ reason: String, at now: Instant) -> ParticipantIndex? {
        guard var item = items[id], item.state != .waiting(until: nil) else { return nil }
        item.attempts += 1
        item.problem = reason
        item.state = .waiting(until: now + Self.pauses.delay(attempt: item.attempts))
        items[id] = item
        return item.peer
    }

    /// A peer that was away may have lost what it had not yet noted down.
    mutating func cameBack(_ peer: ParticipantIndex) {
        for (id, item) in items where item.peer == peer {
            items[id]?.state = .waiting(until: nil)
            items[id]?.attempts = 0
        }
    }

    /// A peer says that it has all of the steps before. Its word for a broadcast is needed as long as anybody needs that.
    mutating func reached(_ peer: ParticipantIndex, step: Int, everybody: Int) {
        guard items.values.contains(where: { $0.phase < step }) else { return }
        items = items.filter { _, item in
            if case .request = item.content { return item.phase >= everybody }
            return item.peer != peer || item.phase >= step
        }
    }

    /// Nobody needs these any more.
    mutating func forget(_ isIdle: (Content, ParticipantIndex) -> Bool) {
        items = items.filter { !isIdle($0.value.content, $0.value.peer) }
    }

    /// Peers that have not yet got something, and why.
    var open: [ParticipantIndex: String?] {
        var open: [ParticipantIndex: String?] = [:]
        for id in items.keys.sorted() {
            guard let item = items[id], item.state != .done, open[item.peer] == nil else { continue }
            open[item.peer] = .some(item.problem)
        }
        return open
    }
}
