import DutyWorkflow
import Ethereum

/// What became of duties lately, and whose fault it was if they failed.
package struct DutyTally: Sendable {
    private struct Entry: Sendable {
        let at: Instant
        let type: DutyType
        /// Nil for a duty that worked.
        let failure: Failed?
    }

    private struct Failed: Sendable {
        let layer: Layer
        let reason: FailureReason
        let detail: String
        let guilty: [PeerIndex]
    }

    /// Duties that failed and that one layer is to blame for.
    struct Missed: Sendable {
        let layer: Layer
        let count: Int
        /// Most frequent first.
        let reasons: [(reason: FailureReason, count: Int)]
        let types: [DutyType]
        /// Of the latest.
        let detail: String
        /// Operators that it lies with.
        let guilty: Set<PeerIndex>
    }

    /// A cluster has five duties in a slot; of two epochs of mainnet.
    private static let entriesMax = 512

    private var entries: [Entry] = []

    package init() {}

    package mutating func succeeded(_ type: DutyType, at now: Instant) {
        add(Entry(at: now, type: type, failure: nil))
    }

    /// - Parameter view: the cluster as it was then.
    package mutating func failed(_ failure: DutyFailure, in view: ClusterView, at now: Instant) {
        add(
            Entry(
                at: now, type: failure.duty.type,
                failure: Failed(
                    layer: failure.layer(in: view), reason: failure.reason,
                    detail: String(failure.detail.prefix(200)), guilty: FailureSentence(failure, in: view).guilty))
        )
    }

    private mutating func add(_ entry: Entry) {
        if entries.count >= Self.entriesMax { entries.removeFirst(Self.entriesMax / 8) }
        entries.append(entry)
    }

    /// What is older is forgotten.
    package mutating func forget(before: Instant) { entries.removeAll { $0.at < before } }

    package var total: Int { entries.count }

    /// By layer, in the order of `Layer`.
    var missed: [Missed] {
        let failed = entries.filter { $0.failure != nil }
        let groups = Dictionary(grouping: failed) { $0.failure?.layer ?? .thisNode }
        return Layer.allCases.compactMap { layer -> Missed? in
            guard let group = groups[layer] else { return nil }
            let reasons = Dictionary(grouping: group.compactMap { $0.failure?.reason }) { $0 }
                .map { (reason: $0.key, count: $0.value.count) }
                .sorted { (-$0.count, $0.reason.rawValue) < (-$1.count, $1.reason.rawValue) }
            return Missed(
                layer: layer, count: group.count, reasons: reasons,
                types: Set(group.map(\.type)).sorted { $0.rawValue < $1.rawValue },
                detail: group.last?.failure?.detail ?? "",
                guilty: Set(group.flatMap { $0.failure?.guilty ?? [] }))
        }
    }
}
