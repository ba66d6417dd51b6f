import Ethereum
import SSZ

/// What every proposed block must satisfy. Source: workflow.md §6, §8; consensus-specs validator.md, "Block proposal".
package enum ProposalRules {
    /// - Parameter row: the duty as our beacon node names it.
    static func fault(
        in proposal: VersionedProposal, slot: Slot, row: DutyDefinition?, _ configuration: WorkflowConfiguration
    ) -> String? {
        fault(
            in: proposal, slot: slot, proposer: row?.validatorIndex, configuration.clock, configuration.forks)
    }

    /// What makes a beacon node's block useless for who asked for it.
    package static func fault(
        in proposal: VersionedProposal, slot: Slot, _ request: ProposalRequest, _ clock: SlotClock,
        _ forks: ForkSchedule
    ) -> String? {
        fault(in: proposal, slot: slot, proposer: request.proposer, clock, forks)
            ?? fault(in: proposal, reveal: request.randaoReveal)
    }

    /// What makes another node's block better: this one is valid, but not what was wished for.
    package static func flaw(in proposal: VersionedProposal, _ request: ProposalRequest) -> String? {
        if proposal.isBlinded {
            return request.wantsBuilder ? nil : "a builder's block, without --builder-api"
        }
        guard let due = request.feeRecipient, let paid = proposal.feeRecipient, paid != due else { return nil }
        return "a block that pays \(paid) instead of \(due)"
    }

    /// - Parameter reveal: the cluster's; nil while it is not known.
    static func fault(in proposal: VersionedProposal, reveal: SignatureBytes?) -> String? {
        guard let reveal, proposal.randaoReveal != reveal else { return nil }
        return "a block with another randao reveal than the cluster's"
    }

    private static func fault(
        in proposal: VersionedProposal, slot: Slot, proposer: ValidatorIndex?, _ clock: SlotClock,
        _ forks: ForkSchedule
    ) -> String? {
        if proposal.slot != slot { return "a block of slot \(proposal.slot.rawValue)" }
        guard proposal.fork == forks.fork(at: clock.epoch(of: slot)) else {
            return "a block of fork \(proposal.fork), which does not rule slot \(slot.rawValue)"
        }
        if let proposer, proposer != proposal.proposerIndex {
            return "a block of proposer \(proposal.proposerIndex.rawValue)"
        }
        return nil
    }
}
