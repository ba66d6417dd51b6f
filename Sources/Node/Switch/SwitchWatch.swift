import Cluster
import DutyWorkflow
import Ethereum
import Logging
import Program
import Synchronization

/// Follows the file in which the operator plans a switch: tells the workflow of it, and of its end.
final class SwitchWatch: Sendable {
    private static let lookEvery = Duration.seconds(5)

    private let configuration: NodeConfiguration
    private let driver: WorkflowDriver
    private let slotsPerEpoch: UInt64
    private let threads: CryptoThreads
    private let logger: Logger
    private let seen = Mutex<FileAccess.Fingerprint?>(nil)
    /// What it said last, in this life.
    private let last = Mutex<SwitchPlanFile?>(nil)

    init(
        _ configuration: NodeConfiguration, _ driver: WorkflowDriver, slotsPerEpoch: UInt64, threads: CryptoThreads,
        logger: Logger
    ) {
        self.configuration = configuration
        self.driver = driver
        self.slotsPerEpoch = slotsPerEpoch
        self.threads = threads
        self.logger = logger
    }

    /// Until cancelled.
    func run() async {
        while !Task.isCancelled {
            await look()
            do { try await Task.sleep(for: Self.lookEvery) } catch { return }
        }
    }

    /// Takes up the file if it is another one than last time.
    func look() async {
        let directory = FileAccess.parent(of: configuration.lockFile)
        let now = FileAccess.Fingerprint(FileAccess.join(directory, SwitchPlanFile.name))
        let before = seen.withLock { seen in
            defer { seen = now }
            return seen
        }
        do {
            if now == nil {
                try await drop()
            } else if now != before {
                try await plan()
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error(
                "the planned switch is not taken up: this node announces nothing",
                metadata: ["error": "\(error)"])
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
        guard let file = last.withLock({ $0 }) else { return }
        // The node needs it at the epoch.
        try file.write(into: FileAccess.parent(of: configuration.lockFile))
        logger.error(
            "the planned switch is not taken back: its file is there again", metadata: ["reason": "\(refusal)"])
    }
}
