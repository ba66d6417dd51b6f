import Cluster
import DutyWorkflow
import Ethereum
import Foundation
import Program
import Storage

/// What an operator plans before the node sees it.
package enum PlannedEpoch {
    /// - Throws: what makes it no plan, whatever the chain.
    package static func plan(_ change: ClusterSwitch, _ epoch: Epoch) throws -> SwitchPlan {
        try SwitchFolder.plan(change, epoch, slotsPerEpoch: 32)
    }
}

/// The one directory of a node that a planned switch replaces, with what the node's flags say of it.
struct SwitchFolder: Sendable {
    let directory: String
    private let configuration: NodeConfiguration

    /// - Returns: nil if lock, identity key and key shares are not in one directory: then nobody can exchange it.
    init?(_ configuration: NodeConfiguration) {
        let directory = FileAccess.parent(of: configuration.lockFile)
        let keystores = configuration.validatorKeysDirectory ?? NodeConfiguration.defaultValidatorKeysDirectory
        func isHere(_ path: String, _ name: String) -> Bool {
            FileAccess.absolute(path) == FileAccess.absolute(FileAccess.join(directory, name))
        }
        guard isHere(configuration.lockFile, LockFile.name),
            isHere(configuration.privateKeyFile, IdentityKeyFile.name),
            configuration.signing != .keystores || isHere(keystores, KeystoreDirectory.name)
        else { return nil }
        self.directory = directory
        self.configuration = configuration
    }

    /// What its operator wants; nil if nothing. Verifies the new lock: about a millisecond per validator.
    func wanted(slotsPerEpoch: UInt64) throws -> SwitchPlan? {
        guard let file = try SwitchPlanFile.load(of: directory) else { return nil }
        let change = try change(file, owner: .node)
        let mounted = Self.mountPoints(
            in: String(decoding: FileManager.default.contents(atPath: "/proc/self/mountinfo") ?? Data(), as: UTF8.self))
        for path in [directory, change.entering.directory]
        where mounted.contains(URL(fileURLWithPath: path).resolvingSymlinksInPath().path) {
            throw ConfigurationError(
                flag: "lock-file",
                what: "\(path) is mounted by itself, and so cannot change places with another directory",
                cure: "mount the directory above it, or stop all nodes and switch them with 'styx alpha edit switch'")
        }
        return try Self.plan(change, file.epoch, slotsPerEpoch: slotsPerEpoch)
    }

    /// Where file systems and directories are mounted, as in containers. Source: proc(5), mountinfo, field 5.
    static func mountPoints(in text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line -> String? in
                let fields = line.split(separator: " ")
                guard fields.count > 4 else { return nil }
                return String(fields[4]).replacing("\\040", with: " ")
            })
    }

    /// - Throws: if the directories are not what the plan was made for.
    private func change(
        _ file: SwitchPlanFile, owner: ClusterSwitch.Owner, verify: Bool = true
    ) throws -> ClusterSwitch {
        let change = try ClusterSwitch(
            from: directory, to: file.path(beside: directory), isBack: false,
            verify: verify && configuration.isVerifyingLock, owner: owner, concurrency: 1, now: SystemClock.now())
        guard change.leaving.lock?.lock.lockHash == file.oldLock, change.entering.lock?.lock.lockHash == file.newLock
        else {
            throw ClusterError.inFile(
                FileAccess.join(directory, SwitchPlanFile.name),
                .field("new_lock_hash", "the directories have other locks than when this was planned; plan it again"))
        }
        return change
    }

    /// - Throws: what makes it no plan.
    static func plan(
        _ change: ClusterSwitch, _ epoch: Epoch, slotsPerEpoch: UInt64
    ) throws -> SwitchPlan {
        guard let old = change.leaving.lock, let new = change.entering.lock else {
            throw ClusterError.option("--from", "the node is in no cluster yet: there is nothing to switch from")
        }
        guard old.lock.validators.map(\.publicKey) == new.lock.validators.map(\.publicKey) else {
            throw ClusterError.option(
                "--at-epoch", "the new lock has other validators: stop all nodes and switch them without --at-epoch")
        }
        return try SwitchPlan(
            old: SwitchPlan.Side(old), new: SwitchPlan.Side(new), epoch: epoch, slotsPerEpoch: slotsPerEpoch)
    }

    /// The work of opening the keystores of the new directory.
    func keystores(_ plan: SwitchPlan, _ opened: OpenedKeystores) throws -> [@Sendable () -> Void] {
        let directory = try planned(plan).path(beside: directory)
        return try opened.work(of: FileAccess.join(directory, KeystoreDirectory.name))
    }

    /// The epoch has come: the new directory takes the node's place. The node has ended.
    func enter(_ plan: SwitchPlan) async throws {
        // Both locks are those of the plan, and the new node verifies its own.
        let change = try change(planned(plan), owner: .node, verify: false)
        _ = try await DirectorySwitch(
            change, of: directory, journalFile: configuration.journalFile, files: configuration.namedFiles
        ).perform()
        // It went along with what was left: a node that goes back would find it.
        SwitchPlanFile.remove(from: change.kept)
        SwitchPlanFile.remove(from: directory)
    }

    private func planned(_ plan: SwitchPlan) throws -> SwitchPlanFile {
        guard let file = try SwitchPlanFile.load(of: directory), file.newLock == plan.new.lock else {
            throw ClusterError.inFile(
                FileAccess.join(directory, SwitchPlanFile.name),
                .field(
                    "new_directory",
                    "the cluster switches to lock \(plan.new.lock.hex), and this file does not say where its directory"
                        + " is: switch this stopped node with 'styx alpha edit switch --to <directory>'"))
        }
        return file
    }

    /// Ends a switch that was interrupted after the journal was handed on. Before a node starts.
    ///
    /// - Returns: the plan that was carried out; nil if there was nothing to end.
    func finish() async throws -> SwitchPlan? {
        guard let file = try SwitchPlanFile.load(of: directory),
            FileAccess.isTaken(configuration.journalFile)
        else { return nil }
        let lock = try LockFile.load(FileAccess.join(directory, LockFile.name), verify: false).lock.lockHash
        guard lock == file.oldLock else {
            // The directories were exchanged: what was left is put away, if that was not done any more.
            if lock == file.newLock {
                try ClusterSwitch.putAway(file.path(beside: directory), of: directory, lock: file.oldLock)
                SwitchPlanFile.remove(from: directory)
            }
            return nil
        }
        let record: SwitchRecord?
        let journal = try Journal(path: configuration.journalFile, binding: nil, now: SystemClock.now)
        do {
            record = try await journal.plannedSwitch()
            await journal.close()
        } catch {
            await journal.close()
            throw error
        }
        guard let record, record.stage == .entered, record.plan.new.lock == file.newLock else { return nil }
        try await enter(record.plan)
        return record.plan
    }
}
