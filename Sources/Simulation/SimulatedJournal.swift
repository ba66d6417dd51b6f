import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// What a node's disk holds: survives crashes, forgets what was not committed.
struct SimulatedJournal {
    private var contents = JournalSnapshot()

    var plannedSwitch: SwitchRecord? { contents.plannedSwitch }

    /// The new set's takes its place.
    mutating func handOn(entering plan: SwitchPlan) { contents = contents.handedOn(entering: plan) }

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
        let values = contents.voteValues.values.flatMap(\.values).reduce(0) { $0 + $1.wireByteCount }
        let unsigned = contents.unsigned.values.reduce(0) { $0 + $1.wireByteCount }
        let signed = contents.partialBytes + contents.aggregated.values.reduce(0) { $0 + $1.count * 400 }
        return votes + values + unsigned + signed
    }

    // MARK: What must be here before others may see it

    func holds(vote: QBFT.Message, of duty: Duty) -> Bool {
        contents.votes[duty]?.contains { $0.isSameVote(as: vote) } ?? false
    }

    /// Whether what was signed is what this node had decided for the validator.
    func holds(decided signed: SignedData, of duty: Duty, for pubKey: PubKey) -> Bool {
        switch (contents.unsigned[duty]?[pubKey], signed) {
        case (.attester(let data, _)?, .attestation(let attestation)): data == attestation.data
        case (.proposal(let proposal)?, .proposal(let signed)): proposal == signed.proposal
        case (.aggregate(let aggregate)?, .aggregateAndProof(let signed)): aggregate == signed.aggregate
        case (.contributions(let contributions)?, .contributionAndProof(let signed)):
            contributions.all.contains(signed.message.contribution)
        default: false
        }
    }

    func holds(_ partial: ParSignedData, of duty: Duty, for key: EntryKey) -> Bool {
        contents.signedRoot(duty, key, partial.shareIndex) == partial.data.messageRoot
    }

    func isServable(_ value: UnsignedData, in duty: Duty) -> Bool {
        (contents.unsigned[duty] ?? [:]).values.contains { stored in
            switch (stored, value) {
            case (.attester(let stored, _), .attester(let data, _)): stored == data
            case (.proposal(let stored), .proposal(let proposal)): stored == proposal
            case (.aggregate(let stored), .aggregate(let aggregate)): stored == aggregate
            case (.contributions(let stored), .contributions(let some)):
                some.all.allSatisfy { stored.all.contains($0) }
            default: false
            }
        }
    }

    func holdsShare(_ share: ShareIndex, of duty: Duty, for key: EntryKey) -> Bool {
        contents.signedRoot(duty, key, share) != nil
    }
}
