import Ethereum
import SSZ

/// Partial signatures, kept until enough shares agree on one message.
///
/// A group signature is recoverable only from shares over the same message, so agreement is by message root, not by
/// duty. Our own shares were verified before. Those of peers need not be: each stands under the index of the operator
/// who sent it, and a group signature is checked before it is used; if it fails, the bad shares come back by `discard`,
/// and their operators are suspects from then on (`SuspectWatch`). So a share costs a pairing only when somebody cheats.
///
/// What one operator can make this hold is one message per entry of a duty that is due, and of large ones, blocks,
/// `heldPerShareMax` bytes. Source: workflow.md §9.
struct ParSigDB: Sendable {
    struct Entry: Sendable {
        /// Of each share's message: hashed once.
        var roots: [ShareIndex: Root] = [:]
        var groups: [Root: PartialGroup] = [:]
        /// Roots handed to SigAgg: each fires once, also across a restart.
        var fired: Set<Root> = []
        /// Whose share turned out bad: no more of theirs in this duty.
        var refused: Set<ShareIndex> = []
    }

    /// Two blocks with as many blobs as mainnet has, 21: all duties of two slots. Blocks that were decided here count for
    /// nothing: they are here already.
    static let heldPerShareMax = 6 << 20

    let configuration: WorkflowConfiguration
    private(set) var entries: [Duty: [EntryKey: Entry]] = [:]
    private var claims: DutyClaims
    /// Of each duty without a deadline, whose shares are here.
    private(set) var supporters: [Duty: Set<ShareIndex>] = [:]
    private var suspects: SuspectWatch
    private var held: HeldBytes
    private var large = LargeObjects()
    /// The epoch in which peers were last reminded of what waits for them.
    var remindedIn: Epoch?

    init(configuration: WorkflowConfiguration) {
        self.configuration = configuration
        claims = DutyClaims(configuration: configuration)
        suspects = SuspectWatch(slotDuration: configuration.clock.slotDuration)
        held = HeldBytes(sources: configuration.nodes, perSourceMax: Self.heldPerShareMax)
    }

    /// About what it holds, in bytes.
    var heldBytes: Int {
        let held = entries.values.reduce(0) { bytes, byKey in
            byKey.values.reduce(bytes) { bytes, entry in
                entry.groups.values.reduce(bytes + 64 + 48 * entry.roots.count) { $0 + $1.heldBytes }
            }
        }
        return held + suspects.heldBytes + claims.heldBytes + supporters.values.reduce(0) { $0 + 64 + 16 * $1.count }
    }

    // MARK: Storing

    /// What was signed here. On disk before it is shared.
    mutating func storeInternal(_ duty: Duty, _ set: ParSignedDataSet) -> [Signal] {
        let (new, signals) = insert(duty, set)
        guard !new.isEmpty else { return signals }
        return [.perform(.persist(.partials(duty, new, .internal)))] + signals
            + [.tracked(duty, .signedLocally(roots(duty, new))), .perform(.shareWithPeers(duty, new))]
    }

    /// What a peer says it signed.
    ///
    /// - Parameters:
    ///   - due: the validators that have this duty, as our beacon node says; nil while it has not said.
    ///   - decided: what the cluster decided for the duty, as far as this node knows.
    mutating func storeExternal(
        _ duty: Duty, _ set: ParSignedDataSet, due: Set<PubKey>?, decided: UnsignedDataSet = [:], at now: Instant
    ) -> [Signal] {
        guard let share = set.values.first?.shareIndex, share.rawValue <= configuration.nodes else { return [] }
        let (fresh, faults) = admit(duty, set, from: share, due: due, decided)
        guard !fresh.isEmpty else { return faults }
        if suspects.contains(share) {
            return faults + suspects.examine(share, duty, fresh, at: now, &held)
        }
        return faults + keep(duty, fresh, from: share, decided)
    }

    /// The suspect's set under examination holds, or does not.
    mutating func verified(
        _ share: ShareIndex, _ isGood: Bool, isOver: (Duty) -> Bool,
        decided: (Duty) -> UnsignedDataSet = { _ in [:] }, at now: Instant
    ) -> [Signal] {
        let (good, signals) = suspects.examined(share, isGood, at: now, &held)
        guard share != configuration.shareIndex else { return judgeOwn(good) + Self.unreported(signals) }
        guard let good, !isOver(good.duty) else { return signals }
        // What came in meanwhile counts.
        let values = decided(good.duty)
        let (fresh, faults) = admit(good.duty, good.set, from: share, due: nil, values, isClaimed: true)
        return signals + faults + (fresh.isEmpty ? [] : keep(good.duty, fresh, from: share, values))
    }

