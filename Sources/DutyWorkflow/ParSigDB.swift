import Ethereum
import SSZ

/// Partial signatures, kept until enough shares agree on one message.
///
/// A group signature is recoverable only from shares over the same message, so agreement is by message root, not by
/// duty. Our own shares were verified before. Those of peers need not be: each stands under the index of the operator
/// who sent it, and a group signature is checked before it is used; if it fails, the bad shares come back by `discard`.
/// So a share costs a pairing only when somebody cheats. Source: workflow.md §9.
struct ParSigDB: Sendable {
    private struct Entry: Sendable {
        var shares: [ShareIndex: ParSignedData] = [:]
        /// Of each share's message: hashed once.
        var roots: [ShareIndex: Root] = [:]
        /// Roots handed to SigAgg: each fires once, also across a restart.
        var fired: Set<Root> = []
        /// Whose share turned out bad: no more of theirs in this duty.
        var refused: Set<ShareIndex> = []
    }

    private let configuration: WorkflowConfiguration
    private var entries: [Duty: [PubKey: Entry]] = [:]

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    /// What was signed here. On disk before it is shared.
    mutating func storeInternal(_ duty: Duty, _ set: ParSignedDataSet) -> [Signal] {
        let stored = insert(duty, set)
        guard !stored.new.isEmpty else { return stored.signals }
        return [.perform(.persist(.partials(duty, stored.new, .internal)))] + stored.signals
            + [.tracked(duty, .signedLocally(roots(duty, stored.new))), .perform(.shareWithPeers(duty, stored.new))]
    }

    mutating func storeExternal(_ duty: Duty, _ set: ParSignedDataSet) -> [Signal] {
        let stored = insert(duty, set)
        guard let share = stored.new.values.first?.shareIndex else { return stored.signals }
        return [.perform(.note(.partials(duty, stored.new, .broadcasted)))] + stored.signals
            + [.tracked(duty, .signedByPeer(share, roots(duty, stored.new)))]
    }

    /// Rows of an earlier life. Ours that may not have been sent are shared again; complete groups fire once.
    mutating func restore(_ partials: [JournalSnapshot.Partial]) -> [Signal] {
        var unsent: [Duty: ParSignedDataSet] = [:]
        for row in partials where row.status != .expired {
            let root = add(row.duty, row.pubKey, row.partial)
            if row.status == .aggregated { entries[row.duty]?[row.pubKey]?.fired.insert(root) }
            if row.status == .internal, row.partial.shareIndex == configuration.shareIndex {
                unsent[row.duty, default: [:]][row.pubKey] = row.partial
            }
        }
        var signals: [Signal] = []
        for duty in entries.keys.sorted() {
            signals += fire(duty, (entries[duty] ?? [:]).keys.sorted())
            if let set = unsent[duty] { signals.append(.perform(.shareWithPeers(duty, set))) }
        }
        return signals
    }

    /// Takes out shares that turned out not to fit their message, so that others can complete the group.
    mutating func discard(_ duty: Duty, _ pubKey: PubKey, _ shares: [ShareIndex]) -> [Signal] {
        guard var entry = entries[duty]?[pubKey] else { return [] }
        for share in shares {
            entry.shares[share] = nil
            entry.refused.insert(share)
            if let root = entry.roots.removeValue(forKey: share) { entry.fired.remove(root) }
        }
        entries[duty]?[pubKey] = entry
        return fire(duty, [pubKey])
    }

    /// Whether our own share over another message is already out.
    func contradictsOwn(_ duty: Duty, _ pubKey: PubKey, _ partial: ParSignedData) -> Bool {
        guard let old = entries[duty]?[pubKey]?.roots[configuration.shareIndex] else { return false }
        return old != partial.data.messageRoot
    }

    mutating func expire(_ duty: Duty) { entries[duty] = nil }

    private mutating func insert(_ duty: Duty, _ set: ParSignedDataSet) -> (new: ParSignedDataSet, signals: [Signal]) {
        var signals: [Signal] = []
        var new: ParSignedDataSet = [:]
        // Sorted: dictionary order differs between processes, replays must not.
        for (pubKey, partial) in set.sorted(by: { $0.key < $1.key }) where configuration.validators.contains(pubKey) {
            if let old = entries[duty]?[pubKey]?.roots[partial.shareIndex] {
                // The same message with other side information is no second message.
                if old != partial.data.messageRoot {
                    signals.append(.tracked(duty, .equivocatedShare(pubKey, partial.shareIndex)))
                }
                continue
            }
            if entries[duty]?[pubKey]?.refused.contains(partial.shareIndex) == true { continue }
            add(duty, pubKey, partial)
            new[pubKey] = partial
        }
        return (new, signals + fire(duty, new.keys.sorted()))
    }

    @discardableResult
    private mutating func add(_ duty: Duty, _ pubKey: PubKey, _ partial: ParSignedData) -> Root {
        let root = partial.data.messageRoot
        entries[duty, default: [:]][pubKey, default: Entry()].shares[partial.shareIndex] = partial
        entries[duty]?[pubKey]?.roots[partial.shareIndex] = root
        return root
    }

    private func roots(_ duty: Duty, _ set: ParSignedDataSet) -> [PubKey: Root] {
        var roots: [PubKey: Root] = [:]
        for (pubKey, partial) in set { roots[pubKey] = entries[duty]?[pubKey]?.roots[partial.shareIndex] }
        return roots
    }

    /// Hands over each group of `threshold` agreeing shares, once per message root.
    private mutating func fire(_ duty: Duty, _ pubKeys: [PubKey]) -> [Signal] {
        var groups: [PubKey: [ParSignedData]] = [:]
        for pubKey in pubKeys {
            guard let entry = entries[duty]?[pubKey], entry.shares.count >= configuration.threshold else { continue }
            // The lowest root first: a threshold of half the cluster or less can have two in one restart. The second
            // would only be refused by AggSigDB, where the first stays.
            let complete = Dictionary(grouping: entry.roots.keys) { entry.roots[$0] ?? .zero }
                .filter { $0.value.count >= configuration.threshold && !entry.fired.contains($0.key) }
            guard let (root, shares) = complete.min(by: { $0.key < $1.key }) else { continue }
            entries[duty]?[pubKey]?.fired.insert(root)
            // Ours is known to be good; low indices are the cheapest to combine.
            let own = configuration.shareIndex
            let chosen = shares.sorted { ($0 == own ? 0 : 1, $0) < ($1 == own ? 0 : 1, $1) }
            groups[pubKey] = chosen.prefix(configuration.threshold).compactMap { entry.shares[$0] }
        }
        return groups.isEmpty ? [] : [.thresholdReached(duty, groups)]
    }
}
