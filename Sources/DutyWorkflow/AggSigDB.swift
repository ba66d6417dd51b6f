import Ethereum
import SSZ

/// Group signatures until the deadline. The first of a (slot, type, entry) stays; whoever waits for one gets it as soon
/// as it is there. Source: workflow.md §12.
struct AggSigDB: Sendable {
    private struct Wanted: Sendable {
        let duty: Duty
        let key: EntryKey
    }

    private var values: [Duty: SignedDataSet] = [:]
    private var waiting = WaitingRoom<Wanted>()

    init() {}

    mutating func restore(_ snapshot: JournalSnapshot) { values = snapshot.aggregated }

    /// - Returns: what is new and should be broadcast.
    mutating func store(_ duty: Duty, _ set: SignedDataSet) -> (new: SignedDataSet, signals: [Signal]) {
        var new: SignedDataSet = [:]
        var signals: [Signal] = []
        for (key, value) in set.sorted(by: { $0.key < $1.key }) {
            if let old = values[duty]?[key] {
                if old.messageRoot != value.messageRoot {
                    signals.append(.tracked(duty, .conflicted(key.pubKey, "another group signature exists")))
                }
                continue
            }
            values[duty, default: [:]][key] = value
            new[key] = value
        }
        guard !new.isEmpty else { return (new, signals) }
        // The cluster's word: on disk before anybody gets it, a beacon node or one who waits.
        signals.append(.perform(.persist(.aggregated(duty, new))))
        signals.append(.perform(.note(.partialStatus(duty, new.keys.sorted(), .aggregated))))
        signals += waiting.answer { wanted in wanted.duty == duty ? new[wanted.key].map { .signed($0) } : nil }
        return (new, signals)
    }

    func value(_ duty: Duty, _ key: EntryKey) -> SignedData? { values[duty]?[key] }

    /// What the cluster signed of a slot's epoch for the block of a validator.
    func randaoReveal(_ slot: Slot, _ pubKey: PubKey) -> SignatureBytes? {
        value(Duty(slot: slot, type: .randao), EntryKey(pubKey))?.signature
    }

    mutating func query(_ ticket: Ticket, _ duty: Duty, _ key: EntryKey) -> [Signal] {
        if let value = values[duty]?[key] { return [.perform(.answer(ticket, .signed(value)))] }
        return waiting.enter(ticket, Wanted(duty: duty, key: key))
    }

    mutating func cancel(_ ticket: Ticket) { waiting.leave(ticket) }

    /// Whoever still waits for a signature of the duty learns that none will come.
    mutating func expire(_ duty: Duty) -> [Signal] {
        values[duty] = nil
        return waiting.answer { wanted in
            wanted.duty == duty ? .refused("duty \(duty) is over, and too few operators signed it") : nil
        }
    }
}
