import DutyWorkflow
import Libp2p
import Logging
import PeerProtocols
import Program
import Synchronization

extension StyxNode {
    /// Logs what became of duties, in the words of Charon's log dashboard where it has any.
    ///
    /// - Parameter commits: transactions that reached the disk so far, told with each duty at debug level.
    func reporter(commits: @escaping @Sendable () -> Int) -> @Sendable (Report) -> Void {
        let logger = topic("tracker")
        let hook = hooks.report
        let filter = Mutex(ReportFilter())
        return { report in
            hook(report)
            switch report {
            case .started(let duty, let validators):
                filter.withLock { $0.works("resolve") }
                logger.debug("duty started", metadata: ["duty": "\(duty)", "validators": "\(validators)"])
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
            case .succeeded(let duty, let validators, let since):
                filter.withLock { filter in DutyStep.allCases.forEach { filter.works($0.name) } }
                logger.info(
                    "duty done",
                    metadata: [
                        "duty": "\(duty)", "validators": "\(validators)",
                        "since_decided": "\(GoDuration.format(since))",
                    ])
                logger.debug(
                    "work so far", metadata: ["hand_offs": "\(HandOffs.total)", "commits": "\(commits())"])
            case .failed(let duty, let step, let reason, let detail, let missing):
                logger.error(
                    "Duty failed",
                    metadata: [
                        "duty": "\(duty)", "step": "\(step.name)", "reason": "\(reason.explanation)",
                        "reason_code": "\(reason.code)", "error": "\(detail)", "validators": "\(missing.count)",
                    ])
            case .retrying(let duty, let step, let detail):
                let isNews = filter.withLock { $0.isNews(step.name, detail) }
                logger.log(
                    level: isNews ? .warning : .debug, "trying again",
                    metadata: ["duty": "\(duty)", "step": "\(step.name)", "error": "\(detail)"])
            case .dutiesUnavailable(let epoch, let why):
                let isNews = filter.withLock { $0.isNews("resolve", why) }
                logger.log(
                    level: isNews ? .warning : .debug, "resolve duties",
                    metadata: ["epoch": "\(epoch)", "error": "\(why)"])
            case .fault(let duty, let what):
                var metadata: Logger.Metadata = ["duty": "\(duty)", "error": "\(what)"]
                switch filter.withLock({ $0.fault(what, at: .now) }) {
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
            case .twinSeen(let duty, let what):
                logger.critical(
                    "another process signs with this node's key: this node signs nothing more",
                    metadata: ["duty": "\(duty)", "seen": "\(what)"])
            }
        }
    }
}
