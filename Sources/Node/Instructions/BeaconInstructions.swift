import BeaconAPI
import BeaconClient
import Cluster
import Ethereum
import Logging
import Program
import SSZ
import Synchronization
import Timing

/// Tells the beacon nodes what they must know of this node's validators without asking; `StandingOrders` says when.
final class BeaconInstructions: Sendable {
    /// How it is told; tests script it.
    struct Hands: Sendable {
        typealias Tell<Row> = @Sendable ([Row]) async throws(BeaconError) -> Void

        var prepare: Tell<ProposerPreparation>
        var register: Tell<SignedValidatorRegistration>
        var subscribe: Tell<BeaconCommitteeSubscription>
        var subscribeSync: Tell<SyncCommitteeSubscription>
        /// Which of these validators are selected to aggregate, as far as the cluster has signed it.
        var aggregators: @Sendable ([AttesterDuty]) async -> [Bool?]
    }

    /// Orders that wait for each other. Builders are slow: nothing else waits for them.
    private final class Lane: Sendable {
        let orders: Mutex<StandingOrders>
        let bell = Bell()

        init(_ orders: StandingOrders) { self.orders = Mutex(orders) }
    }

    /// Rows in one request, unless an epoch has too few slots for so many.
    private static let chunk = 500
    /// The wall clock may step: it is looked at again at least this often.
    private static let sleepMax = Duration.seconds(30)

    private let book: RegistrationBook
    private let validators: ActiveValidators
    private let duties: DutiesSource
    private let chain: ChainContext
    private let hands: Hands
    private let logger: Logger
    private let lanes: [Lane]
    private let registrationParts: Int
    private let committees: Mutex<CommitteeSubscriptions>
    private let syncs: Mutex<SyncSubscriptions>

    /// - Parameters:
    ///   - pubKeyCount: validators of the cluster.
    ///   - usesBuilder: whether builders are told of validators.
    init(
        book: RegistrationBook, pubKeyCount: Int, usesBuilder: Bool, validators: ActiveValidators,
        duties: DutiesSource, chain: ChainContext, hands: Hands, logger: Logger
    ) {
        self.book = book
        self.validators = validators
        self.duties = duties
        self.chain = chain
        self.hands = hands
        self.logger = logger
        let clock = chain.clock
        registrationParts = max(1, min(Int(clamping: clock.slotsPerEpoch), (pubKeyCount + Self.chunk - 1) / Self.chunk))
        let groups: [[StandingOrders.Order]] = [
            [.feeRecipients, .committees, .syncCommittees],
            usesBuilder ? (0..<registrationParts).map { .registrations(part: $0) } : [],
        ]
        lanes = groups.filter { !$0.isEmpty }.map { orders in
            Lane(StandingOrders(orders, clock: clock, seed: .random(in: .min ... .max), at: SystemClock.now()))
        }
        committees = Mutex(CommitteeSubscriptions(slotsPerEpoch: clock.slotsPerEpoch))
        syncs = Mutex(SyncSubscriptions(epochsPerPeriod: chain.spec.epochsPerSyncCommitteePeriod))
    }

