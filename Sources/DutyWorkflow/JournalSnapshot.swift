import Ethereum
import QBFT
import SSZ

/// What the journal's records amount to, and what a restarted node takes up.
///
/// `apply` is the meaning of every record. The simulation's disk is this value; the real one is SQLite, which is held
/// to the same meaning by test. Only there: records it cannot hold are refused, peers' partials may be dropped when the
/// file is full, and old duties are swept.
package struct JournalSnapshot: Sendable {
    package struct Partial: Hashable, Sendable {
        package var duty: Duty
        package var key: EntryKey
        package var partial: ParSignedData
        package var status: PartialStatus
        package init(duty: Duty, key: EntryKey, partial: ParSignedData, status: PartialStatus) {
            self.duty = duty
            self.key = key
            self.partial = partial
            self.status = status
        }
    }

    private struct Share: Sendable {
        var partial: ParSignedData
        let messageRoot: Root
        var status: PartialStatus

        func isSame(as other: ParSignedData) -> Bool {
            partial.data.signature == other.data.signature && messageRoot == other.data.messageRoot
        }
    }

    /// Own votes in the order in which they were made.
    package var votes: [Duty: [QBFT.Message]] = [:]
    package var voteValues: [Duty: [Root: ConsensusValue]] = [:]
    package var unsigned: [Duty: UnsignedDataSet] = [:]
    package var aggregated: [Duty: SignedDataSet] = [:]
    package var broadcast: [Duty: Set<EntryKey>] = [:]
    package var watermarks: [PubKey: AttestationWatermark] = [:]
    package var proposalWatermarks: [PubKey: ProposalWatermark] = [:]
    /// Duties that are over and stay so, whatever the clock says: what they promised need not be in memory any more.
    package var closed: Set<Duty> = []
    /// Why this node votes and signs no more; nil if it does.
    package var halt: Halt?
    /// Validators for which it signs no more.
    package var slashed: [PubKey: Slashing] = [:]
    package var plannedSwitch: SwitchRecord?
    private var shares: [Duty: [EntryKey: [ShareIndex: Share]]] = [:]

    package init() {}

    /// - Throws: if the record contradicts an earlier one; then it changes nothing.
    package mutating func apply(_ record: Record) throws(JournalConflict) {
        switch record {
        case .vote(let duty, let message, let values): try addVote(duty, message, values)
        case .unsigned(let duty, let set): try addUnsigned(duty, set)
        case .attestationWatermark(let pubKey, let watermark): try raise(pubKey, watermark)
        case .proposalWatermark(let pubKey, let watermark): try raise(pubKey, watermark)
        case .partials(let duty, let set, let status): try addPartials(duty, set, status)
        case .partialStatus(let duty, let keys, let status): for key in keys { raiseStatus(duty, key, status) }
        case .aggregated(let duty, let set): try addAggregated(duty, set)
        case .broadcast(let duty, let keys):
            for key in keys where aggregated[duty]?[key] != nil { broadcast[duty, default: []].insert(key) }
        case .expired(let duty):
            closed.insert(duty)
            for key in (shares[duty] ?? [:]).keys { raiseStatus(duty, key, .expired) }
        case .forgotten(let duty): forget(duty)
        case .halted(let first): halt = halt ?? first
        case .haltLifted: halt = nil
        case .slashed(let pubKey, let new):
            if slashed[pubKey].map({ $0.evidence < new.evidence }) ?? true { slashed[pubKey] = new }
        case .slashingLifted(let pubKey): if slashed[pubKey]?.evidence == .told { slashed[pubKey] = nil }
        case .plannedSwitch(let record): plannedSwitch = try record.replacing(plannedSwitch)
        case .switchDropped(let plan): plannedSwitch = try SwitchRecord.dropping(plan, from: plannedSwitch)
        }
    }

    /// What a node takes up that starts now: nothing of duties that are over, but that they are.
    package func live(where isLive: (Duty) -> Bool) -> JournalSnapshot {
        var live = self
        let known = Set(votes.keys).union(voteValues.keys).union(unsigned.keys).union(aggregated.keys)
            .union(shares.keys)
        live.closed.formUnion(known.filter { !isLive($0) })
        for duty in live.closed {
            live.votes[duty] = nil
            live.voteValues[duty] = nil
            live.unsigned[duty] = nil
            live.aggregated[duty] = nil
            live.broadcast[duty] = nil
            live.shares[duty] = nil
        }
        return live
    }

    // MARK: Partial signatures

    /// Sorted by duty, entry and share.
    package var partials: [Partial] {
        shares.sorted { $0.key < $1.key }.flatMap { duty, byKey in
            byKey.sorted { $0.key < $1.key }.flatMap { key, rows in
                rows.sorted { $0.key < $1.key }.map {
                    Partial(duty: duty, key: key, partial: $0.value.partial, status: $0.value.status)
                }
            }
        }
    }

    /// A row that a journal holds. Unlike a record it is taken as it is.
    package mutating func add(_ row: Partial) {
        shares[row.duty, default: [:]][row.key, default: [:]][row.partial.shareIndex] = Share(
            partial: row.partial, messageRoot: row.partial.data.messageRoot, status: row.status)
    }

    /// The root that a share signed.
    package func signedRoot(_ duty: Duty, _ key: EntryKey, _ share: ShareIndex) -> Root? {
        shares[duty]?[key]?[share]?.messageRoot
    }

    /// About what they take on a disk, in bytes: a row each, and what was signed once a message.
    package var partialBytes: Int {
        shares.values.flatMap(\.values).reduce(0) { bytes, rows in
            var roots: Set<Root> = []
            return rows.values.reduce(bytes) { sum, share in
                sum + 256 + (roots.insert(share.messageRoot).inserted ? share.partial.data.heldBytes : 0)
            }
        }
    }

    // MARK: Private parts, in call order

    private mutating func addVote(
        _ duty: Duty, _ message: QBFT.Message, _ values: [Root: ConsensusValue]
    ) throws(JournalConflict) {
        for (hash, value) in values.sorted(by: { $0.key < $1.key }) {
            if let first = voteValues[duty]?[hash], first != value {
                throw JournalConflict(.value, duty, detail: "hash \(hash)")
            }
        }
        let first = votes[duty]?.first { $0.kind == message.kind && $0.round == message.round }
        // The justification may list the same messages in another order; what counts is what was voted for.
        if let first, !first.isSameVote(as: message) { throw .vote(duty, message) }
        if !values.isEmpty { voteValues[duty, default: [:]].merge(values) { first, _ in first } }
        if first == nil { votes[duty, default: []].append(message) }
    }

    private mutating func addUnsigned(_ duty: Duty, _ set: UnsignedDataSet) throws(JournalConflict) {
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            if let first = unsigned[duty]?[pubKey], first != value { throw .firstStays(.unsigned, duty, pubKey) }
        }
        unsigned[duty, default: [:]].merge(set) { first, _ in first }
    }

    private mutating func raise(_ pubKey: PubKey, _ new: AttestationWatermark) throws(JournalConflict) {
        guard let old = watermarks[pubKey] else {
            watermarks[pubKey] = new
            return
        }
        guard let raised = old.raised(by: new) else { throw .watermark(pubKey, new) }
        watermarks[pubKey] = raised
    }

    private mutating func raise(_ pubKey: PubKey, _ new: ProposalWatermark) throws(JournalConflict) {
        guard let raised = proposalWatermarks[pubKey].map({ $0.raised(by: new) }) ?? new else {
            throw .watermark(pubKey, new)
        }
        proposalWatermarks[pubKey] = raised
    }

    /// A second, different partial of ours is refused; of a peer it is ignored, so that no peer can stop the node.
    ///
    /// Of the object that was signed only the message is agreed on: what else it says is stored once, as the first
    /// share said it, until our own does. A block is stored for our own share only, and peers' shares of it after that:
    /// else each peer could fill the disk with blocks of its own.
    private mutating func addPartials(
        _ duty: Duty, _ set: ParSignedDataSet, _ status: PartialStatus
    ) throws(JournalConflict) {
        for (key, partial) in set.sorted(by: { $0.key < $1.key }) where status == .internal {
            guard let first = shares[duty]?[key]?[partial.shareIndex] else { continue }
            guard first.isSame(as: partial) else { throw .ownPartial(duty, key.pubKey, partial.shareIndex) }
        }
        for (key, partial) in set where shares[duty]?[key]?[partial.shareIndex] == nil {
            var rows = shares[duty]?[key] ?? [:]
            let root = partial.data.messageRoot
            let sameMessage = rows.filter { $0.value.messageRoot == root }
            var new = partial
            if status == .internal {
                for (index, row) in sameMessage {
                    rows[index]?.partial.data = partial.data.with(signature: row.partial.data.signature)
                }
            } else if let first = sameMessage.values.first {
                new.data = first.partial.data.with(signature: partial.data.signature)
            } else if partial.data.isLarge {
                continue
            }
            rows[partial.shareIndex] = Share(partial: new, messageRoot: root, status: status)
            shares[duty, default: [:]][key] = rows
        }
    }

    /// Status only rises, so `.broadcasted` touches our own share alone: those of peers start there.
    private mutating func raiseStatus(_ duty: Duty, _ key: EntryKey, _ status: PartialStatus) {
        for (index, row) in shares[duty]?[key] ?? [:] where row.status.rawValue < status.rawValue {
            shares[duty]?[key]?[index]?.status = status
        }
    }

    /// What has a deadline is never forgotten: it may be slashed for.
    private mutating func forget(_ duty: Duty) {
        guard duty.type.rules.span == .endless else { return }
        shares[duty] = nil
        aggregated[duty] = nil
        broadcast[duty] = nil
    }

    private mutating func addAggregated(_ duty: Duty, _ set: SignedDataSet) throws(JournalConflict) {
        for (key, signed) in set.sorted(by: { $0.key < $1.key }) {
            if let first = aggregated[duty]?[key], first != signed { throw .firstStays(.aggregated, duty, key.pubKey) }
        }
        aggregated[duty, default: [:]].merge(set) { first, _ in first }
    }
}
