import DutyWorkflow
import Ethereum
import Simulation

/// What a node's workflow has its journal write in two epochs of all duties, commit by commit: what days are made of.
///
/// The workflow is the one that ships, in a simulated cluster of four whose nodes all do their work. Every second
/// attester aggregates, and up to three validators sit in the sync committee: more than mainnet gives a cluster. Of the
/// blocks one is kept, for the caller to say how often there is one.
struct RecordedDuties: Sendable {
    private static let epochs: UInt64 = 2
    /// Until the oldest duty of an epoch is over: from then on each slot closes as many duties as it opens.
    private static let warmUpEpochs: UInt64 = 3
    /// One that signs by itself.
    private static let node = 1

    let slotsPerEpoch: UInt64
    /// The first that was recorded.
    let first: Slot
    private let slots: [[[Record]]]
    private let slotsWithBlock: [[[Record]]]

    /// - Parameters:
    ///   - slotsPerEpoch: at least 8.
    ///   - transactionBytes: of the block.
    init(validators: Int, slotsPerEpoch: UInt64, transactionBytes: Int) throws {
        var options = SimulatedCluster.Options()
        options.validators = validators
        options.slotsPerEpoch = slotsPerEpoch
        options.allDuties = true
        options.recorded = Self.node
        let first = Slot(Self.warmUpEpochs * slotsPerEpoch)
        // In the middle: all its records are there.
        let proposals = SimulatedCluster(options).chain.proposerDuties(of: Epoch(Self.warmUpEpochs + 1))
        guard let block = proposals.first?.slot else { throw BenchmarkError("the simulated chain wants no block") }
        options.transactionBytes = [block: transactionBytes]
        var cluster = SimulatedCluster(options)
        self.slotsPerEpoch = slotsPerEpoch
        cluster.run(untilSlot: first.rawValue)
        _ = cluster.takeCommits()
        var slots: [[[Record]]] = []
        for slot in first.rawValue..<first.rawValue + Self.epochs * slotsPerEpoch {
            cluster.run(untilSlot: slot + 1)
            slots.append(cluster.takeCommits())
        }
        try require(
            cluster.oracle.conflicts.isEmpty && cluster.oracle.undurable.isEmpty,
            "the simulated cluster contradicted itself")
        try require(
            !cluster.oracle.broadcastKeys(Duty(slot: block, type: .proposer)).isEmpty,
            "the simulated cluster made no block")
        self.first = first
        self.slots = slots.map { Self.commits($0, withBlockOf: nil) }
        slotsWithBlock = slots.map { Self.commits($0, withBlockOf: block) }
    }

    /// Slots that are recorded; they repeat.
    var count: UInt64 { UInt64(slots.count) }

    /// - Parameters:
    ///   - offset: slots after `first`, beyond those recorded as well.
    ///   - hasBlock: whether the one block is made in this repetition.
    func commits(at offset: UInt64, hasBlock: Bool) -> [[Record]] {
        let slot = Int(offset % count)
        let epochs = offset / count * Self.epochs
        return (hasBlock ? slotsWithBlock : slots)[slot].map { commit in
            commit.map { $0.later(byEpochs: epochs, of: slotsPerEpoch) }
        }
    }

    private static func commits(_ commits: [[Record]], withBlockOf slot: Slot?) -> [[Record]] {
        let kept = commits.map { $0.filter { record in record.slotOfBlock.map { $0 == slot } ?? true } }
        return kept.filter { !$0.isEmpty }
    }
}

extension Record {
    /// Nil for what is not for a block.
    fileprivate var slotOfBlock: Slot? {
        if case .proposalWatermark(_, let watermark) = self { return watermark.slot }
        return duty.flatMap { [.proposer, .randao].contains($0.type) ? $0.slot : nil }
    }

    /// The same for the duty of so many epochs later. What was decided and signed keeps its bytes: the journal does not
    /// look at the slot in them.
    fileprivate func later(byEpochs epochs: UInt64, of slotsPerEpoch: UInt64) -> Record {
        func later(_ duty: Duty) -> Duty { Duty(slot: duty.slot + epochs * slotsPerEpoch, type: duty.type) }
        switch self {
        case .vote(let duty, let message, let values): return .vote(later(duty), message, values: values)
        case .unsigned(let duty, let set): return .unsigned(later(duty), set)
        case .attestationWatermark(let pubKey, var watermark):
            watermark.source = watermark.source + epochs
            watermark.target = watermark.target + epochs
            return .attestationWatermark(pubKey, watermark)
        case .proposalWatermark(let pubKey, var watermark):
            watermark.slot = watermark.slot + epochs * slotsPerEpoch
            return .proposalWatermark(pubKey, watermark)
        case .partials(let duty, let set, let status): return .partials(later(duty), set, status)
        case .partialStatus(let duty, let keys, let status): return .partialStatus(later(duty), keys, status)
        case .aggregated(let duty, let set): return .aggregated(later(duty), set)
        case .broadcast(let duty, let keys): return .broadcast(later(duty), keys)
        case .expired(let duty): return .expired(later(duty))
        case .forgotten(let duty): return .forgotten(later(duty))
        case .halted, .haltLifted, .slashed, .slashingLifted, .plannedSwitch, .switchDropped: return self
        }
    }
}
