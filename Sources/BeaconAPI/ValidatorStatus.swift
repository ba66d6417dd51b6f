/// The state of a validator's life. Source: beacon-APIs `types/api.yaml`, ValidatorStatus.
package enum ValidatorStatus: String, CaseIterable, Hashable, Sendable {
    case pendingInitialized = "pending_initialized"
    case pendingQueued = "pending_queued"
    case activeOngoing = "active_ongoing"
    case activeExiting = "active_exiting"
    case activeSlashed = "active_slashed"
    case exitedUnslashed = "exited_unslashed"
    case exitedSlashed = "exited_slashed"
    case withdrawalPossible = "withdrawal_possible"
    case withdrawalDone = "withdrawal_done"

    /// Has duties.
    package var isActive: Bool {
        switch self {
        case .activeOngoing, .activeExiting, .activeSlashed: true
        default: false
        }
    }

    /// The statuses that a filter of the API names: a status, or `pending`, `active`, `exited`, `withdrawal` for all
    /// that start so. Empty for anything else.
    package static func matching(_ filter: String) -> [ValidatorStatus] {
        allCases.filter { $0.rawValue == filter || $0.rawValue.hasPrefix(filter + "_") && !filter.contains("_") }
    }
}
