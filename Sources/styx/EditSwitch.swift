import ArgumentParser
import Cluster
import DutyWorkflow
import Ethereum
import Foundation
import Node
import Program
import Storage

/// The last step of an edit: the new directory takes the place of the node's.
struct EditSwitch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch",
        abstract: "Put the directory that an edit has made in the place of the node's, or go back.",
        discussion: """
            The node must be stopped, and so must those of all other operators before the first of them starts with the \
            new lock: two clusters of the same validators can get them slashed. What was in use is kept under another \
            name (.charon.before-…); nothing can be started from it. What the node has signed goes along. A node that \
            signs by itself waits two epochs then.

            With --at-epoch no node stops. Every operator of both clusters plans the same epoch on the running node; the \
            nodes announce it to each other, and decide in the last slot of the epoch before the last one. If enough have \
            planned it all go over at that epoch, and no old key share signs anything from then on; else it is called \
            off on all. Until a node has told others in that slot, --cancel takes its plan back.
            """)

    @Option(help: "The node's directory.") var from = ".charon"
    @Option(help: "The directory to take its place. (default: \(EditOutput.defaultDirectory), or what --back finds)")
    var to: String?
    @Flag(help: "Go back to what was in use before the last switch.") var back = false
    @Flag(help: "Destroy the key shares that a switch has put aside. There is no way back then.") var wipeOld = false
    @Option(help: "The node's journal, if it is elsewhere. (default: styx-journal.sqlite in its directory)")
    var journalFile: String?
    @Option(
        help: """
            Plan it for an epoch, on a running node: it is to be three epochs away at least, and the same on all nodes. The \
            node's log and /readyz say what became of it.
            """)
    var atEpoch: UInt64?
    @Flag(help: "Take the plan of --at-epoch back, if it is not too late.") var cancel = false
    @Flag(
        help: """
            Forget a plan that nobody can decide any more, on a stopped node and after its epoch has come. Only if no node \
            of the cluster has switched, and none says in its log that the cluster has agreed.
            """)
    var forgetPlan = false
    @Flag(help: "Let a new lock that does not verify be no obstacle: of an edit with --unverified.") var noVerify =
        false

    static let flags = EnvironmentArguments.Flags(
        options: ["from", "to", "journal-file", "at-epoch"],
        switches: ["back", "wipe-old", "no-verify", "cancel", "forget-plan"])

    func run() async throws {
        try await failing("alpha edit switch") {
            guard !(back && wipeOld) else {
                throw CommandFailure("--back and --wipe-old together: go back, or destroy what there is to go back to")
            }
            guard [back || wipeOld, atEpoch != nil, cancel, forgetPlan].count(where: { $0 }) <= 1 else {
                throw CommandFailure(
                    "--at-epoch, --cancel, --forget-plan and a switch of a stopped node: one of them at a time")
            }
            if let atEpoch { return try plan(Epoch(atEpoch)) }
            if cancel { return try takeBack() }
            if forgetPlan { return try await forget() }
            if wipeOld { try wipe() } else { try await change() }
        }
    }

    private func change() async throws {
        let entering = try to ?? (back ? ClusterSwitch.predecessor(of: from) : EditOutput.defaultDirectory)
        let change = try ClusterSwitch(
            from: from, to: entering, isBack: back, verify: !noVerify,
            concurrency: ProcessInfo.processInfo.activeProcessorCount, now: SystemClock.now())
        tell(try await DirectorySwitch(change, of: from, journalFile: journalFile).perform(), change)
        SwitchPlanFile.remove(from: from)
        SwitchPlanFile.remove(from: change.kept)
        print("\(from) is now what \(entering) was; what it was is in \(change.kept)")
        note(nextSteps: [
            "Start the node only when every other operator has stopped the old one.",
            "Give the validator client the key shares of \(FileAccess.join(from, KeystoreDirectory.name)), and take the old"
                + " ones from it.",
            "When all is well: styx alpha edit switch --wipe-old; until then --back undoes this.",
        ])
    }

    private func wipe() throws {
        let threads = ProcessInfo.processInfo.activeProcessorCount
        let kept = try ClusterSwitch.keptDirectories(of: from)
        let old = to.map { [$0] } ?? kept
        guard !old.isEmpty else { throw CommandFailure("--wipe-old: no switch of \(from) has left anything") }
        for directory in old {
            let count = try ClusterSwitch.wipe(directory, replacedBy: from, concurrency: threads)
            print("\(count) key shares of \(directory) are destroyed")
        }
    }

    // MARK: At an epoch

    private func plan(_ epoch: Epoch) throws {
        let entering = to ?? EditOutput.defaultDirectory
        guard FileAccess.absolute(FileAccess.parent(of: entering)) == FileAccess.absolute(FileAccess.parent(of: from))
        else {
            throw CommandFailure("--to: move \(entering) beside \(from), where the node can exchange the two")
        }
        let change = try ClusterSwitch(
            from: from, to: entering, isBack: false, verify: !noVerify, owner: .running,
            concurrency: ProcessInfo.processInfo.activeProcessorCount, now: SystemClock.now())
        // The node knows how many slots its chain's epochs have; what is said of operators does not depend on it.
        let plan = try PlannedEpoch.plan(change, epoch)
        try SwitchPlanFile(
            epoch: epoch, directory: FileAccess.name(of: entering), oldLock: plan.old.lock, newLock: plan.new.lock
        ).write(into: from)
        print("a switch from lock \(plan.old.lock.hex) to \(plan.new.lock.hex) is planned for epoch \(epoch.rawValue)")
        note(nextSteps: [
            "Run the same on all other operators' nodes: \(plan.oldNeeded) of the old operators have to,"
                + " \(plan.newNeeded) of them operators of the new cluster.",
            "Give the validator client the key shares of \(FileAccess.join(entering, KeystoreDirectory.name)) before that"
                + " epoch, and leave it the old ones until it has come.",
            "The node takes the plan up within seconds: its log says so, or why not. It is decided in the last slot of"
                + " epoch \(epoch.rawValue - 2); until then --cancel takes it back.",
            "When all is well after it: styx alpha edit switch --wipe-old.",
        ])
    }

    private func takeBack() throws {
        // Also one that cannot be read: the journal knows what was planned.
        guard FileAccess.isTaken(FileAccess.join(from, SwitchPlanFile.name)) else {
            throw CommandFailure("--cancel: nothing is planned in \(from)")
        }
        SwitchPlanFile.remove(from: from)
        print("the plan is taken back; a running node says in its log if it is too late for that")
    }

    private func forget() async throws {
        let path = journalFile ?? FileAccess.join(from, FileAccess.name(of: NodeConfiguration().journalFile))
        let journal = try Journal(path: path, binding: nil, now: SystemClock.now)
        let forgotten: SwitchRecord?
        do {
            forgotten = try await journal.forgetSwitch()
            await journal.close()
        } catch {
            await journal.close()
            throw error
        }
        guard let forgotten else {
            throw CommandFailure(
                "--forget-plan: \(path) holds no plan that is undecided; one that others may still go by is ended by the"
                    + " node: start it, so that it learns what the cluster decided")
        }
        SwitchPlanFile.remove(from: from)
        print(
            "the plan for epoch \(forgotten.plan.epoch.rawValue) is forgotten: the node signs with its old key shares again"
        )
    }

    // MARK: The journal

    private func tell(_ summary: JournalHandover.Summary?, _ change: ClusterSwitch) {
        guard change.leaving.lock != nil, change.entering.lock != nil else { return }
        guard let summary else {
            note("warning: there is no journal: nothing is known of what this node has signed")
            return
        }
        print(
            "the journal knows what \(summary.validators) validators have signed; \(summary.duties) duties are closed")
        if summary.isHalted {
            note("warning: the node was halted, and still is; see styx slashing-protection lift-halt")
        }
    }
}