    // MARK: Our own share, brought by a peer

    /// Anybody can put our index on something. What holds under our public share, and was not signed here, was signed by
    /// another process with our key: of duties whose shares prove that (`DutyRules.provesTwin`). Verified like a suspect's
    /// sets: few at a time, with pauses after bad ones.
    mutating func examineOwn(_ duty: Duty, _ set: ParSignedDataSet, at now: Instant) -> [Signal] {
        let foreign = set.filter { isForeign(duty, $0.key, $0.value) }
        guard !foreign.isEmpty else { return [] }
        suspects.insert(configuration.shareIndex)
        return Self.unreported(suspects.examine(configuration.shareIndex, duty, foreign, at: now, &held))
    }

    private func judgeOwn(_ claim: SuspectWatch.Claim?) -> [Signal] {
        // What was signed here meanwhile is ours.
        guard let claim,
            let (key, _) = claim.set.sorted(by: { $0.key < $1.key }).first(where: { isForeign(claim.duty, $0, $1) })
        else { return [] }
        return [.twinSeen(claim.duty, "it did not make a signature of its own share for validator \(key.pubKey)")]
    }

    /// It is not we who are at fault.
    private static func unreported(_ signals: [Signal]) -> [Signal] {
        signals.filter { if case .tracked = $0 { false } else { true } }
    }

    private func isForeign(_ duty: Duty, _ key: EntryKey, _ partial: ParSignedData) -> Bool {
        let (own, entry) = (configuration.shareIndex, entries[duty]?[key])
        // One of ours that was thrown out, as happens when forks move, is ours all the same.
        return isKnown(key) && entry?.refused.contains(own) != true && entry?.roots[own] != partial.data.messageRoot
    }

    private mutating func keep(
        _ duty: Duty, _ set: ParSignedDataSet, from share: ShareIndex, _ decided: UnsignedDataSet
    ) -> [Signal] {
        let (fitting, faults) = charge(duty, set, from: share, decided)
        let (new, signals) = insert(duty, fitting)
        guard !new.isEmpty else { return faults + signals }
        // What completes a group is decoded there; the rest meanwhile.
        let ahead = new.keys.filter { entries[duty]?[$0]?.fired.isEmpty == true }.sorted()
            .compactMap { new[$0]?.data.signature }
        return faults + [.perform(.note(.partials(duty, new, .broadcasted)))] + signals
            + (ahead.isEmpty ? [] : [.perform(.decodeAhead(ahead))])
            + [.tracked(duty, .signedByPeer(share, roots(duty, new)))]
    }

    /// Rows of an earlier life. Ours that may not have been sent are shared again; complete groups fire once.
    mutating func restore(_ partials: [JournalSnapshot.Partial]) -> [Signal] {
        var unsent: [Duty: ParSignedDataSet] = [:]
        for row in partials where row.status != .expired {
            let root = add(row.duty, row.key, row.partial)
            if row.status == .aggregated { entries[row.duty]?[row.key]?.fired.insert(root) }
            if row.status == .internal, row.partial.shareIndex == configuration.shareIndex {
                unsent[row.duty, default: [:]][row.key] = row.partial
            }
        }
        var signals: [Signal] = []
        for duty in entries.keys.sorted() {
            signals += fire(duty, (entries[duty] ?? [:]).keys.sorted())
            if let set = unsent[duty] { signals.append(.perform(.shareWithPeers(duty, set))) }
        }
        return signals
    }

    /// Of each entry of a duty the message that most shares are over, ascending by entry; of several our own.
    func leading(of duty: Duty) -> [(key: EntryKey, group: PartialGroup)] {
        let own = configuration.shareIndex
        return (entries[duty] ?? [:]).sorted { $0.key < $1.key }.compactMap { key, entry in
            entry.groups.max { a, b in
                let (left, right) = (a.value.signatures, b.value.signatures)
                if left.count != right.count { return left.count < right.count }
                if (left[own] == nil) != (right[own] == nil) { return left[own] == nil }
                return a.key < b.key
            }.map { (key: key, group: $0.value) }
        }
    }

