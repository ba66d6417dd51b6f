import BLS
import Cluster
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization

/// What the cluster has to do in each slot. Who aggregates is known beforehand to whoever has the whole keys: the dealer
/// of the demo's cluster does.
package final class DemoExpectations: Sendable {
    package typealias Parts = Set<DemoChain.Part>

    /// One duty of a slot.
    package struct Row: Sendable {
        package let duty: Duty
        /// Never empty.
        package let parts: Parts
        /// When the validators could begin.
        let begin: Instant
    }

    /// The order of duties in their slot.
    package static let types: [DutyType] = [
        .proposer, .attester, .syncMessage, .aggregator, .syncContribution, .exit,
    ]

    package let chain: DemoChain
    private let secrets: [SecretKey]
    private let known = Mutex<[Slot: [Row]]>([:])

    /// - Throws: if the shares do not make whole keys.
    package init(_ chain: DemoChain, _ creation: ClusterCreation) throws {
        self.chain = chain
        secrets = try creation.lock.validators.indices.map { validator in
            let shares = creation.nodes.enumerated().map { ($0.offset + 1, $0.element.shares[validator]) }
            return try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: shares))
        }
    }

    /// - Parameter time: when the operators are asked for it.
    func expectExit(of index: ValidatorIndex, in slot: Slot, at time: Instant) {
        // Of the epoch's first slot, as operators who exit at different times need the same duty.
        let duty = Duty(slot: chain.clock.firstSlot(of: chain.clock.epoch(of: slot)), type: .exit)
        let row = Row(duty: duty, parts: [DemoChain.Part(validator: index)], begin: time)
        let rows = rows(in: slot)
        known.withLock { $0[slot] = rows.filter { $0.duty.type != .exit } + [row] }
    }

    /// What has to be done in a slot, in the order of `types`.
    ///
    /// About 0.4 ms for each validator that attests in the slot or sits in the sync committee, the first time.
    package func rows(in slot: Slot) -> [Row] {
        if let rows = known.withLock({ $0[slot] }) { return rows }
        let parts = parts(in: slot)
        let rows = Self.types.compactMap { type -> Row? in
            let duty = Duty(slot: slot, type: type)
            return parts[type].map { Row(duty: duty, parts: $0, begin: chain.clock.begin(of: duty)) }
        }
        known.withLock { $0[slot] = $0[slot] ?? rows }
        return rows
    }

    private func parts(in slot: Slot) -> [DutyType: Parts] {
        var parts: [DutyType: Parts] = [:]
        func add(_ type: DutyType, _ indices: some Sequence<ValidatorIndex>) {
            let all = Parts(indices.map { DemoChain.Part(validator: $0) })
            if !all.isEmpty { parts[type] = all }
        }
        let attesters = chain.duties(in: slot).map(\.validatorIndex)
        add(.attester, attesters)
        guard chain.options.duties == .all else { return parts }
        let spec = chain.spec
        if let proposer = chain.proposer(of: slot) { add(.proposer, [proposer]) }
        add(.aggregator, attesters.filter { spec.isAggregator(selectionProof(of: $0, slot)) })
        add(.syncMessage, chain.syncMembers)
        let contributions = chain.syncMembers.compactMap { index -> DemoChain.Part? in
            guard let subcommittee = chain.subcommittee(of: index) else { return nil }
            let proof = sign(index, spec.syncSelection(slot, subcommittee: subcommittee))
            guard spec.isSyncAggregator(proof) else { return nil }
            return DemoChain.Part(validator: index, subcommittee: subcommittee)
        }
        if !contributions.isEmpty { parts[.syncContribution] = Parts(contributions) }
        return parts
    }

    func selectionProof(of index: ValidatorIndex, _ slot: Slot) -> SignatureBytes {
        sign(index, chain.spec.selection(slot))
    }

    /// With the whole key.
    private func sign(_ index: ValidatorIndex, _ root: Root) -> SignatureBytes {
        secrets[Int(index.rawValue)].sign(root).bytes
    }
}
