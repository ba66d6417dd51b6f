import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// Watches everything that leaves a node, and knows what must never be seen.
package struct Oracle {
    package struct Key: Hashable { let node: Int, duty: Duty, key: EntryKey }
    private struct VoteKey: Hashable { let node: Int, duty: Duty, kind: Message.Kind, round: Int64 }

    private var shares: [Key: Set<Root>] = [:]
    private var served: [Key: Set<Root>] = [:]
    private var votes: [VoteKey: Set<Root>] = [:]
    private var broadcasts: [Duty: [EntryKey: Set<Root>]] = [:]
    private var broadcasters: [Duty: Set<Int>] = [:]
    private var acceptedByNode: Set<Key> = []
    /// With which key shares each node's signatures in a duty were made.
    private var sets: [Duty: [KeySet: Set<Int>]] = [:]
    /// Nodes that do harm: what they say or believe proves nothing.
    var liars: Set<Int> = []
    /// By share index; 0 is the group.
    private var slashing: [Int: SlashingOracle] = [:]
    /// Votes of one key that could be slashed: a share's, or the group's.
    package private(set) var slashable: [String] = []
    /// What left a node before it was on its disk, or is not what it decided.
    package private(set) var undurable: [String] = []
    /// Shares that turned out bad when a node combined them.
    package private(set) var badShares: Set<ShareIndex> = []
    /// Whom the blocks paid that were broadcast.
    package private(set) var paid: Set<Bytes20> = []
    /// With which randao reveals blocks were broadcast.
    package private(set) var reveals: [Slot: Set<SignatureBytes>] = [:]
    package private(set) var decidedRounds: [Duty: [Int: Int64]] = [:]
    package private(set) var reports: [(node: Int, report: Report)] = []

    // MARK: What must never be seen

    /// Two different messages signed by one share for one duty.
    package var conflictingShares: [String] {
        conflicts(shares, "share").sorted()
    }

    /// Two different values served to one validator client for one duty.
    package var conflictingServed: [String] { conflicts(served, "served").sorted() }

    /// Two different votes of one honest node in one round, crashes included.
    package var conflictingVotes: [String] {
        votes.filter { $0.value.count > 1 && !liars.contains($0.key.node) }
            .map { "node \($0.key.node) \($0.key.duty) \($0.key.kind) round \($0.key.round)" }.sorted()
    }

    /// Two different group signatures for one duty.
    package var conflictingBroadcasts: [String] {
        broadcasts.flatMap { duty, byKey in
            byKey.filter { $0.value.count > 1 }.map { "\(duty) \($0.key)" }
        }.sorted()
    }

    /// Honest nodes that gave up voting because they took a vote of their own for another's.
    package var falseTwins: [String] {
        reports.compactMap { node, report in
            guard case .twinSeen(let duty, let what) = report, !liars.contains(node) else { return nil }
            return "node \(node) \(duty): \(what)"
        }
    }

    /// Nodes that gave up voting because they took something signed with their own key for another's.
    package var halted: Set<Int> {
        Set(reports.compactMap { node, report in if case .twinSeen = report { node } else { nil } })
    }

    package var conflicts: [String] {
        conflictingShares + conflictingServed + conflictingVotes + conflictingBroadcasts + slashable + undurable
            + falseTwins
    }

    // MARK: Progress

    /// Validators of a duty whose group signature somebody broadcast.
    package func broadcastKeys(_ duty: Duty) -> Set<PubKey> { broadcastEntries(duty).pubKeys }

    /// Entries of all duties.
    package var broadcastCount: Int { broadcasts.values.reduce(0) { $0 + $1.count } }

    package func broadcastEntries(_ duty: Duty) -> Set<EntryKey> { Set((broadcasts[duty] ?? [:]).keys) }

    /// What an operator's shares were heard for, in a duty.
    package func shared(_ share: ShareIndex, _ duty: Duty) -> Set<EntryKey> {
        Set(shares.keys.lazy.filter { $0.node == share.rawValue && $0.duty == duty }.map(\.key))
    }

    package func accepted(_ node: Int, _ duty: Duty, _ key: EntryKey) -> Bool {
        acceptedByNode.contains(Key(node: node, duty: duty, key: key))
    }

    /// Whether a node has proposed in the first round.
    package func hasProposed(_ node: Int, _ duty: Duty) -> Bool {
        votes[VoteKey(node: node, duty: duty, kind: .prePrepare, round: 1)] != nil
    }

    /// Nodes whose shares of a set were seen in duties that a condition holds for.
    package func signers(with set: KeySet, where isMeant: (Duty) -> Bool) -> [Duty: Set<Int>] {
        sets.filter { isMeant($0.key) }.compactMapValues { $0[set] }
    }

    // MARK: Recording

    mutating func sawSet(_ duty: Duty, by node: Int, _ set: KeySet) {
        sets[duty, default: [:]][set, default: []].insert(node)
    }

    mutating func sawVote(_ message: ConsensusMessage, by node: Int) {
        let vote = message.message
        let value = vote.kind == .roundChange ? vote.preparedValue : vote.value
        votes[VoteKey(node: node, duty: message.duty, kind: vote.kind, round: vote.round), default: []].insert(value)
    }

    mutating func sawShares(_ duty: Duty, _ set: ParSignedDataSet) {
        for (entry, partial) in set {
            let key = Key(node: partial.shareIndex.rawValue, duty: duty, key: entry)
            shares[key, default: []].insert(partial.data.messageRoot)
            judge(partial.data, entry.pubKey, share: partial.shareIndex.rawValue)
        }
    }

    /// - Parameter root: of the value, without the duty's row.
    mutating func sawServed(_ duty: Duty, _ key: EntryKey, _ root: Root, by node: Int) {
        served[Key(node: node, duty: duty, key: key), default: []].insert(root)
    }

    mutating func sawBroadcast(_ duty: Duty, _ set: SignedDataSet, by node: Int) {
        broadcasters[duty, default: []].insert(node)
        for (key, value) in set {
            broadcasts[duty, default: [:]][key, default: []].insert(value.messageRoot)
            if case .proposal(let signed) = value {
                if let payee = signed.proposal.feeRecipient { paid.insert(payee) }
                reveals[signed.slot, default: []].insert(signed.proposal.randaoReveal)
            }
            judge(value, key.pubKey, share: 0)
        }
    }

    mutating func noteAccepted(_ node: Int, _ duty: Duty, _ key: EntryKey) {
        acceptedByNode.insert(Key(node: node, duty: duty, key: key))
    }

    mutating func heard(_ report: Report, by node: Int) {
        reports.append((node, report))
        if case .decided(let duty, let round, _, _) = report { decidedRounds[duty, default: [:]][node] = round }
    }

    mutating func sawRecovery(_ results: [EntryKey: Recovery]) {
        for case .badShares(let shares) in results.values { badShares.formUnion(shares) }
    }

    mutating func sawUndurable(_ what: String, by node: Int) { undurable.append("node \(node): \(what)") }

    private mutating func judge(_ data: SignedData, _ pubKey: PubKey, share: Int) {
        let fault: String?
        switch data {
        case .attestation(let attestation):
            fault = slashing[share, default: SlashingOracle()].sign(attestation.data, pubKey)
        case .proposal(let signed):
            fault = slashing[share, default: SlashingOracle()].sign(signed.slot, signed.messageRoot, pubKey)
        default: return
        }
        if let fault { slashable.append("share \(share): \(fault)") }
    }

    private func conflicts(_ seen: [Key: Set<Root>], _ what: String) -> [String] {
        seen.filter { $0.value.count > 1 }.map { "\(what) \($0.key.node) \($0.key.duty) \($0.key.key)" }
    }
}