    /// Our share's message of an entry.
    func signedRoot(_ duty: Duty, _ key: EntryKey) -> Root? { entries[duty]?[key]?.roots[configuration.shareIndex] }

    /// Duties of a type in which somebody signed for an entry, the earliest first.
    func duties(of type: DutyType, _ key: EntryKey) -> [Duty] {
        entries.filter { $0.key.type == type && $0.value[key] != nil }.keys.sorted()
    }

    /// All that operators signed for an entry of a duty.
    func messages(of duty: Duty, _ key: EntryKey) -> [SignedData] {
        (entries[duty]?[key]?.groups ?? [:]).sorted { $0.key < $1.key }.map(\.value.data)
    }

    /// Takes out shares that turned out not to fit their message, so that others can complete the group.
    mutating func discard(_ duty: Duty, _ key: EntryKey, _ shares: [ShareIndex]) -> [Signal] {
        for share in shares where share != configuration.shareIndex { suspects.insert(share) }
        guard var entry = entries[duty]?[key] else { return [] }
        for share in shares {
            entry.refused.insert(share)
            guard let root = entry.roots.removeValue(forKey: share) else { continue }
            entry.fired.remove(root)
            entry.groups[root]?.signatures[share] = nil
            if entry.groups[root]?.signatures.isEmpty == true {
                entry.groups[root] = nil
                large.release(root, of: duty, key, &held)
            }
        }
        entries[duty]?[key] = entry
        if supporters[duty] != nil {
            let left = Set((entries[duty] ?? [:]).values.flatMap { $0.roots.keys })
            supporters[duty] = left.isEmpty ? nil : left
        }
        return fire(duty, [key])
    }

    /// The chain's forks moved: shares that seemed bad may have been made for the right one.
    mutating func forgive() { suspects.forgive() }

    /// Whether our own share over another message is already out.
    func contradictsOwn(_ duty: Duty, _ key: EntryKey, _ partial: ParSignedData) -> Bool {
        guard let old = entries[duty]?[key]?.roots[configuration.shareIndex] else { return false }
        return old != partial.data.messageRoot
    }

    mutating func expire(_ duty: Duty) {
        entries[duty] = nil
        supporters[duty] = nil
        suspects.expire(duty, &held)
        claims.expire(duty)
        large.expire(duty, &held)
    }

    // MARK: Admission

    /// What of a peer's set is new, due and not forbidden.
    ///
    /// - Parameter isClaimed: whether it was admitted before.
    private mutating func admit(
        _ duty: Duty, _ set: ParSignedDataSet, from share: ShareIndex, due: Set<PubKey>?, _ decided: UnsignedDataSet,
        isClaimed: Bool = false
    ) -> (fresh: ParSignedDataSet, faults: [Signal]) {
        var fresh: ParSignedDataSet = [:]
        var faults: [Signal] = []
        var undue: Set<PubKey> = []
        // Sorted: dictionary order differs between processes, replays must not.
        for key in set.keys.sorted() where isKnown(key) {
            guard let partial = set[key] else { continue }
            let entry = entries[duty]?[key]
            if entry?.refused.contains(share) == true { continue }
            if let old = entry?.roots[share] {
                // The same message with other side information is no second message.
                if old != partial.data.messageRoot {
                    faults.append(.tracked(duty, .equivocatedShare(key.pubKey, share)))
                }
                continue
            }
            guard decided.isSigned(by: partial.data, of: key.pubKey) else {
                let what = "over something else than the cluster decided"
                faults.append(.tracked(duty, .malformedShare(key.pubKey, share, what)))
                continue
            }
            guard isClaimed || isDue(duty, key, from: share, due) else {
                undue.insert(key.pubKey)
                continue
            }
            fresh[key] = decided.sharing(partial, of: key.pubKey)
        }
        if !undue.isEmpty { faults.append(.tracked(duty, .undueShare(share, undue))) }
        return (fresh, faults)
    }

    private func isKnown(_ key: EntryKey) -> Bool { configuration.validators.contains(key.pubKey) }

    /// Whether a validator has this duty, as far as anybody here can tell.
    private mutating func isDue(_ duty: Duty, _ key: EntryKey, from share: ShareIndex, _ due: Set<PubKey>?) -> Bool {
        if let due { return due.contains(key.pubKey) }
        return claims.take(duty, key, from: share)
    }

