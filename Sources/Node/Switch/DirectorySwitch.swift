import Cluster
import DutyWorkflow
import Foundation
import Libp2p
import Program
import Storage
import Synchronization

/// Puts the directory of a changed cluster in the place of the node's, and hands the journal on.
package struct DirectorySwitch: Sendable {
    package let change: ClusterSwitch
    /// If it is not in the node's directory under its usual name.
    private let journalFile: String?
    private let node: String
    private let files: [String]

    private static let journalName = FileAccess.name(of: NodeConfiguration().journalFile)
    /// Beside the journal: where the other operators were met last, and what the keymanager API set.
    private static let besideJournal = [".peers.json", ValidatorSettings.suffix]

    /// - Parameter files: what the node's flags name, if they are known.
    package init(_ change: ClusterSwitch, of node: String, journalFile: String?, files: [String] = []) {
        self.change = change
        self.node = node
        self.journalFile = journalFile
        self.files = files
    }

    /// Files of the node that an edit does not make, by their names in its directory. A plan, so that who is interrupted
    /// finds it on either side.
    private var carried: [String] {
        let journal = journalFile.map { nameInDirectory($0) } ?? Self.journalName
        let known = [
            RegistrationOverrides.name, FileAccess.name(of: NodeConfiguration().keymanagerTokenFile),
            SwitchPlanFile.name,
        ]
        return known + Self.besideJournal.compactMap { suffix in journal.map { $0 + suffix } }
            + files.compactMap { nameInDirectory($0) }.filter { !known.contains($0) }
    }

    /// nil if it is elsewhere, and so stays where it is.
    private func nameInDirectory(_ path: String) -> String? {
        let (file, node) = (FileAccess.absolute(path), FileAccess.absolute(node) + "/")
        return file.hasPrefix(node) ? String(file.dropFirst(node.count)) : nil
    }

    /// - Returns: what went along; nil if there was no journal.
    package func perform() async throws -> JournalHandover.Summary? {
        let handed = Mutex<JournalHandover.Summary?>(nil)
        do {
            try await change.perform(carrying: carried) { leaving, entering in
                // What a cluster has agreed on is not taken back because a directory cannot be moved.
                guard handed.withLock({ $0 })?.isAgreed != true else { return }
                let summary = try await handOver(leaving, entering)
                handed.withLock { $0 = summary }
            }
        } catch {
            guard handed.withLock({ $0 })?.isAgreed == true else { throw error }
            throw SwitchInterrupted(cause: "\(error)", directory: change.entering.directory)
        }
        return handed.withLock { $0 }
    }

    private func handOver(
        _ leaving: ClusterSwitch.Side, _ entering: ClusterSwitch.Side
    ) async throws -> JournalHandover.Summary? {
        // A node that is in no cluster yet has signed nothing.
        guard let old = leaving.lock, let new = entering.lock else { return nil }
        let handover = JournalHandover(
            from: old.lock.lockHash, to: new.lock.lockHash, share: entering.peer.map { ShareIndex(PeerIndex($0)) },
            now: SystemClock.now)
        let (path, successor) = journals(leaving.directory, entering.directory)
        return try await handover.perform(path, successor: successor)
    }

    /// One in the node's directory goes along with it; one elsewhere stays where it is.
    private func journals(_ leaving: String, _ entering: String) -> (String, String) {
        guard let journalFile else {
            return (FileAccess.join(leaving, Self.journalName), FileAccess.join(entering, Self.journalName))
        }
        guard let rest = nameInDirectory(journalFile) else { return (journalFile, journalFile) }
        return (FileAccess.join(leaving, rest), FileAccess.join(entering, rest))
    }
}

/// The journal is the new cluster's already, and the directories are still as they were.
package struct SwitchInterrupted: Error, CustomStringConvertible {
    let cause: String
    let directory: String

    package var description: String {
        "enter \(directory): \(cause); the cluster has agreed on the switch, and the old key shares sign nothing more:"
            + " remove the cause and start the node again, which goes on from here"
    }
}

extension SwitchPlan.Side {
    package init(_ file: LockFile) {
        self.init(
            lock: file.lock.lockHash, peerIDs: file.keys.operators.map { PeerID($0).description },
            threshold: file.lock.definition.threshold)
    }
}
