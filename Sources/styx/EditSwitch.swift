import ArgumentParser
import Cluster
import DutyWorkflow
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
            """)

    @Option(help: "The node's directory.") var from = ".charon"
    @Option(help: "The directory to take its place. (default: \(EditOutput.defaultDirectory), or what --back finds)")
    var to: String?
    @Flag(help: "Go back to what was in use before the last switch.") var back = false
    @Flag(help: "Destroy the key shares that a switch has put aside. There is no way back then.") var wipeOld = false
    @Option(help: "The node's journal, if it is elsewhere. (default: styx-journal.sqlite in its directory)")
    var journalFile: String?
    @Flag(help: "Let a new lock that does not verify be no obstacle: of an edit with --unverified.") var noVerify =
        false

    static let flags = EnvironmentArguments.Flags(
        options: ["from", "to", "journal-file"], switches: ["back", "wipe-old", "no-verify"])

    private static let journalName = FileAccess.name(of: NodeConfiguration().journalFile)
    /// Files of a node that an edit does not make.
    private static let carried = [
        RegistrationOverrides.name, FileAccess.name(of: NodeConfiguration().keymanagerTokenFile),
    ]

    func run() async throws {
        try await failing("alpha edit switch") {
            guard !(back && wipeOld) else {
                throw CommandFailure("--back and --wipe-old together: go back, or destroy what there is to go back to")
            }
            if wipeOld { try wipe() } else { try await change() }
        }
    }

    private func change() async throws {
        let entering = try to ?? (back ? ClusterSwitch.predecessor(of: from) : EditOutput.defaultDirectory)
        let change = try ClusterSwitch(
            from: from, to: entering, isBack: back, verify: !noVerify,
            concurrency: ProcessInfo.processInfo.activeProcessorCount, now: SystemClock.now())
        try await change.perform(carrying: Self.carried) { try await handOver($0, $1) }
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

    // MARK: The journal

    private func handOver(_ leaving: ClusterSwitch.Side, _ entering: ClusterSwitch.Side) async throws {
        // A node that is in no cluster yet has signed nothing.
        guard let old = leaving.lock, let new = entering.lock else { return }
        let handover = JournalHandover(
            from: old.lock.lockHash, to: new.lock.lockHash, share: entering.peer.map { ShareIndex(PeerIndex($0)) },
            now: SystemClock.now)
        let (path, successor) = journals(leaving.directory, entering.directory)
        guard let summary = try await handover.perform(path, successor: successor) else {
            note("warning: there is no journal \(path): nothing is known of what this node has signed")
            return
        }
        print(
            "the journal knows what \(summary.validators) validators have signed; \(summary.duties) duties are closed")
        if summary.isHalted {
            note("warning: the node was halted, and still is; see styx slashing-protection lift-halt")
        }
    }

    /// One in the node's directory goes along with it; one elsewhere stays where it is.
    private func journals(_ leaving: String, _ entering: String) -> (String, String) {
        guard let journalFile else {
            return (FileAccess.join(leaving, Self.journalName), FileAccess.join(entering, Self.journalName))
        }
        let (file, node) = (FileAccess.absolute(journalFile), FileAccess.absolute(from) + "/")
        guard file.hasPrefix(node) else { return (journalFile, journalFile) }
        let rest = String(file.dropFirst(node.count))
        return (FileAccess.join(leaving, rest), FileAccess.join(entering, rest))
    }
}
