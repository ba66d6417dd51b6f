import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// What a node's disk holds: survives crashes, forgets what was not committed.
struct SimulatedJournal {
    private var contents = JournalSnapshot()

    /// - Returns: what was refused, because it contradicts what is there.
    mutating func commit(_ records: some Sequence<Record>) -> [JournalConflict] {
        var conflicts: [JournalConflict] = []
        for record in records {
            do { try contents.apply(record) } catch { conflicts.append(error) }
        }
        return conflicts
    }

    /// What a restarted node reads.
    func load(deadlines: Deadlines, at now: Instant) -> JournalSnapshot {
        contents.live { !deadlines.isExpired($0, at: now) }
    }

    /// About what is on disk, in bytes.
    var byteCount: Int {
        let votes = contents.votes.values.joined().reduce(0) { $0 + $1.heldBytes }
        let values = contents.voteValues.values.flatMap(\.values) + contents.unsigned.values
        let signed = contents.partials.count * 320 + contents.aggregated.values.reduce(0) { $0 + $1.count * 400 }
        return votes + values.reduce(0) { $0 + $1.wireByteCount } + signed
    }

    // MARK: What must be here before others may see it

    func holds(vote: QBFT.Message, of duty: Duty) -> Bool {
        contents.votes[duty]?.contains { $0.isSameVote(as: vote) } ?? false
    }

    func holds(_ data: AttestationData, of duty: Duty, for pubKey: PubKey) -> Bool {
        guard case .attester(let stored, _)? = contents.unsigned[duty]?[pubKey] else { return false }
        return stored == data
    }

    func holds(_ partial: ParSignedData, of duty: Duty, for key: EntryKey) -> Bool {
        contents.signedRoot(duty, key, partial.shareIndex) == partial.data.messageRoot
    }

    func isServable(_ data: AttestationData, in duty: Duty) -> Bool {
        (contents.unsigned[duty] ?? [:]).values.contains {
            guard case .attester(let stored, _) = $0 else { return false }
            return stored == data
        }
    }

    func holdsShare(_ share: ShareIndex, of duty: Duty, for key: EntryKey) -> Bool {
        contents.signedRoot(duty, key, share) != nil
    }
}
