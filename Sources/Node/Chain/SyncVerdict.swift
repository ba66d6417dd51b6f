import BeaconAPI
import Ethereum

/// Which beacon nodes do not follow the chain, by what they say themselves and by what the others say. They are asked
/// last: their duties and heads may be old.
struct SyncVerdict {
    /// Slots that a head may lie behind the others': some empty slots and a slow import are no reason.
    private static let slotsBehindMax: UInt64 = 8

    /// Each with the reason.
    private(set) var idle: [Int: String] = [:]
    /// Nodes that are far behind one whose head is near our clock, each with what was seen: it may be that one that claims
    /// too much, so they are asked like the others, and people are told.
    private(set) var apart: [Int: String] = [:]

    /// - Parameters:
    ///   - statuses: of the nodes that answered.
    ///   - current: slot of our own clock.
    init(_ statuses: [(node: Int, status: SyncingStatus)], current: Slot) {
        var heads: [(node: Int, slot: Slot)] = []
        for (node, status) in statuses {
            if status.isSyncing {
                idle[node] = "is syncing, \(status.syncDistance) slots behind"
            } else if status.headSlot > current + 1 {
                // Its clock or ours is wrong, or it lies.
                idle[node] = "claims a head at slot \(status.headSlot), which lies in the future"
            } else if status.isExecutionOffline {
                idle[node] = "has no execution client"
            } else if status.isOptimistic {
                idle[node] = "has a head that its execution client has not verified"
            } else {
                heads.append((node, status.headSlot))
            }
        }
        // What half of them have: one that claims too much does not make all others look old.
        let slots = heads.map(\.slot).sorted()
        guard !slots.isEmpty else { return }
        let usual = slots[(slots.count - 1) / 2]
        for (node, slot) in heads where slot + Self.slotsBehindMax < usual {
            idle[node] = "has a head at slot \(slot), others at \(usual)"
        }
        guard let newest = slots.last, newest + Self.slotsBehindMax >= current else { return }
        for (node, slot) in heads where idle[node] == nil && slot + Self.slotsBehindMax < newest {
            apart[node] = "has a head at slot \(slot), another at \(newest)"
        }
    }
}
