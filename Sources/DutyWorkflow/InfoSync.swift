import Ethereum
import QBFT

/// Agrees with the other nodes on versions, protocols and kinds of proposals, in the last slot of every epoch: all tell
/// all what they prefer, each makes a result of what it heard, and consensus picks one. Source: protocols.md §7.
struct InfoSync: Sendable {
    /// Signs our message. Deterministic.
    typealias Seal = @Sendable (PriorityMessage) -> PriorityMessage

    private enum Stage {
        /// Peers have begun, we have not.
        case ahead
        case gathering(until: Instant)
        /// Too few have answered in time: a result is proposed as soon as enough have.
        case overdue
        case proposed
    }

    /// A request that is answered when our own exchange begins.
    private struct Waiting {
        let ticket: Ticket
        let peer: PeerIndex
        let until: Instant
    }

    private struct Exchange {
        var stage = Stage.ahead
        var own: PriorityMessage?
        /// The first of each operator, in the order of arrival, ours before them.
        var messages: [PriorityMessage] = []
        var waiting: [Waiting] = []
    }

    /// After that a result is made of what has come, on chains with slots of 12 s. With shorter ones half a slot, or
    /// consensus would have no time left.
    private static let gatheringMax = Duration.seconds(6)
    private static let waitMax = Duration.seconds(5)
    private static let waitingPerPeerMax = 2

    private let configuration: WorkflowConfiguration
    private let seal: Seal
    /// By duty: those of the last slot of an epoch, while it is not over. So there are one or two.
    private var exchanges: [Duty: Exchange] = [:]
    private var lastStarted: Slot?
    private var history = PriorityHistory()

    init(configuration: WorkflowConfiguration, seal: @escaping Seal) {
        self.configuration = configuration
        self.seal = seal
    }

    // MARK: Our own exchange

    /// The duty whose time is now, unless it was begun before. To be asked once a slot or more often.
    func due(at now: Instant) -> Duty? {
        guard configuration.infoSync != nil, let slot = configuration.clock.slot(at: now), isLastOfEpoch(slot),
            lastStarted.map({ $0 < slot }) ?? true
        else { return nil }
        return Duty(slot: slot, type: .infoSync)
    }

    /// - Precondition: the duty is due.
    /// - Parameter besides: what else this node tells.
    mutating func start(
        _ duty: Duty, besides topics: [PriorityMessage.TopicProposal] = [], at now: Instant
    ) -> [Signal] {
        guard let setup = configuration.infoSync else { return [] }
        lastStarted = duty.slot
        let own = seal(
            PriorityMessage(
                duty: duty, topics: setup.topics + topics, peerID: setup.peerIDs[configuration.peer.rawValue]))
        var exchange = exchanges[duty] ?? Exchange()
        exchange.own = own
        exchange.messages.insert(own, at: 0)
        exchange.stage = .gathering(until: now + min(Self.gatheringMax, configuration.clock.slotDuration / 2))
        let answers = exchange.waiting.map { Signal.perform(.answer($0.ticket, .priorities(own))) }
        exchange.waiting = []
        exchanges[duty] = exchange
        return [.perform(.exchangePriorities(own))] + answers + propose(duty, at: now)
    }

    // MARK: Peers

    /// A peer's message, signed by it: its answer to ours, or a request.
    ///
    /// - Parameter ticket: of a request, which wants our message.
    mutating func receive(
        _ message: PriorityMessage, from peer: PeerIndex, _ ticket: Ticket?, at now: Instant
    ) -> [Signal] {
        let duty = message.duty
        guard configuration.infoSync != nil, duty.type == .infoSync, isLastOfEpoch(duty.slot) else {
            return refuse(ticket, "no info-sync in duty \(duty)")
        }
        do {
            _ = try PriorityResult(of: [message], threshold: configuration.threshold)
        } catch {
            return [.tracked(duty, .peerRefused(peer, "\(error)"))] + refuse(ticket, "\(error)")
        }
        var exchange = exchanges[duty] ?? Exchange()
        if !exchange.messages.contains(where: { $0.peerID == message.peerID }) { exchange.messages.append(message) }
        var signals: [Signal] = []
        if let ticket {
            if let own = exchange.own {
                signals = [.perform(.answer(ticket, .priorities(own)))]
            } else if exchange.waiting.count(where: { $0.peer == peer }) < Self.waitingPerPeerMax {
                exchange.waiting.append(Waiting(ticket: ticket, peer: peer, until: now + Self.waitMax))
            } else {
                signals = refuse(ticket, "too many requests wait")
            }
        }
        exchanges[duty] = exchange
        return signals + propose(duty, at: now)
    }

