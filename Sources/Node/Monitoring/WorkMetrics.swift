import DutyWorkflow
import Ethereum
import Prometheus

/// How long a duty's work takes, and when its parts come: from the workflow's effects and what comes of them.
struct WorkMetrics: Sendable {
    typealias Duties = Labels1<MetricLabels.DutyKind>

    private static let arrivalBuckets = [
        0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 5,
    ]
    private static let cryptoBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

    private let blinded: Gauge<NoLabels>
    private let payee: Gauge<NoLabels>
    private let arrivals: Histogram<Labels2<MetricLabels.DutyKind, MetricLabels.PeerNumber>>
    private let exits: Counter<Labels1<MetricLabels.PubKeyShort>>
    private let verification: Histogram<Duties>
    private let aggregation: Histogram<Duties>
    private let broadcasts: Counter<Duties>
    private let broadcastDelay: Histogram<Duties>
    private let registrations: Counter<NoLabels>
    private let registrationErrors: Counter<NoLabels>
    private let own: PeerIndex

    init(_ all: inout MetricRegistry, own: PeerIndex) {
        self.own = own
        blinded = all.gauge("core_fetcher_proposal_blinded", "The last block is a builder's: 1, or the node's own: 2.")
        payee = all.gauge(
            "core_fetcher_proposal_local_mismatch_fee_recipient",
            "Whom the beacon node's last block pays: 0 a builder's, 1 as the cluster says, 2 somebody else.")
        arrivals = all.histogram(
            "core_parsigdb_store", "Arrival of a partial signature after its duty's begin, in seconds.",
            Labels2<MetricLabels.DutyKind, MetricLabels.PeerNumber>.self, buckets: Self.arrivalBuckets)
        exits = all.counter(
            "core_parsigdb_exit_total", "Partial signatures of exits.", Labels1<MetricLabels.PubKeyShort>.self)
        verification = all.histogram(
            "core_parsigex_set_verification_seconds",
            "Check of a peer's set before it is combined, which happens after bad ones only.",
            Duties.self, buckets: Self.cryptoBuckets)
        aggregation = all.histogram(
            "core_sigagg_slot_aggregation_seconds", "Combination of a duty's shares, with the check of the result.",
            Duties.self, buckets: Self.cryptoBuckets)
        broadcasts = all.counter("core_bcast_broadcast_total", "Duties that a beacon node took.", Duties.self)
        broadcastDelay = all.histogram(
            "core_bcast_broadcast_delay_seconds", "From when it is expected until a beacon node took it.",
            Duties.self, buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60])
        registrations = all.counter(
            "core_scheduler_submit_registration_total", "Requests with builder registrations.")
        registrationErrors = all.counter(
            "core_scheduler_submit_registration_errors_total", "Requests with builder registrations that failed.")
        // Rates need a point to start from.
        for type in DutyType.allCases where type.rules.isBroadcast { broadcasts.add(0, .init(.init(type))) }
        registrations.add(0)
        registrationErrors.add(0)
    }

    /// An effect begins: takes the events that come of it.
    func watch(
        _ effect: Effect, _ clock: SlotClock, now: @escaping @Sendable () -> Instant
    ) -> @Sendable (Event) -> Void {
        let start = now()
        switch effect {
        case .fetch:
            return { event in
                guard case .fetched(_, .proposal(let proposal)) = event else { return }
                blinded.set(proposal.isBlinded ? 1 : 2)
                // The workflow compares; it speaks up after this.
                payee.set(proposal.isBlinded ? 0 : 1)
            }
        case .shareWithPeers(let duty, let set): arrived(duty, set, from: own, clock, at: start)
        case .verify(_, let duty, _):
            return { _ in verification.observe(now() - start, .init(.init(duty.type))) }
        case .recover(let duty, _):
            return { _ in aggregation.observe(now() - start, .init(.init(duty.type))) }
        case .broadcast(let duty, _):
            return { event in
                guard case .broadcastSucceeded = event else { return }
                broadcasts.add(1, .init(.init(duty.type)))
                guard duty.type.isTimed else { return }
                let delay = now() - Self.expected(duty, clock)
                broadcastDelay.observe(max(.zero, delay), .init(.init(duty.type)))
            }
        default: break
        }
        return { _ in }
    }

    /// Partial signatures, ours or a peer's. What is signed ahead of its time comes after no time; what a peer sends again
    /// counts again.
    func arrived(_ duty: Duty, _ set: ParSignedDataSet, from peer: PeerIndex, _ clock: SlotClock, at now: Instant) {
        if duty.type == .exit {
            for key in set.keys { exits.add(1, .init(.init(key.pubKey))) }
        }
        guard duty.type.isTimed else { return }
        arrivals.observe(
            max(.zero, now - clock.begin(of: duty)), times: set.count, .init(.init(duty.type), .init(peer)))
    }

    /// The beacon node's block pays somebody else.
    func notePaysOther() { payee.set(2) }

    /// A request with builder registrations.
    func registered(isTaken: Bool) {
        registrations.add()
        if !isTaken { registrationErrors.add() }
    }

    /// As Charon has it: sync messages from the start of the slot on. Source: workflow.md §13.
    private static func expected(_ duty: Duty, _ clock: SlotClock) -> Instant {
        duty.type == .syncMessage ? clock.start(of: duty.slot) : clock.begin(of: duty)
    }
}

extension DutyType {
    /// Whether it is to be done at a time: exits and registrations are not.
    fileprivate var isTimed: Bool { rules.span != .endless }
}
