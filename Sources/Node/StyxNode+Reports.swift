import DutyWorkflow
import Libp2p
import Logging
import PeerProtocols
import Program
import Synchronization

extension StyxNode {
    /// Logs what became of duties, in the words of Charon's log dashboard where it has any.
    ///
    /// - Parameters:
    ///   - view: the cluster as it is now.
    ///   - waits: how long each duty waited for the disk, told with those that are done.
    ///   - commits: transactions that reached the disk so far, told with each duty at debug level.
    func reporter(
        view: @escaping @Sendable () -> ClusterView, _ tracing: DutyTracing?, _ waits: CommitWaits?,
        commits: @escaping @Sendable () -> Int
    ) -> @Sendable (Report) -> Void {
        let logger = topic("tracker")
        let work = monitoring.metrics.work
        let (hook, metrics, doctor) = (hooks.report, monitoring.metrics.duties, doctor)
        let filter = Mutex(ReportFilter())
        return { [live] report in
            hook(report)
            metrics.receive(report)
            doctor.receive(report, in: view, at: SystemClock.now())
            if case .fault(_, let fault) = report, fault.kind == .feeRecipient { work.notePaysOther() }
            tracing?.heard(report)
            live?.receive(report, in: view)
            switch report {
            case .started(let duty, let validators):
                filter.withLock { $0.works("resolve") }
                logger.debug("duty started", metadata: ["duty": "\(duty)", "validators": "\(validators)"])
                logger.debug("work so far", metadata: totals(duty, "started", nil, commits))
            case .decided(let duty, let round, let leader, let after):
                logger.debug(
                    "consensus decided",
                    metadata: [
                        "duty": "\(duty)", "round": "\(round)", "leader": "\(leader)",
                        "took": "\(GoDuration.format(after))",
                    ])
            case .roundChanged(let duty, let from, let to, let why):
                logger.debug(
                    "round changed", metadata: ["duty": "\(duty)", "from": "\(from)", "to": "\(to)", "rule": "\(why)"])
            case .roundChangesLacked(let duty, let isDecided):
                logger.debug(
                    "round changes of most others did not come",
                    metadata: ["duty": "\(duty)", "is_decided": "\(isDecided)"])
            case .succeeded(let duty, let validators, let since):
                filter.withLock { filter in DutyStep.allCases.forEach { filter.works($0.name) } }
                logger.info(
                    "duty done",
                    metadata: [
                        "duty": "\(duty)", "validators": "\(validators)",
                        "since_decided": "\(GoDuration.format(since))",
                    ])
                logger.debug("work so far", metadata: totals(duty, "done", waits, commits))
            case .failed(let failure):
                logger.error(
                    "Duty failed",
                    metadata: [
                        "duty": "\(failure.duty)", "slot": "\(failure.duty.slot.rawValue)",
                        "step": "\(failure.step.name)",
                        "reason": "\(FailureSentence(failure, in: view()))",
                        "reason_code": "\(failure.reason.code)", "error": "\(failure.detail)",
                        "validators": "\(failure.missing.count)",
                    ])
            case .analysed(let analysis):
                let absent = analysis.participation.absent.map { "\($0.peer)" }.joined(separator: " ")
                logger.debug(
                    "duty analysed",
                    metadata: [
                        "duty": "\(analysis.duty)", "outcome": "\(analysis.outcome)", "absent_peers": "\(absent)",
                    ])
            case .peerAbsent(let peer, let duties):
                logger.warning(
                    "an operator signs nothing: its validator client, node or connection is down",
                    metadata: [
                        "peer": "\(peer)", "duties": "\(duties)",
                        "connected": "\(view().connected.contains(peer))",
                    ])
            case .peerReturned(let peer, let missed):
                logger.info("an operator signs again", metadata: ["peer": "\(peer)", "missed": "\(missed)"])
            case .retrying(let duty, let step, let detail):
                let isNews = filter.withLock { $0.isNews(step, detail, at: .now) }
                logger.log(
                    level: isNews ? .warning : .debug, "trying again",
                    metadata: ["duty": "\(duty)", "step": "\(step.name)", "error": "\(detail)"])
            case .dutiesUnavailable(let epoch, let why):
                let isNews = filter.withLock { $0.isNews("resolve", why) }
                logger.log(
                    level: isNews ? .warning : .debug, "resolve duties",
                    metadata: ["epoch": "\(epoch)", "error": "\(why)"])
            case .validatorsWithoutDuty(let epoch, let keys):
                logger.warning(
                    """
                    no beacon node has an attester duty for validators that are active: they miss their votes of this \
                    epoch unless one tells it yet; see that a beacon node is synced and not behind a cache
                    """,
                    metadata: [
                        "epoch": "\(epoch)", "validators": "\(keys.count)",
                        "pubkeys": "\(keys.prefix(3).map { "\($0)" }.joined(separator: " "))",
                    ])
            case .fault(let duty, let fault):
                var metadata: Logger.Metadata = [
                    "duty": "\(duty)", "kind": "\(fault.kind.rawValue)", "error": "\(fault)",
                ]
                if let peer = fault.peer { metadata["peer"] = "\(peer)" }
                switch filter.withLock({ $0.fault(fault, at: .now) }) {
                case .tell(let suppressed):
                    if suppressed > 0 { metadata["alike_since_last"] = "\(suppressed)" }
                    logger.warning("fault", metadata: metadata)
                case .keepQuiet: logger.debug("fault", metadata: metadata)
                }
            case .dutiesMissed(let from, let to, let count, let why):
                logger.warning(
                    "duties missed",
                    metadata: [
                        "slots": "\(from) to \(to)", "duties": "\(count.map { "\($0)" } ?? "unknown")",
                        "reason": "\(why)",
                    ])
            case .prioritiesAgreed(let agreed):
                logger.info(
                    "nodes agreed on what they have in common",
                    metadata: [
                        "slot": "\(agreed.slot)", "versions": "\(agreed.versions.joined(separator: " "))",
                        "protocols": "\(agreed.protocols.joined(separator: " "))",
                        "proposals": "\(agreed.proposals.joined(separator: " "))",
                    ])
                if let id = agreed.consensusProtocol, id != ConsensusProtocol.id {
                    logger.error(
                        "the other nodes prefer a consensus protocol that this version does not have",
                        metadata: ["protocol": "\(id)"])
                }
            case .twinSeen(let duty, let what):
                monitoring.note(halt: what)
                logger.critical(
                    "another process signs with this node's key: this node signs nothing more",
                    metadata: ["duty": "\(duty)", "seen": "\(what)", "cure": "\(Halt.cure)"])
            case .slashed(let pubKey, let slashing):
                monitoring.note(slashing, of: pubKey)
                logger.error(
                    "validator was slashed: this node signs nothing more for it",
                    metadata: [
                        "validator": "\(pubKey)", "seen": "\(slashing.seen)",
                        "proven": "\(slashing.evidence == .proven)", "cure": "\(Slashing.cure)",
                    ])
            case .slashingLifted(let pubKey):
                monitoring.note(nil, of: pubKey)
                logger.warning(
                    "most beacon nodes say that the validator was not slashed: this node signs for it again",
                    metadata: ["validator": "\(pubKey)"])
            case .plannedSwitch(let plan, let news): tell(plan, news, logger)
            case .stillHalted(let halt):
                monitoring.note(halt: halt.seen)
                logger.critical(
                    "another process signed with this node's key before: this node votes and signs nothing",
                    metadata: ["duty": "\(halt.duty)", "seen": "\(halt.seen)", "cure": "\(Halt.cure)"])
            }
        }
    }

    /// What is told at debug level only.
    var commitWaits: CommitWaits? { topic("tracker").logLevel <= .debug ? CommitWaits() : nil }

    /// Totals of this process, for measurements to take differences of; and how long the duty waited for the disk.
    private func totals(
        _ duty: Duty, _ moment: String, _ waits: CommitWaits?, _ commits: () -> Int
    ) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["duty": "\(duty)", "moment": "\(moment)", "commits": "\(commits())"]
        if let waits { metadata["waited_for_disk"] = "\(GoDuration.format(waits.total(duty)))" }
        for kind in HandOffs.Kind.allCases { metadata["hand_offs_\(kind)"] = "\(HandOffs.total(kind))" }
        return metadata
    }
}
