import Cluster
import DutyWorkflow
import Ethereum
import Logging
import Program
import Synchronization

/// Follows the file in which the operator plans a switch: tells the workflow of it, and of its end. Once the cluster has
/// agreed, it opens the new keystores, so that the epoch does not wait for them.
final class SwitchWatch: Sendable {
    private static let lookEvery = Duration.seconds(5)

    private let configuration: NodeConfiguration
    private let driver: WorkflowDriver
    private let slotsPerEpoch: UInt64
    private let threads: CryptoThreads
    private let opened: OpenedKeystores
    private let logger: Logger
    private let turns = Mutex(SwitchFileTurns<FileAccess.Fingerprint>())
    private let toldMissing = Atomic(false)
    /// What the file said last, in this life.
    private let last = Mutex<SwitchPlanFile?>(nil)

    init(
        _ configuration: NodeConfiguration, _ driver: WorkflowDriver, slotsPerEpoch: UInt64, threads: CryptoThreads,
        opened: OpenedKeystores, logger: Logger
    ) {
        self.configuration = configuration
        self.driver = driver
        self.slotsPerEpoch = slotsPerEpoch
        self.threads = threads
        self.opened = opened
        self.logger = logger
    }

    /// Until cancelled.
    func run() async {
        var hasOpened = false
        while !Task.isCancelled {
            await look()
            if !hasOpened, let record = await driver.switchRecord, record.stage == .confirmed {
                hasOpened = true
                await open(record.plan)
            }
            do { try await Task.sleep(for: Self.lookEvery) } catch { return }
        }
    }

    /// Takes up the file if it is another one than last time, or could not be taken up for a while.
    func look() async {
        let directory = FileAccess.parent(of: configuration.lockFile)
        let now = FileAccess.Fingerprint(FileAccess.join(directory, SwitchPlanFile.name))
        let isDue = turns.withLock { $0.isDue(now, at: .now) }
        do {
            if now == nil {
                try await drop()
            } else if isDue {
                try await plan()
            } else {
                return
            }
            turns.withLock { $0.succeeded() }
        } catch is CancellationError {
            return
        } catch {
            guard turns.withLock({ $0.failed("\(error)", at: .now) }) else { return }
            logger.error(
                "the planned switch is not taken up: this node announces nothing",
                metadata: ["error": "\(error)"])
        }
    }

    /// What fails here fails again at the epoch, where it is told.
    private func open(_ plan: SwitchPlan) async {
        guard configuration.signing == .keystores, let folder = SwitchFolder(configuration) else { return }
        do {
            for piece in try await threads.run({ [opened] in try folder.keystores(plan, opened) }) {
                let start = ContinuousClock.now
                try await threads.run(piece)
                // Half of one thread at most: the old key shares still sign.
                try await Task.sleep(for: start.duration(to: .now))
            }
            logger.info("the new keystores are open", metadata: ["keystores": "\(opened.count)"])
        } catch is CancellationError {
            return
        } catch {
            logger.warning("the new keystores cannot be opened yet", metadata: ["error": "\(error)"])
        }
    }

    private func plan() async throws {
        guard let folder = SwitchFolder(configuration) else {
            throw ConfigurationError(
                flag: "lock-file",
                what: "lock, identity key and key shares are not in one directory, which could be exchanged",
                cure: "stop all nodes, and switch them with 'styx alpha edit switch'")
        }
        let file = try SwitchPlanFile.load(of: folder.directory)
        last.withLock { $0 = file }
        let slots = slotsPerEpoch
        guard let plan = try await threads.run({ try folder.wanted(slotsPerEpoch: slots) }) else { return }
        if let record = await driver.switchRecord {
            guard record.plan != plan else { return }
            // Of two plans that nobody goes by yet the last one counts.
            if record.stage == .noted { _ = try await driver.plan(nil) }
        }
        if let refusal = try await driver.plan(plan) {
            logger.error("the planned switch is refused", metadata: ["reason": "\(refusal)"])
        }
    }

    /// The operator has taken it back, in this life or before.
    private func drop() async throws {
        guard let record = await driver.switchRecord, ![.calledOff, .entered].contains(record.stage) else { return }
        // It may have gone further meanwhile: then the refusal says so.
        guard let refusal = try await driver.plan(nil) else { return }
        guard let file = last.withLock({ $0 }) else {
            if toldMissing.exchange(true, ordering: .relaxed) { return }
            logger.error(
                "the planned switch holds, but its file is gone: at its epoch this node will not find the new directory; plan the same again with 'styx alpha edit switch --at-epoch'",
                metadata: ["reason": "\(refusal)", "epoch": "\(record.plan.epoch)"])
            return
        }
        // The node needs it at the epoch.
        try file.write(into: FileAccess.parent(of: configuration.lockFile))
        logger.error(
            "the planned switch is not taken back: its file is there again", metadata: ["reason": "\(refusal)"])
    }
}
