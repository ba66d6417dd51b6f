import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// What a node's disk holds: survives crashes, forgets what was not committed.
struct SimulatedJournal {
    private typealias Row = (partial: ParSignedData, status: PartialStatus)

    /// Without partials; those have an index of their own.
    private var snapshot = JournalSnapshot()
    private var partials: [Duty: [EntryKey: [ShareIndex: Row]]] = [:]

    mutating func commit(_ records: some Sequence<Record>) {
        for record in records { apply(record) }
    }

    /// What a restarted node reads.
    func load(deadlines: Deadlines, at now: Instant) -> JournalSnapshot {
        var live = snapshot
        let isLive = { (duty: Duty) in !deadlines.isExpired(duty, at: now) }
        live.votes = live.votes.filter { isLive($0.key) }
        live.voteValues = live.voteValues.filter { isLive($0.key) }
        live.unsigned = live.unsigned.filter { isLive($0.key) }
        live.aggregated = live.aggregated.filter { isLive($0.key) }
        for (duty, byKey) in partials.sorted(by: { $0.key < $1.key }) where isLive(duty) {
            for (key, rows) in byKey.sorted(by: { $0.key < $1.key }) {
                live.partials += rows.sorted { $0.key < $1.key }.map {
                    .init(duty: duty, key: key, partial: $0.value.partial, status: $0.value.status)
                }
            }
        }
        return live
    }

    // MARK: What must be here before others may see it

    func holds(vote: QBFT.Message, of duty: Duty) -> Bool {
        snapshot.votes[duty]?.contains { $0.isSameVote(as: vote) } ?? false
    }

    func holds(_ data: AttestationData, of duty: Duty, for pubKey: PubKey) -> Bool {
        guard case .attester(let stored, _)? = snapshot.unsigned[duty]?[pubKey] else { return false }
        return stored == data
    }

    func holds(_ partial: ParSignedData, of duty: Duty, for key: EntryKey) -> Bool {
        partials[duty]?[key]?[partial.shareIndex]?.partial.data.messageRoot == partial.data.messageRoot
    }

    func isServable(_ data: AttestationData, in duty: Duty) -> Bool {
        (snapshot.unsigned[duty] ?? [:]).values.contains {
            guard case .attester(let stored, _) = $0 else { return false }
            return stored == data
        }
    }

    func holdsShare(_ share: ShareIndex, of duty: Duty, for key: EntryKey) -> Bool {
        partials[duty]?[key]?[share] != nil
    }

    private mutating func apply(_ record: Record) {
        switch record {
        case .vote(let duty, let message, let values):
            snapshot.votes[duty, default: []].append(message)
            snapshot.voteValues[duty, default: [:]].merge(values) { first, _ in first }
        case .unsigned(let duty, let set): snapshot.unsigned[duty, default: [:]].merge(set) { first, _ in first }
        case .attestationWatermark(let pubKey, let watermark): snapshot.watermarks[pubKey] = watermark
        case .partials(let duty, let set, let status):
            for (pubKey, partial) in set where partials[duty]?[pubKey]?[partial.shareIndex] == nil {
                partials[duty, default: [:]][pubKey, default: [:]][partial.shareIndex] = (partial, status)
            }
        case .partialStatus(let duty, let pubKeys, let status):
            for pubKey in pubKeys {
                for (share, row) in partials[duty]?[pubKey] ?? [:] where row.status.rawValue < status.rawValue {
                    partials[duty]?[pubKey]?[share]?.status = status
                }
            }
        case .aggregated(let duty, let set): snapshot.aggregated[duty, default: [:]].merge(set) { first, _ in first }
        case .broadcast(let duty, let pubKeys): snapshot.broadcast[duty, default: []].formUnion(pubKeys)
        case .expired(let duty):
            snapshot.votes[duty] = nil
            snapshot.voteValues[duty] = nil
            snapshot.unsigned[duty] = nil
            snapshot.aggregated[duty] = nil
            snapshot.broadcast[duty] = nil
            partials[duty] = nil
        }
    }
}
