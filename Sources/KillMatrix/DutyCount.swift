import DutyWorkflow
import Ethereum

/// What the cluster owed while enough nodes were up, and what of it came.
package struct DutyCount: Sendable {
    /// When each node was up: ready, and connected with every other that was alive.
    package struct Presence: Sendable {
        private var spans: [[(from: Instant, to: Instant?)]]

        package init(nodes: Int) { spans = Array(repeating: [], count: nodes) }

        package mutating func begin(_ node: Int, at now: Instant) {
            if spans[node].last.map({ $0.to != nil }) ?? true { spans[node].append((now, nil)) }
        }

        package mutating func end(_ node: Int, at now: Instant) {
            guard let last = spans[node].indices.last, spans[node][last].to == nil else { return }
            spans[node][last].to = now
        }

        /// Those that were up all the time.
        package func nodes(from start: Instant, to end: Instant) -> Set<Int> {
            Set(
                spans.indices.filter { node in
                    spans[node].contains { $0.from <= start && ($0.to.map { $0 >= end } ?? true) }
                })
        }
    }

    package struct Row: Sendable, Equatable {
        package var owed = 0
        package var done = 0
        /// Done although fewer nodes than a quorum were up all the time.
        package var beyond = 0

        package init(owed: Int = 0, done: Int = 0, beyond: Int = 0) {
            (self.owed, self.done, self.beyond) = (owed, done, beyond)
        }
    }

    package private(set) var rows: [DutyType: Row] = [:]
    package private(set) var missing: [String] = []
    private let presence: Presence
    private let threshold: Int
    private let nodes: Int
    private let clock: SlotClock

    package init(_ presence: Presence, nodes: Int, threshold: Int, clock: SlotClock) {
        (self.presence, self.nodes, self.threshold, self.clock) = (presence, nodes, threshold, clock)
    }

    package var owed: Int { rows.values.reduce(0) { $0 + $1.owed } }
    package var done: Int { rows.values.reduce(0) { $0 + $1.done } }

    /// One duty of a slot, of all its validators.
    package mutating func add(_ duty: Duty, isDone: Bool) {
        if isOwed(duty) {
            rows[duty.type, default: Row()].owed += 1
            if isDone { rows[duty.type]?.done += 1 } else { missing.append("\(duty)") }
        } else if isDone {
            rows[duty.type, default: Row()].beyond += 1
        }
    }

    /// From well before the slot, when selections are signed, to its end.
    private func isOwed(_ duty: Duty) -> Bool {
        let start = clock.start(of: duty.slot)
        let up = presence.nodes(from: start - clock.slotDuration / 4, to: start + clock.slotDuration)
        guard up.count >= threshold else { return false }
        // Attestations have an epoch of time. What has a part of a slot cannot wait for a second round.
        guard duty.type.rules.isDecided, duty.type != .attester else { return true }
        return up.contains(leader(of: duty))
    }

    /// Of the first round. Source: consensus.md §1.
    private func leader(of duty: Duty) -> Int {
        Int((duty.slot.rawValue &+ UInt64(duty.type.rawValue) &+ 1) % UInt64(nodes))
    }
}
