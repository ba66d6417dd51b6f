import BeaconClient
import DutyWorkflow
import Ethereum
import Logging
import Program
import SSZ

/// Looks once a slot whether our validators vote while this node, which signs by itself on a new journal, only watches.
///
/// Only where that tells something: in a cluster that signs with every operator's share (`Workflow.judgeAlive`).
struct AliveWatch: Sendable {
    /// What each beacon node has seen in an epoch; nil of those that do not tell.
    typealias Ask = @Sendable (Epoch, [ValidatorIndex]) async -> [Set<ValidatorIndex>?]

    let clock: SlotClock
    /// Slots before it are watched.
    let until: Slot
    let known: @Sendable () async -> [ValidatorIndex: PubKey]
    let ask: Ask
    let logger: Logger

    /// Until the watch is over, or cancelled.
    func run(_ post: @Sendable (Event) -> Void) async {
        var isSilent = false
        // The votes of the last slot are seen in the next one.
        while !Task.isCancelled {
            let slot = clock.currentSlot(at: SystemClock.now())
            guard slot <= until else { return }
            if await !look(at: slot, post), !isSilent {
                isSilent = true
                logger.warning(
                    """
                    no beacon node tells which validators vote: while this node watches on its new journal, a second \
                    process shows only by what it sends to other operators
                    """)
            }
            do {
                try await Task.sleep(for: max(.milliseconds(100), clock.start(of: slot + 1) - SystemClock.now()))
            } catch {
                return
            }
        }
    }

    /// - Returns: false if no beacon node tells.
    func look(at slot: Slot, _ post: @Sendable (Event) -> Void) async -> Bool {
        let validators = await known()
        guard !validators.isEmpty else { return true }
        let current = clock.epoch(of: slot)
        var isTold = false
        for epoch in current > .zero ? [Epoch(current.rawValue - 1), current] : [current] {
            let answers = await ask(epoch, validators.keys.sorted()).compactMap(\.self)
            guard !answers.isEmpty else { continue }
            isTold = true
            // One that lies makes nobody stop, unless it is the only one.
            let alive = validators.filter { index, _ in answers.count { $0.contains(index) } * 2 > answers.count }
            if !alive.isEmpty { post(.validatorsAlive(epoch, alive.values.sorted())) }
        }
        return isTold
    }
}

extension StyxNode {
    /// Nil where it would tell nothing.
    func aliveWatch(
        _ beacon: BeaconClient, _ validators: ActiveValidators, _ fresh: FreshJournal,
        _ configuration: WorkflowConfiguration
    ) -> AliveWatch? {
        guard case .watches(let until) = fresh, configuration.provesTwinByChain else { return nil }
        return AliveWatch(
            clock: configuration.clock, until: until,
            known: {
                let rows = (try? await validators.known()) ?? []
                return Dictionary(rows.map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
            },
            ask: { await beacon.livenessOfEach($0, $1) }, logger: topic("journal"))
    }
}
