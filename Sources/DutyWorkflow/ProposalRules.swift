import Ethereum
import SSZ

/// What every proposed block must satisfy. Source: workflow.md §6, §8; consensus-specs validator.md, "Block proposal".
enum ProposalRules {
    /// - Parameter row: the duty as our beacon node names it.
    static func fault(
        in proposal: VersionedProposal, slot: Slot, row: DutyDefinition?, _ configuration: WorkflowConfiguration
    ) -> String? {
        if proposal.slot != slot { return "a block of slot \(proposal.slot.rawValue)" }
        guard proposal.fork == configuration.forks.fork(at: configuration.clock.epoch(of: slot)) else {
            return "a block of fork \(proposal.fork), which does not rule slot \(slot.rawValue)"
        }
        if let row, row.validatorIndex != proposal.proposerIndex {
            return "a block of proposer \(proposal.proposerIndex.rawValue)"
        }
        return nil
    }
}
