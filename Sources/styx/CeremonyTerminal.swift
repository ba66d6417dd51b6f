import Cluster
import ClusterSetup
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

    /// Holds a ceremony, and says what came of it.
    ///
    /// - Parameters:
    ///   - command: for messages.
    ///   - directory: of the ceremony's notes: while they are there it can go on.
    ///   - left: what a failure left behind if they are not.
    ///   - always: what is so after any failure.
    func hold(
        _ command: String, notesIn directory: String, elseLeft left: String, always: String = "",
        _ body: @escaping @Sendable (KeyGeneration.Hooks, WebClient) async throws -> KeyGeneration.Outcome
    ) async throws {
        do {
            let outcome = try await untilInterrupted {
                try await WebClient.with { web in
                    var hooks = KeyGeneration.Hooks()
                    let encrypting = ProgressBar("encrypting key shares")
                    hooks.begun = { self.begin($0) }
                    hooks.changed = { self.show($0) }
                    hooks.encrypting = { encrypting.update($0, $1) }
                    return try await body(hooks, web)
                }
            }
            end()
            print(outcome.summary, terminator: "")
            for warning in outcome.warnings { note("warning: \(warning)") }
            note(nextSteps: outcome.nextSteps)
        } catch {
            end()
            let notes = FileAccess.join(directory, StateFile.name)
            let rest =
                (FileAccess.isTaken(notes)
                    ? "The ceremony can go on: run the same command again while the others wait, or give it up for good"
                        + " by removing \(notes)." : left) + always
            switch error {
            case is CancellationError: throw CommandFailure("\(command): interrupted. \(rest)")
            case is CeremonyFailure: throw CommandFailure("\(command): \(error). \(rest)")
            default: throw CommandFailure("\(command): \(error)")
            }
        }
    }

    private func begin(_ plan: CeremonyPlan) {
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
    private func show(_ view: CeremonyView) {
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

    private func end() { if Terminal.isInteractive { Terminal.hide() } }
}
