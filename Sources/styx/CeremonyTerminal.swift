import DKG
import KeyCeremony
import Logging
import Program
import Synchronization

/// Shows a key ceremony: a table that is drawn again and again on a terminal, and a line of the log at each change.
final class CeremonyTerminal: Sendable {
    private let logger: Logger
    private let table = Mutex<CeremonyTable?>(nil)

    init(_ logger: Logger) { self.logger = logger }

    func begin(_ plan: CeremonyPlan) {
        table.withLock { $0 = CeremonyTable(plan) }
        logger.info(
            "key ceremony",
            metadata: [
                "cluster_name": "\(plan.definition.name)", "operator": "\(plan.own)",
                "operators": "\(plan.participants)", "threshold": "\(plan.threshold)",
                "validators": "\(plan.validators)", "algorithm": "\(plan.algorithm.rawValue)",
                "compat": "\(plan.release.rawValue)", "definition_hash": "\(plan.session.hex)",
            ])
    }

    /// From any thread.
    func show(_ view: CeremonyView) {
        let now = SystemClock.now()
        let (changes, lines) = table.withLock { table -> ([CeremonyTable.Change], [String]) in
            guard table != nil else { return ([], []) }
            let changes = table?.update(view, at: now) ?? []
            return (changes, table?.lines(at: now, columns: Terminal.columns) ?? [])
        }
        for change in changes { tell(change.message, change.facts.mapValues { .string($0) }) }
        if Terminal.isInteractive { Terminal.show(lines.joined(separator: "\n")) }
    }

    private func tell(_ message: CeremonyTable.Change.Message, _ facts: Logger.Metadata) {
        switch message {
        case .activity: logger.info("key ceremony goes on", metadata: facts)
        case .connected: logger.info("operator is here", metadata: facts)
        case .away: logger.warning("operator is away", metadata: facts)
        case .step: logger.info("operator reached a step", metadata: facts)
        case .done: logger.info("operator has said goodbye", metadata: facts)
        }
    }

    func end() { if Terminal.isInteractive { Terminal.hide() } }
}
