import Cluster
import DutyWorkflow
import Ethereum
import Logging
import Program

/// A switch to other key shares while the process runs: the node ends with the old ones late in the last slot, the
/// directories are exchanged, and another node starts with the new ones.
extension StyxNode {
    /// Runs until SIGINT or SIGTERM.
    package static func runUntilSignalled(
        _ configuration: NodeConfiguration, hooks: Hooks = Hooks(), logger: Logger
    ) async throws {
        if let plan = try await SwitchFolder(configuration)?.finish() {
            logger.info("an interrupted switch to new key shares is done", metadata: ["epoch": "\(plan.epoch)"])
        }
        let opened = OpenedKeystores()
        let first = try await StyxNode(configuration, hooks: hooks, opened: opened, logger: logger)
        try await untilSignalled(logger: logger) {
            var node = first
            while let plan = try await node.runUntilSwitch() {
                guard let folder = SwitchFolder(configuration) else { throw SwitchDue(plan: plan) }
                try await folder.enter(plan)
                logger.info("the directory of the new cluster is in use now", metadata: ["epoch": "\(plan.epoch)"])
                node = try await StyxNode(configuration, hooks: hooks, opened: opened, logger: logger)
            }
        }
    }

    /// - Returns: the plan for which the node has ended; nil if it was cancelled.
    private func runUntilSwitch() async throws -> SwitchPlan? {
        do {
            try await run()
            return nil
        } catch let due as SwitchDue {
            return due.plan
        }
    }

    func watchSwitch(_ driver: WorkflowDriver, _ clock: SlotClock) async {
        await SwitchWatch(
            configuration, driver, slotsPerEpoch: clock.slotsPerEpoch, threads: threads, opened: opened,
            logger: topic("switch")
        ).run()
    }
}
