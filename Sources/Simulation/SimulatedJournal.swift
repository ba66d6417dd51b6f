import DutyWorkflow
import Ethereum
import SSZ

/// What a node's disk holds: survives crashes, forgets what was not committed.
struct SimulatedJournal {
    private var snapshot = JournalSnapshot()

    mutating func commit(_ records: [Record]) {
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
        live.partials = live.partials.filter { isLive($0.duty) }
        return live
    }

    private mutating func apply(_ record: Record) {
        switch record {
        case .vote(let duty, let message, let values):
            snapshot.votes[duty, default: []].append(message)
            snapshot.voteValues[duty, default: [:]].merge(values) { first, _ in first }
        case .unsigned(let duty, let set): snapshot.unsigned[duty, default: [:]].merge(set) { first, _ in first }
        case .attestationWatermark(let pubKey, let watermark): snapshot.watermarks[pubKey] = watermark
        case .partials(let duty, let set, let status):
            for (pubKey, partial) in set.sorted(by: { $0.key < $1.key }) {
                snapshot.partials.append(.init(duty: duty, pubKey: pubKey, partial: partial, status: status))
            }
        case .partialStatus(let duty, let pubKeys, let status):
            for index in snapshot.partials.indices
            where snapshot.partials[index].duty == duty && pubKeys.contains(snapshot.partials[index].pubKey) {
                if status == .aggregated || snapshot.partials[index].status == .internal {
                    snapshot.partials[index].status = status
                }
            }
        case .aggregated(let duty, let set): snapshot.aggregated[duty, default: [:]].merge(set) { first, _ in first }
        case .broadcast(let duty, let pubKeys): snapshot.broadcast[duty, default: []].formUnion(pubKeys)
        case .expired(let duty):
            snapshot.votes[duty] = nil
            snapshot.voteValues[duty] = nil
            snapshot.unsigned[duty] = nil
            snapshot.aggregated[duty] = nil
            snapshot.partials.removeAll { $0.duty == duty }
        }
    }
}
