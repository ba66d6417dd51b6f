import Glibc
import Ethereum
import SSZ
import Secp256k1

/// Puts the directory of a changed cluster in the place of the node's, in one step, and back.
///
/// Of two directories with key shares of the same validators one is in use; the other is kept until the operator wipes
/// it. What the node has signed goes along (`Handover`), and the directory that is left behind can not be started from.
package struct ClusterSwitch: Sendable {
    /// Hands the journal on from one directory's lock to the other's, while no node has it. Throws to stop the switch.
    package typealias Handover = (_ leaving: Side, _ entering: Side) async throws -> Void

    /// One of the two directories.
    package struct Side: Sendable {
        /// As it is named now.
        package let directory: String
        /// Nil: a node that is in no cluster yet.
        package let lock: LockFile?
        /// This node's position among the operators.
        package let peer: Int?
    }

    package let leaving: Side
    package let entering: Side
    /// What the directory that is left is called from now on.
    package let kept: String
    private let now: Instant
    private let owner: Owner

    /// Who holds the node's identity key.
    package enum Owner: Sendable {
        /// Nobody may: the operator switches a stopped node.
        case nobody
        /// A node that goes on running meanwhile: nothing is changed yet.
        case running
        /// The node itself, which has ended for it, or starts after it was interrupted: key shares were looked at when it
        /// was planned.
        case node
    }

    private static let before = ".before-"
    private static let undone = ".undone-"

    // MARK: Which directories

    /// Where a switch has put what was there before.
    package static func keptDirectories(of directory: String) throws(ClusterError) -> [String] {
        let trimmed = trimmed(directory)
        let parent = FileAccess.parent(of: trimmed)
        let prefix = FileAccess.name(of: trimmed) + before
        let names = try FileAccess.names(in: parent).filter { $0.hasPrefix(prefix) }
        return parent == "." && !trimmed.hasPrefix("./") ? names : names.map { FileAccess.join(parent, $0) }
    }

    /// The one to go back to.
    package static func predecessor(of directory: String) throws(ClusterError) -> String {
        let kept = try keptDirectories(of: directory)
        guard let only = kept.first else {
            throw .option("--back", "there is no \(trimmed(directory))\(before)…: no switch was made here")
        }
        guard kept.count == 1 else {
            throw .option("--back", "which one? Name it with --to: \(kept.joined(separator: ", "))")
        }
        return only
    }

    private static func trimmed(_ directory: String) -> String {
        var text = Substring(directory)
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return String(text)
    }

    // MARK: Checks

    /// Looks at everything that is looked at without a change.
    ///
    /// - Parameters:
    ///   - from: the node's directory, `.charon`.
    ///   - to: the one to take its place.
    ///   - isBack: whether `to` was in its place before.
    ///   - verify: false keeps a lock that does not verify from stopping this: for a lock of `--unverified`.
    ///   - concurrency: threads that open keystores, to see that all are there.
    package init(
        from: String, to: String, isBack: Bool, verify: Bool = true, owner: Owner = .nobody, concurrency: Int,
        now: Instant
    ) throws(ClusterError) {
        let (from, to) = (Self.trimmed(from), Self.trimmed(to))
        for (option, path) in [("--from", from), ("--to", to)] {
            guard FileAccess.isDirectory(path), !FileAccess.isSymbolicLink(path) else {
                throw .option(option, "\(path) is no directory; name the one that has \(LockFile.name)")
            }
        }
        guard FileAccess.absolute(from) != FileAccess.absolute(to) else {
            throw .option("--to", "the same directory as --from")
        }
        let identity = try Self.identity(of: from, "--from")
        guard try Self.identity(of: to, "--to") == identity else {
            throw .option("--to", "\(to) has another identity key than \(from): it is another operator's")
        }
        let new = try LockFile.load(FileAccess.join(to, LockFile.name), verify: verify)
        let oldPath = FileAccess.join(from, LockFile.name)
        let old = FileAccess.isTaken(oldPath) ? try LockFile.load(oldPath, verify: false) : nil
        try Self.checkRelated(old, new, to: to, isBack: isBack)
        guard let peer = new.keys.peerIndex(of: identity) else {
            throw .option("--to", "\(to): the identity key belongs to no operator of its lock")
        }
        let keystores = FileAccess.join(to, KeystoreDirectory.name)
        if owner != .node, FileAccess.isTaken(keystores) {
            let shares = try KeystoreDirectory.loadSequenced(keystores, concurrency: concurrency)
            do throws(ClusterError) { try new.keys.verify(shares: shares, ofPeer: peer) } catch {
                throw .inFile(keystores, error)
            }
        }
        leaving = Side(directory: from, lock: old, peer: old.flatMap { $0.keys.peerIndex(of: identity) })
        entering = Side(directory: to, lock: new, peer: peer)
        kept = Self.kept(from, isBack: isBack, old?.lock.lockHash)
        self.now = now
        self.owner = owner
        guard !FileAccess.isTaken(kept) else {
            throw .option("--from", "\(kept) is in the way: that is what \(from) would be called; move it elsewhere")
        }
        if owner == .nobody { try checkIdle() }
    }

    private static func identity(of directory: String, _ option: String) throws(ClusterError) -> Secp256k1.PublicKey {
        try IdentityKeyFile.load(FileAccess.join(directory, IdentityKeyFile.name), option: option).publicKey
    }

    /// An edit keeps the validators; only some may have come.
    private static func checkRelated(
        _ old: LockFile?, _ new: LockFile, to: String, isBack: Bool
    ) throws(ClusterError) {
        guard let old else { return }
        guard old.lock.lockHash != new.lock.lockHash else {
            throw .option("--to", "\(to) has the same lock: there is nothing to change")
        }
        let (small, large) = isBack ? (new, old) : (old, new)
        let stay = small.lock.validators.map(\.publicKey)
        guard small.lock.definition.uuid == large.lock.definition.uuid,
            small.lock.definition.forkVersion == large.lock.definition.forkVersion,
            large.lock.validators.map(\.publicKey).starts(with: stay)
        else {
            throw .option(
                "--to",
                "\(to) has the lock of another cluster: its validators are not those of --from\(isBack ? "" : " and new ones")"
            )
        }
    }

    /// The journal says so too, later: it is held by a node that runs.
    private func checkIdle() throws(ClusterError) {
        for side in [leaving, entering] {
            let key = FileAccess.join(side.directory, IdentityKeyFile.name)
            guard let note = try PrivateKeyLockFile.note(of: key) else { continue }
            guard now - note.timestamp > PrivateKeyLock.staleAfter else {
                throw .inFile(
                    key + ".lock",
                    .field(
                        "private key lock",
                        "\"\(note.command)\" uses this key: stop the node, wait"
                            + " \(PrivateKeyLock.staleAfter.components.seconds) seconds, then switch"))
            }
        }
    }

    // MARK: The switch

    /// - Parameter carried: files of the node that an edit does not make; those that the other side lacks are copied.
    package func perform(carrying carried: [String], handOver: Handover) async throws {
        for name in carried { try carry(name) }
        if owner == .node {
            // The key was this node's, and no other cluster has to rest first: all switch at one epoch.
            FileAccess.remove(FileAccess.join(entering.directory, IdentityKeyFile.name) + ".lock")
        } else {
            try carryNote()
        }
        try await handOver(leaving, entering)
        // From here on no node starts from the directory that is left.
        do { try FileAccess.exchange(leaving.directory, with: entering.directory) } catch {
            try await handOver(entering, leaving)
            throw ClusterError.option(
                "--to",
                "\(error); nothing was changed. Both have to be ordinary directories of one"
                    + " file system; otherwise point the node's flags to the new one")
        }
        do {
            try FileAccess.rename(entering.directory, to: kept)
        } catch {
            throw ClusterError.option(
                "--to",
                "the switch is made, and what was in \(leaving.directory) is now in \(entering.directory); it could not be"
                    + " moved on (\(error))")
        }
        for parent in Set([leaving.directory, entering.directory, kept].map(FileAccess.parent)) {
            try FileAccess.syncDirectory(parent)
        }
    }

    private static func kept(_ node: String, isBack: Bool, _ lock: Root?) -> String {
        node + (isBack ? undone : before) + (lock.map { Hex.encodeBare($0.bytes.prefix(4)) } ?? "no-lock")
    }

    /// Ends a switch that was interrupted between its last two steps: gives the directory that was left, if it is still
    /// in the new one's place, the name under which it is kept.
    ///
    /// - Parameters:
    ///   - left: where it would be.
    ///   - node: the node's directory.
    ///   - lock: of the cluster that was left.
    package static func putAway(_ left: String, of node: String, lock: Root) throws(ClusterError) {
        let path = FileAccess.join(left, LockFile.name)
        guard FileAccess.isTaken(path), try LockFile.load(path, verify: false).lock.lockHash == lock else { return }
        let kept = kept(trimmed(node), isBack: false, lock)
        try FileAccess.rename(left, to: kept)
        try FileAccess.syncDirectory(FileAccess.parent(of: kept))
        SwitchPlanFile.remove(from: kept)
    }

    private func carry(_ name: String) throws(ClusterError) {
        let (source, target) = (
            FileAccess.join(leaving.directory, name), FileAccess.join(entering.directory, name)
        )
        guard FileAccess.isRegularFile(source), !FileAccess.isTaken(target) else { return }
        var folder = entering.directory
        for part in name.split(separator: "/").dropLast() {
            folder = FileAccess.join(folder, String(part))
            if !FileAccess.isTaken(folder) { try FileAccess.createDirectory(folder, mode: 0o700) }
        }
        try FileAccess.publish(target, FileAccess.read(source, bytesMax: FileLimits.overridesFileBytes), mode: 0o600)
    }

    /// The newer of both: who starts next waits for what was used last, and as long as another cluster must.
    private func carryNote() throws(ClusterError) {
        let (old, new) = (
            FileAccess.join(leaving.directory, IdentityKeyFile.name),
            FileAccess.join(entering.directory, IdentityKeyFile.name)
        )
        guard let last = try PrivateKeyLockFile.note(of: old) else { return }
        if let other = try PrivateKeyLockFile.note(of: new), other.timestamp >= last.timestamp { return }
        try PrivateKeyLockFile.copyNote(of: old, to: new)
    }
}
