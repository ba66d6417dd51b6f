import SSZ

/// When each fork of a chain starts, and the version that signatures of its epochs use.
///
/// A fork that we do not know (later than Fulu) is kept without a name: its version is right, its containers are not
/// ours. `firstUnknownEpoch` tells the operator.
package struct ForkSchedule: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// nil for a fork later than the last we know.
        package let fork: ForkName?
        package let version: ForkVersion
        /// The first epoch of the fork.
        package let epoch: Epoch

        package init(fork: ForkName?, version: ForkVersion, epoch: Epoch) {
            self.fork = fork
            self.version = version
            self.epoch = epoch
        }
    }

    /// Scheduled forks, the genesis fork first, epochs ascending; of several at one epoch the last one rules.
    package let entries: [Entry]

    /// Forks that are not scheduled (`Epoch.farFuture`) are left out.
    ///
    /// - Throws: unless the first entry is phase0 at epoch 0, the names ascend and so do the epochs.
    package init(_ entries: [Entry]) throws(ChainSpecError) {
        let entries = entries.filter { $0.epoch != .farFuture }
        guard let genesis = entries.first, genesis.fork == .phase0, genesis.epoch == .zero else {
            throw .forkOrder("the first fork is not phase0 at epoch 0")
        }
        for (earlier, later) in zip(entries, entries.dropFirst()) {
            guard earlier.epoch <= later.epoch else {
                throw .forkOrder("\(later.label) at epoch \(later.epoch) before \(earlier.label) at \(earlier.epoch)")
            }
            guard Self.rank(earlier) < Self.rank(later) || later.fork == nil else {
                throw .forkOrder("\(later.label) after \(earlier.label)")
            }
        }
        self.entries = entries
    }

    private static func rank(_ entry: Entry) -> Int { entry.fork?.rawValue ?? .max }

    package var genesisVersion: ForkVersion { entries[0].version }

    /// The entry that rules an epoch.
    package func entry(at epoch: Epoch) -> Entry {
        entries.last { $0.epoch <= epoch } ?? entries[0]
    }

    package func version(at epoch: Epoch) -> ForkVersion { entry(at: epoch).version }

    /// The fork that rules an epoch; the last we know, if it is a later one.
    package func fork(at epoch: Epoch) -> ForkName {
        entries.last { $0.epoch <= epoch && $0.fork != nil }?.fork ?? .phase0
    }

    /// The first epoch of a fork, `Epoch.farFuture` if it is not scheduled.
    package func epoch(of fork: ForkName) -> Epoch {
        entries.first { $0.fork == fork }?.epoch ?? .farFuture
    }

    /// The version of a fork; nil if it is not scheduled.
    package func version(of fork: ForkName) -> ForkVersion? {
        entries.first { $0.fork == fork }?.version
    }

    /// From this epoch on the chain follows rules that we do not know.
    package var firstUnknownEpoch: Epoch? { entries.first { $0.fork == nil }?.epoch }

    /// The container that beacon states hold and remote signers ask for.
    package func forkContainer(at epoch: Epoch) -> Fork {
        let position = entries.lastIndex { $0.epoch <= epoch } ?? 0
        return Fork(
            previousVersion: entries[max(0, position - 1)].version,
            currentVersion: entries[position].version, epoch: entries[position].epoch)
    }
}

extension ForkSchedule {
    /// The `data` array of GET /eth/v1/config/fork_schedule.
    ///
    /// It has no names. The n-th entry is taken for the n-th fork, as beacon nodes list all of them, also those that
    /// start together. `ChainSpec.forks` is the better source.
    package init(forkScheduleJSON data: JSONValue) throws(ChainSpecError) {
        let forks: [Fork]
        do throws(SSZError) {
            forks = try data.elements(limit: 64) { (item) throws(SSZError) in try Fork(json: item) }
        } catch {
            throw .forkSchedule(error)
        }
        // Stable, which `sort` does not promise: forks at the same epoch keep their order.
        let sorted = forks.enumerated().sorted { ($0.element.epoch, $0.offset) < ($1.element.epoch, $1.offset) }
        try self.init(
            sorted.enumerated().map { position, item in
                Entry(
                    fork: ForkName(rawValue: position), version: item.element.currentVersion,
                    epoch: item.element.epoch)
            })
    }
}

extension ForkSchedule.Entry {
    fileprivate var label: String { fork?.name ?? version.hex }
}