    mutating func cancel(_ ticket: Ticket) {
        for duty in exchanges.keys { exchanges[duty]?.waiting.removeAll { $0.ticket == ticket } }
    }

    // MARK: Time

    mutating func wake(at now: Instant) -> [Signal] {
        var signals: [Signal] = []
        for duty in exchanges.keys.sorted() {
            guard var exchange = exchanges[duty] else { continue }
            for late in exchange.waiting where late.until <= now {
                signals += refuse(late.ticket, "this node has not begun info-sync")
            }
            exchange.waiting.removeAll { $0.until <= now }
            if case .gathering(let until) = exchange.stage, until <= now { exchange.stage = .overdue }
            exchanges[duty] = exchange
            signals += propose(duty, at: now)
        }
        return signals
    }

    /// Of exchanges under way. New ones begin with the slot, when the scheduler wakes the workflow anyway.
    var nextWake: Instant? {
        exchanges.values.flatMap { exchange in
            var times = exchange.waiting.map(\.until)
            if case .gathering(let until) = exchange.stage { times.append(until) }
            return times
        }.min()
    }

    mutating func expire(_ duty: Duty) -> [Signal] {
        guard let exchange = exchanges.removeValue(forKey: duty) else { return [] }
        return exchange.waiting.flatMap { refuse($0.ticket, "duty \(duty) is over") }
    }

    // MARK: Results

    /// Why no node should vote for a proposed result; nil if all is well. Charon looks at none, so what is decided all the
    /// same is taken as it is.
    func fault(in result: PriorityResult, of duty: Duty) -> String? {
        guard let setup = configuration.infoSync else { return nil }
        guard isLastOfEpoch(duty.slot) else { return "priorities in a slot that is not the last of its epoch" }
        guard result.messages.count >= configuration.threshold else { return "what too few operators prefer" }
        guard result.messages.allSatisfy({ $0.duty == duty && setup.peerIDs.contains($0.peerID) }) else {
            return "priorities of another duty or cluster"
        }
        do {
            let isResult = try result.isResult(ofItsMessages: configuration.threshold)
            return isResult ? nil : "what its own messages do not amount to"
        } catch {
            return "\(error)"
        }
    }

    mutating func decided(_ duty: Duty, _ result: PriorityResult) -> [Signal] {
        exchanges[duty]?.stage = .proposed
        let agreed = AgreedPriorities(result, at: duty.slot)
        return history.add(agreed) ? [.perform(.report(.prioritiesAgreed(agreed)))] : []
    }

    /// The newest agreement not after a slot. Nil before the first one of this life.
    func agreed(at slot: Slot) -> AgreedPriorities? { history.agreed(at: slot) }

    /// Whether nodes send sync contributions as lists in a duty of this slot. Without an agreement they do not.
    func supportsContributionLists(at slot: Slot) -> Bool { agreed(at: slot)?.supportsContributionLists ?? false }

    /// About what peers make us hold, in bytes.
    var heldBytes: Int {
        exchanges.values.reduce(0) { $0 + $1.messages.reduce(0) { $0 + $1.canonicalBytes().count } }
    }

    // MARK: Private parts

    /// Once: when everybody has answered, or in time. Of fewer operators than the threshold nothing could be agreed on.
    private mutating func propose(_ duty: Duty, at now: Instant) -> [Signal] {
        guard let exchange = exchanges[duty] else { return [] }
        let count = exchange.messages.count
        switch exchange.stage {
        case .gathering where count == configuration.nodes: break
        case .overdue where count >= configuration.threshold: break
        case .ahead, .gathering, .overdue, .proposed: return []
        }
        exchanges[duty]?.stage = .proposed
        do {
            let result = try PriorityResult(of: exchange.messages, threshold: configuration.threshold)
            return [.prioritised(duty, result)]
        } catch {
            // Each message was looked at when it came, but for their number.
            return [.tracked(duty, .consensusFault("priorities: \(error)"))]
        }
    }

    private func refuse(_ ticket: Ticket?, _ why: String) -> [Signal] {
        ticket.map { [.perform(.answer($0, .refused(why)))] } ?? []
    }

    private func isLastOfEpoch(_ slot: Slot) -> Bool {
        slot.rawValue % configuration.clock.slotsPerEpoch == configuration.clock.slotsPerEpoch - 1
    }
}
