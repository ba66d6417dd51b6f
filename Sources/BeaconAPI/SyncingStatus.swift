import Ethereum
import SSZ

/// `GET /eth/v1/node/syncing`: whether the node follows the chain.
package struct SyncingStatus: Hashable, Sendable {
    package var headSlot: Slot
    /// Slots behind.
    package var syncDistance: UInt64
    package var isSyncing: Bool
    /// The head is not verified by an execution client yet.
    package var isOptimistic: Bool
    package var isExecutionOffline: Bool

    package init(
        headSlot: Slot, syncDistance: UInt64, isSyncing: Bool, isOptimistic: Bool = false,
        isExecutionOffline: Bool = false
    ) {
        self.headSlot = headSlot
        self.syncDistance = syncDistance
        self.isSyncing = isSyncing
        self.isOptimistic = isOptimistic
        self.isExecutionOffline = isExecutionOffline
    }

    /// From the `data` member. Nodes from before the merge leave out the last two members.
    package init(json: JSONValue) throws(SSZError) {
        headSlot = try json.field("head_slot")
        syncDistance = try json.field("sync_distance")
        isSyncing = try json.field("is_syncing")
        isOptimistic = json["is_optimistic"]?.bool ?? false
        isExecutionOffline = json["el_offline"]?.bool ?? false
    }

    package func json() -> JSONValue {
        [
            "head_slot": headSlot.json(), "sync_distance": syncDistance.json(), "is_syncing": .bool(isSyncing),
            "is_optimistic": .bool(isOptimistic), "el_offline": .bool(isExecutionOffline),
        ]
    }
}
