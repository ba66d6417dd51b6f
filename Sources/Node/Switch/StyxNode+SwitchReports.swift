import DutyWorkflow
import Logging

extension StyxNode {
    /// What the operator hears of a planned switch.
    func tell(_ plan: SwitchPlan, _ news: SwitchNews, _ logger: Logger) {
        monitoring.note(undecided: news == .undecided ? plan.epoch : nil)
        var metadata: Logger.Metadata = ["epoch": "\(plan.epoch)", "plan": "\(plan.id)"]
        switch news {
        case .noted:
            metadata["decided_in_slot"] = "\(plan.decidingDuty.slot)"
            logger.info("a switch to new key shares is planned: this node announces it", metadata: metadata)
        case .dropped: logger.info("the planned switch is taken back: all goes on as it was", metadata: metadata)
        case .announced(let peers, let isEnough):
            metadata["operators"] = "\(peers.map { "\($0)" }.joined(separator: " "))"
            metadata["enough"] = "\(isEnough)"
            logger.info("operators who have announced the planned switch so far", metadata: metadata)
        case .undecided:
            metadata["cure"] = "\(Self.undecidedCure)"
            logger.error(
                "the cluster has decided on the planned switch without this node, or not at all: it asks its peers, and signs nothing from the epoch on until it knows",
                metadata: metadata)
        case .calledOff:
            logger.warning(
                "the planned switch is called off: too few operators announced it in time; all goes on as it was",
                metadata: metadata)
        case .confirmed: logger.info("the cluster has agreed on the planned switch", metadata: metadata)
        case .entering: logger.info("this node goes on with its new key shares", metadata: metadata)
        case .left:
            logger.warning(
                "the cluster goes on with other operators: this node signs nothing more, and can be stopped",
                metadata: metadata)
        }
    }

    static let undecidedCure =
        "see that other operators are connected: those who know will tell; if none does, ask them whether they have"
        + " switched, and do as docs/switch-at-an-epoch.md says under 'A node that was away'"
}
