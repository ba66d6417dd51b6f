import Ethereum
import QBFT
import SSZ

/// That a running cluster signs with other key shares of the same validators from an epoch on.
///
/// Both sets are whole: the old one signs everything before the epoch, the new one everything from it on.
package struct SwitchPlan: Hashable, Sendable {
    /// One of the two clusters.
    package struct Side: Hashable, Sendable {
        /// Hash of its lock.
        package let lock: Root
        /// Of its operators in the lock's order, base58.
        package let peerIDs: [String]
        /// Shares that recover a group signature.
        package let threshold: Int

        package init(lock: Root, peerIDs: [String], threshold: Int) {
            self.lock = lock
            self.peerIDs = peerIDs
            self.threshold = threshold
        }

        fileprivate var size: ClusterSize { ClusterSize(nodes: peerIDs.count) }
    }

    package let old: Side
    package let new: Side
    /// The first one that the new set signs for.
    package let epoch: Epoch
    package let slotsPerEpoch: UInt64

    /// Operators of a lock: what a journal's row is read with.
    private static let operatorsMax = 256

    /// - Throws: why no cluster could go on with it.
    package init(old: Side, new: Side, epoch: Epoch, slotsPerEpoch: UInt64) throws(SwitchFault) {
        self.old = old
        self.new = new
        self.epoch = epoch
        self.slotsPerEpoch = slotsPerEpoch
        guard slotsPerEpoch > 0, epoch.rawValue >= 2,
            !epoch.rawValue.multipliedReportingOverflow(by: slotsPerEpoch).overflow
        else { throw .epoch(epoch) }
        guard old.lock != new.lock else { throw .sameLock }
        for side in [old, new] {
            guard (1...Self.operatorsMax).contains(side.peerIDs.count),
                (1...side.peerIDs.count).contains(side.threshold),
                Set(side.peerIDs).count == side.peerIDs.count
            else { throw .operators(side.lock) }
        }
        guard oldNeeded <= old.peerIDs.count else { throw .lowThreshold(old.threshold) }
        guard staying.count >= newNeeded else { throw .tooFewStay(staying.count, needed: newNeeded) }
    }

    /// What operators announce: plans with one name are equal in all that they decide on.
    package var id: Root {
        var epoch: [UInt8] = []
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            epoch.append(UInt8(truncatingIfNeeded: self.epoch.rawValue >> shift))
        }
        return SHA256.hash(Array("styx switch 1".utf8) + old.lock.bytes + new.lock.bytes + epoch)
    }

    package var firstSlot: Slot { epoch.firstSlot(slotsPerEpoch: slotsPerEpoch) }

    /// The info-sync of which the decision tells whether the cluster switches: in the last slot of the epoch before the
    /// last one of the old set. So a whole epoch is left to learn it.
    package var decidingDuty: Duty {
        Duty(slot: Slot(firstSlot.rawValue - slotsPerEpoch - 1), type: .infoSync)
    }

    /// Operators of both clusters.
    package var staying: Set<String> { Set(old.peerIDs).intersection(new.peerIDs) }

    /// Operators of the old cluster that have to announce the plan.
    ///
    /// With those that did not, and with liars among those that did, the old shares are too few to sign anything more.
    package var oldNeeded: Int {
        let (nodes, size) = (old.peerIDs.count, old.size)
        return max(old.threshold, size.quorum, nodes + size.faulty - old.threshold + 1)
    }

    /// Operators of both clusters that have to announce it: the new one can decide and sign with them alone, and cannot
    /// decide without most of them.
    package var newNeeded: Int { max(new.threshold, new.size.quorum) }

    package func isConfirmed(by announcers: Set<String>) -> Bool {
        announcers.intersection(old.peerIDs).count >= oldNeeded
            && announcers.intersection(staying).count >= newNeeded
    }

    /// Liars that the old cluster survives.
    var faulty: Int { old.size.faulty }
    /// Votes that make a decision of the old cluster.
    var quorum: Int { old.size.quorum }
}

/// Why a plan is none.
package enum SwitchFault: Error, Hashable, Sendable, CustomStringConvertible {
    case epoch(Epoch)
    case sameLock
    case operators(Root)
    case lowThreshold(Int)
    case tooFewStay(Int, needed: Int)

    package var description: String {
        switch self {
        case .epoch(let epoch): "no cluster can switch at epoch \(epoch.rawValue)"
        case .sameLock: "both sets of key shares are of the same lock: there is nothing to switch"
        case .operators(let lock): "lock \(lock) names operators twice, none, or too many for its threshold"
        case .lowThreshold(let threshold):
            "\(threshold) of the old key shares sign, so few that they could sign on beside the new ones: stop all"
                + " nodes, and switch them with 'styx alpha edit switch'"
        case .tooFewStay(let count, let needed):
            "\(count) operators are in both clusters, and it takes \(needed) to go on without a stop: stop all nodes,"
                + " and switch them with 'styx alpha edit switch'"
        }
    }
}
