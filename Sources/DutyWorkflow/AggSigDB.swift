import Ethereum

/// Group signatures until the deadline. The first of a (slot, type, validator) stays. Source: workflow.md §12.
struct AggSigDB: Sendable {
    private var values: [Duty: SignedDataSet] = [:]

    init() {}

    mutating func restore(_ snapshot: JournalSnapshot) { values = snapshot.aggregated }

    /// - Returns: what is new and should be broadcast.
    mutating func store(_ duty: Duty, _ set: SignedDataSet) -> (new: SignedDataSet, signals: [Signal]) {
        var new: SignedDataSet = [:]
        var signals: [Signal] = []
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            if let old = values[duty]?[pubKey] {
                if old.messageRoot != value.messageRoot {
                    signals.append(.tracked(duty, .conflicted(pubKey, "another group signature exists")))
                }
                continue
            }
            values[duty, default: [:]][pubKey] = value
            new[pubKey] = value
        }
        guard !new.isEmpty else { return (new, signals) }
        signals.append(.perform(.note(.aggregated(duty, new))))
        signals.append(.perform(.note(.partialStatus(duty, new.keys.sorted(), .aggregated))))
        return (new, signals)
    }

    mutating func expire(_ duty: Duty) { values[duty] = nil }
}