    /// Until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes { group.addTask { await self.follow(lane) } }
        }
    }

    /// A beacon node may have forgotten everything, or something changed. From any thread.
    func startOver() {
        committees.withLock { $0.forget() }
        syncs.withLock { $0.forget() }
        for lane in lanes {
            lane.orders.withLock { $0.startOver(at: SystemClock.now()) }
            lane.bell.ring()
        }
    }

    /// A beacon node took what a validator client told it. From any thread.
    func heard(_ subscriptions: [BeaconCommitteeSubscription]) {
        committees.withLock { $0.heard(subscriptions, at: currentSlot) }
    }

    func heard(_ subscriptions: [SyncCommitteeSubscription]) { syncs.withLock { $0.heard(subscriptions) } }

    private var currentSlot: Slot { chain.clock.currentSlot(at: SystemClock.now()) }

    private func follow(_ lane: Lane) async {
        while !Task.isCancelled {
            for order in lane.orders.withLock({ $0.due(at: SystemClock.now()) }) {
                do throws(BeaconError) {
                    try await carryOut(order)
                    let failures = lane.orders.withLock { $0.carriedOut(order, at: SystemClock.now()) }
                    if failures > 0 { logger.info("beacon node was told after all", metadata: ["what": "\(order)"]) }
                } catch {
                    if error.cause == .cancelled { return }
                    let failures = lane.orders.withLock { $0.failed(order, at: SystemClock.now()) }
                    logger.log(
                        level: failures == 1 ? .warning : .debug, "beacon node was not told; it is tried again",
                        metadata: ["what": "\(order)", "error": "\(error)"])
                }
            }
            let pause = lane.orders.withLock { $0.nextWake() }.map { $0 - SystemClock.now() } ?? Self.sleepMax
            let sleep = min(max(pause, .milliseconds(10)), Self.sleepMax)
            do { try await lane.bell.wait { try await Task.sleep(for: sleep) } } catch { return }
        }
    }

    /// Once, now.
    func carryOut(_ order: StandingOrders.Order) async throws(BeaconError) {
        let epoch = chain.clock.epoch(of: currentSlot)
        switch order {
        case .feeRecipients: try await prepare(in: epoch)
        case .committees: try await subscribeCommittees(in: epoch)
        case .syncCommittees: try await subscribeSyncCommittees(in: epoch)
        case .registrations(let part): try await register(part)
        }
    }

    /// Validators that become active next epoch may propose in its first slot.
    private func prepare(in epoch: Epoch) async throws(BeaconError) {
        let addresses = book.current.feeRecipients
        let active = try await validators.active(in: epoch)
            .merging(try await validators.active(in: epoch + 1)) { first, _ in first }
        let rows = active.sorted { $0.key < $1.key }.compactMap { index, pubKey in
            addresses[pubKey].map { ProposerPreparation(validatorIndex: index, feeRecipient: $0) }
        }
        try await inChunks(rows, hands.prepare)
    }

    private func register(_ part: Int) async throws(BeaconError) {
        let all = book.current.signed.sorted { $0.key < $1.key }.map(\.value)
        let range = all.count * part / registrationParts..<all.count * (part + 1) / registrationParts
        guard !range.isEmpty else { return }
        try await hands.register(Array(all[range]))
    }

    /// The next epoch's committees are known, too; if they are not told yet, this epoch's do not wait for them.
    private func subscribeCommittees(in epoch: Epoch) async throws(BeaconError) {
        var failure: BeaconError?
        for epoch in [epoch, epoch + 1] {
            do throws(BeaconError) {
                let active = try await validators.active(in: epoch)
                let rows = try await duties.attesters(
                    epoch, active, expecting: try await validators.expected(in: epoch)
                ).rows
                let open = committees.withLock { $0.open(rows, at: currentSlot) }
                for start in stride(from: 0, to: open.count, by: Self.chunk) {
                    try await subscribe(Array(open[start..<min(start + Self.chunk, open.count)]))
                }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func subscribe(_ rows: [AttesterDuty]) async throws(BeaconError) {
        let selected = await hands.aggregators(rows)
        let due = committees.withLock { $0.due(rows, selected: selected) }
        guard !due.isEmpty else { return }
        try await hands.subscribe(due)
        committees.withLock { $0.tell(due) }
    }

    private func subscribeSyncCommittees(in epoch: Epoch) async throws(BeaconError) {
        for period in syncs.withLock({ $0.periods(at: epoch) }) where chain.forks.fork(at: period.epoch) >= .altair {
            let rows = try await duties.syncs(period.epoch, try await validators.active(in: period.epoch)).rows
            let due = syncs.withLock { $0.due(rows, period) }
            try await inChunks(due, hands.subscribeSync)
        }
    }

    /// One chunk's failure does not keep the others back.
    private func inChunks<Row>(_ rows: [Row], _ tell: Hands.Tell<Row>) async throws(BeaconError) {
        var failure: BeaconError?
        for start in stride(from: 0, to: rows.count, by: Self.chunk) {
            do throws(BeaconError) {
                try await tell(Array(rows[start..<min(start + Self.chunk, rows.count)]))
            } catch {
                if error.cause == .cancelled { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}
