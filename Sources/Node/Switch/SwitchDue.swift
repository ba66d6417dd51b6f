import DutyWorkflow

/// Ends a node because its cluster goes over to other key shares: everything that it has signed is on disk.
package struct SwitchDue: Error, CustomStringConvertible {
    package let plan: SwitchPlan

    package var description: String {
        "the cluster signs with its new key shares from epoch \(plan.epoch.rawValue) on"
    }
}