    /// Takes out the blocks for which the operator has no room. What was decided, or signed by somebody before, is here
    /// already.
    private mutating func charge(
        _ duty: Duty, _ set: ParSignedDataSet, from share: ShareIndex, _ decided: UnsignedDataSet
    ) -> (fitting: ParSignedDataSet, faults: [Signal]) {
        var fitting = set
        var faults: [Signal] = []
        for (key, partial) in set.filter({ $0.value.data.isLarge }).sorted(by: { $0.key < $1.key })
        where decided[key.pubKey] == nil {
            let root = partial.data.messageRoot
            guard entries[duty]?[key]?.groups[root] == nil,
                !large.take(partial.data, root: root, of: duty, key, from: share, &held)
            else { continue }
            fitting[key] = nil
            let what = "over a block that is too large to be kept before the cluster has decided"
            faults.append(.tracked(duty, .malformedShare(key.pubKey, share, what)))
        }
        return (fitting, faults)
    }

    // MARK: Groups

    private mutating func insert(_ duty: Duty, _ set: ParSignedDataSet) -> (new: ParSignedDataSet, signals: [Signal]) {
        var new: ParSignedDataSet = [:]
        for (key, partial) in set where isKnown(key) && isOpen(duty, key, partial.shareIndex) {
            add(duty, key, partial)
            new[key] = partial
        }
        return (new, fire(duty, new.keys.sorted()))
    }

    /// What turned out bad is not replaced: the journal has it, and one share of each for ever.
    private func isOpen(_ duty: Duty, _ key: EntryKey, _ share: ShareIndex) -> Bool {
        guard let entry = entries[duty]?[key] else { return true }
        return entry.roots[share] == nil && !entry.refused.contains(share)
    }

    @discardableResult
    private mutating func add(_ duty: Duty, _ key: EntryKey, _ partial: ParSignedData) -> Root {
        let root = partial.data.messageRoot
        let isOwn = partial.shareIndex == configuration.shareIndex
        var entry = entries[duty]?[key] ?? Entry()
        entry.roots[partial.shareIndex] = root
        var group = entry.groups[root] ?? PartialGroup(data: partial.data, signatures: [:])
        // Parts that are not signed: ours are right, a peer's at best complete.
        if isOwn || (group.signatures[configuration.shareIndex] == nil && !group.data.isComplete) {
            group.data = partial.data
        }
        group.signatures[partial.shareIndex] = partial.data.signature
        entry.groups[root] = group
        entries[duty, default: [:]][key] = entry
        if duty.type.rules.span == .endless { supporters[duty, default: []].insert(partial.shareIndex) }
        return root
    }

    private func roots(_ duty: Duty, _ set: ParSignedDataSet) -> [EntryKey: Root] {
        var roots: [EntryKey: Root] = [:]
        for (key, partial) in set { roots[key] = entries[duty]?[key]?.roots[partial.shareIndex] }
        return roots
    }

    /// Hands over each group of `threshold` agreeing shares, once per message root.
    private mutating func fire(_ duty: Duty, _ keys: [EntryKey]) -> [Signal] {
        var groups: [EntryKey: PartialGroup] = [:]
        for key in keys {
            guard let entry = entries[duty]?[key], entry.roots.count >= configuration.threshold else { continue }
            // The lowest root first: a threshold of half the cluster or less can have two in one restart. The second
            // would only be refused by AggSigDB, where the first stays.
            let complete = entry.groups.filter {
                $0.value.signatures.count >= configuration.threshold && !entry.fired.contains($0.key)
            }
            guard let (root, group) = complete.min(by: { $0.key < $1.key }) else { continue }
            entries[duty]?[key]?.fired.insert(root)
            // Ours is known to be good; low indices are the cheapest to combine.
            let own = configuration.shareIndex
            let chosen = group.signatures.sorted { ($0.key == own ? 0 : 1, $0.key) < ($1.key == own ? 0 : 1, $1.key) }
            groups[key] = PartialGroup(
                data: group.data,
                signatures: Dictionary(
                    uniqueKeysWithValues: chosen.prefix(configuration.threshold).map { ($0.key, $0.value) }))
        }
        return groups.isEmpty ? [] : [.thresholdReached(duty, groups)]
    }
}
