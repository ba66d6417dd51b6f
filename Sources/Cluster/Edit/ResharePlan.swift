import BLS
import Secp256k1

/// Who does what when a cluster's key shares are dealt anew: a function of the lock, the flags and the own identity, so
/// that all operators come to the same. Source: spec/dkg.md §9.
package struct ResharePlan: Sendable {
    /// Where an operator sits before and after: positions in the old and the new lock.
    package enum Seat: Hashable, Sendable {
        case stays(old: Int, new: Int)
        case joins(new: Int)
        case leaves(old: Int)

        package var old: Int? {
            switch self {
            case .stays(let old, _), .leaves(let old): old
            case .joins: nil
            }
        }

        package var new: Int? {
            switch self {
            case .stays(_, let new), .joins(let new): new
            case .leaves: nil
            }
        }
    }

    package struct Participant: Equatable, Sendable {
        /// As it will stand in the lock.
        package let enr: String
        package let identity: Secp256k1.PublicKey
        package let seat: Seat

        /// Has key shares, so deals them.
        package var deals: Bool { seat.old != nil }
        /// Gets new ones.
        package var receives: Bool { seat.new != nil }
        /// Its index as a dealer and in the nonce, from 0: the original position, with gaps where operators leave. The
        /// share of a dealer lies at this plus one; so does the share index in the exchange of signatures.
        package var node: Int {
            switch seat {
            case .stays(let old, _), .leaves(let old): old
            case .joins(let new): new
            }
        }
    }

    package let edit: ReshareEdit
    package let lock: Lock
    package let keys: ClusterKeys
    /// In the order of the ceremony: of broadcasts and node signatures.
    package let participants: [Participant]
    /// Operators who neither take part nor stay.
    package let absent: [Int]
    /// This node's position among the participants.
    package let own: Int
    /// Of the new shares.
    package let threshold: Int
    /// What the flags permit, and people should think about.
    package let warnings: [String]

    package var oldThreshold: Int { lock.definition.threshold }
    package var ownSeat: Seat { participants[own].seat }

    /// The new cluster's operators.
    package var operators: [Participant] {
        participants.filter(\.receives).sorted { ($0.seat.new ?? 0) < ($1.seat.new ?? 0) }
    }

    /// - Parameters:
    ///   - file: the cluster as it is; verified, unless the operator does not want that.
    ///   - identity: this node's.
    /// - Throws: `.option` naming the flag, why it cannot be, and what can.
    package init(_ edit: ReshareEdit, _ file: LockFile, identity: Secp256k1.PublicKey) throws(ClusterError) {
        let roster = try Roster(edit, file)
        self.edit = edit
        lock = file.lock
        keys = file.keys
        participants = roster.participants
        threshold = roster.threshold
        let taking = Set(roster.participants.compactMap(\.seat.old))
        absent = file.keys.operators.indices.filter { !taking.contains($0) }
        own = try roster.position(of: identity)
        warnings = roster.warnings
        try checkCounts()
    }

    /// What the dealing needs, whatever the edit.
    private func checkCounts() throws(ClusterError) {
        let dealers = participants.count(where: \.deals)
        guard dealers >= oldThreshold else {
            throw .option(
                ReshareEdit.Flag.participating,
                "\(dealers) operators with key shares would take part; the shares of \(oldThreshold) are needed to make new"
                    + " ones")
        }
        guard participants.contains(where: { if case .stays = $0.seat { true } else { false } }) else {
            throw .option(
                ReshareEdit.Flag.removed,
                "all operators would leave; at least one has to stay, to hand on what it knows")
        }
        precondition(threshold >= 1 && threshold <= participants.count(where: \.receives))
    }
}

// MARK: This node's keys

extension ResharePlan {
    /// - Parameter shares: this node's keystores in lock order; nil if there are none.
    package func check(shares: [SecretKey]?, in directory: String) throws(ClusterError) {
        let flag = ReshareEdit.Flag.keys
        guard let old = ownSeat.old else {
            guard shares?.isEmpty ?? true else {
                throw .option(
                    flag,
                    "\(directory) has keystores, but this node is new in the cluster and has no shares yet: they are"
                        + " another cluster's; name a directory without keystores")
            }
            return
        }
        guard let shares, !shares.isEmpty else {
            throw .option(
                flag,
                "\(directory) has no keystores: operator \(old) of the lock takes part with its key shares of all"
                    + " \(lock.validators.count) validators; point to them")
        }
        do throws(ClusterError) { try keys.verify(shares: shares, ofPeer: old) } catch {
            throw .option(flag, "\(directory): \(error)")
        }
    }
}
