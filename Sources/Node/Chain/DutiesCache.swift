import BeaconAPI
import Ethereum
import SSZ

/// Duties of one kind as the beacon nodes told them, by epoch. Source: workflow.md §15.5.
///
/// All rows of an epoch depend on one block: rows that depend on another block replace those before, and all go when
/// the chain leaves the block.
struct DutiesCache<Row: DutyRow & Hashable>: Sendable {
    /// The current, the one before and the one after.
    private static var epochsMax: Int { 3 }

    private struct Entry: Sendable {
        var asked: Set<ValidatorIndex>
        var answer: DutiesAnswer<Row>
        /// Those that must have a row and have none, each with our slot when they were asked for.
        var lacking: [ValidatorIndex: Slot] = [:]
    }

    enum Lookup: Sendable {
        case known(DutiesAnswer<Row>)
        case missing([ValidatorIndex])
    }

    private var entries: [Epoch: Entry] = [:]
    /// How often something was dropped: an answer that was under way meanwhile may be of the branch that was left.
    private(set) var generation: UInt64 = 0

    /// The rows of these validators; of nobody: the answer's other members, and all rows if `store` was told of nobody.
    ///
    /// - Parameter slot: of our own clock: who lacks a row is asked for once in each.
    func look(_ epoch: Epoch, _ validators: some Collection<ValidatorIndex>, at slot: Slot? = nil) -> Lookup {
        guard let entry = entries[epoch] else { return .missing(validators.sorted()) }
        let missing = validators.filter { validator in
            guard entry.asked.contains(validator) else { return true }
            guard let slot, let askedIn = entry.lacking[validator] else { return false }
            return askedIn != slot
        }
        guard missing.isEmpty else { return .missing(missing.sorted()) }
        var answer = entry.answer
        if !entry.asked.isEmpty {
            let wanted = Set(validators)
            answer.rows.removeAll { !wanted.contains($0.validatorIndex) }
        }
        return .known(answer)
    }

    /// Answers that an execution client has not verified are not kept: they are asked for again.
    ///
    /// - Parameters:
    ///   - asked: for whom; empty for answers that have the rows of everybody.
    ///   - generation: when the nodes were asked.
    ///   - lacking: those that must have a row and have none, and our slot then.
    mutating func store(
        _ epoch: Epoch, asked: some Collection<ValidatorIndex>, _ answer: DutiesAnswer<Row>, asOf generation: UInt64,
        lacking: [ValidatorIndex: Slot] = [:]
    ) {
        guard generation == self.generation, !answer.isExecutionOptimistic else { return }
        if var entry = entries[epoch], entry.answer.dependentRoot == answer.dependentRoot, !asked.isEmpty {
            let new = Set(asked)
            entry.answer.rows.removeAll { new.contains($0.validatorIndex) }
            entry.answer.rows += answer.rows
            entry.asked.formUnion(new)
            entry.lacking = entry.lacking.filter { !new.contains($0.key) }.merging(lacking) { $1 }
            entries[epoch] = entry
        } else {
            entries[epoch] = Entry(asked: Set(asked), answer: answer, lacking: lacking)
        }
        while entries.count > Self.epochsMax, let oldest = entries.keys.min() { entries[oldest] = nil }
    }

    /// The chain left its branch after a block of this epoch.
    ///
    /// - Returns: epochs whose duties may be others now.
    mutating func drop(after epoch: Epoch) -> Set<Epoch> { drop(entries.keys.filter { $0 > epoch }) }

    /// A head was seen whose duties of this epoch depend on one of these blocks.
    ///
    /// - Returns: whether the duties that were known depend on another.
    mutating func dropUnless(_ epoch: Epoch, dependsOn roots: [Root]) -> Bool {
        guard let known = entries[epoch]?.answer.dependentRoot, !roots.isEmpty, !roots.contains(known) else {
            return false
        }
        return !drop([epoch]).isEmpty
    }

    private mutating func drop(_ epochs: [Epoch]) -> Set<Epoch> {
        // Also if there is nothing yet: an answer may be under way.
        generation += 1
        for epoch in epochs { entries[epoch] = nil }
        return Set(epochs)
    }
}
