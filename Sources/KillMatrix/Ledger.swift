import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// Everything that was heard, and what of it contradicts something else. It knows nothing of the nodes but what they
/// said.
package struct Ledger: Sendable {
    package struct Contradiction: Sendable, CustomStringConvertible {
        package let description: String
    }

    /// What a node's votes of one duty say of what it prepared.
    private struct Preparation {
        var prepared: [Int64: (value: Root, heard: String)] = [:]
        var recalled: [Int64: (round: Int64, value: Root, heard: String)] = [:]
    }

    private struct Instance: Hashable {
        let duty: Duty
        let node: Int
    }

    private struct Voter: Hashable {
        let share: ShareIndex
        let key: EntryKey
    }

    private struct Vote {
        let source: Epoch
        let content: String
        let heard: String
    }

    /// Slots after which nothing of a duty can be said any more: the longest deadlines and what a journal keeps.
    private let keptSlots: UInt64
    /// Target epochs of a share that votes are compared with.
    private static let epochsMax = 64

    private var said: [Statement.Subject: (content: String, heard: String)] = [:]
    private var preparations: [Instance: Preparation] = [:]
    private var votes: [Voter: [Epoch: Vote]] = [:]
    package private(set) var contradictions: [Contradiction] = []
    /// By type of duty: how many statements were heard.
    package private(set) var heard: [DutyType: Int] = [:]
    /// Nodes of which a vote was heard, and those of which a share was.
    private var voters: Set<Int> = []
    private var signers: Set<Int> = []
    /// Whether a validator client was heard of.
    package private(set) var isServing = false

    package init(keptSlots: UInt64 = 256) { self.keptSlots = keptSlots }

    package mutating func note(_ statement: Statement) {
        let subject = statement.subject
        heard[subject.duty.type, default: 0] += 1
        switch subject {
        case .vote(let node, _, _, _): voters.insert(node)
        case .share(let share, _, _): signers.insert(share.rawValue - 1)
        case .served: isServing = true
        case .decision, .signed: break
        }
        if let earlier = said[subject] {
            if earlier.content != statement.content {
                contradict(subject, statement.content, statement.heard, earlier.content, earlier.heard)
            }
        } else {
            said[subject] = (statement.content, statement.heard)
        }
        switch (statement.bond, subject) {
        case (.prepared(let round, let value), .vote(let node, let duty, _, _)):
            notePrepared(Instance(duty: duty, node: node), round, value, statement.heard)
        case (.recalls(let prepared, let value), .vote(let node, let duty, _, let round)):
            noteRecalled(Instance(duty: duty, node: node), round, prepared, value, statement.heard)
        case (.votes(let source, let target), .share(let share, _, let key)):
            noteVote(Voter(share: share, key: key), source, target, statement)
        default: break
        }
    }

    /// Of these nodes, those that were not heard to vote and to sign: of them the ledger proves nothing.
    package func silent(of nodes: Range<Int>) -> [Int] {
        nodes.filter { !voters.contains($0) || !signers.contains($0) }
    }

    /// What is older than any duty still open is let go of.
    package mutating func forget(before slot: Slot) {
        let oldest = slot - keptSlots
        said = said.filter { $0.key.duty.slot >= oldest }
        preparations = preparations.filter { $0.key.duty.slot >= oldest }
    }

    // MARK: Rules

    private mutating func contradict(
        _ subject: Statement.Subject, _ new: String, _ newHeard: String, _ old: String, _ oldHeard: String
    ) {
        contradictions.append(
            Contradiction(description: "\(subject): \(old) (\(oldHeard)), then \(new) (\(newHeard))"))
    }

    /// Who prepared in a round says so when it changes to a later one. Source: Moniz, "The Istanbul BFT Consensus
    /// Algorithm", algorithm 3: ROUND-CHANGE carries the highest prepared round.
    private mutating func notePrepared(_ instance: Instance, _ round: Int64, _ value: Root, _ heard: String) {
        preparations[instance, default: Preparation()].prepared[round] = (value, heard)
        for (later, recalled) in (preparations[instance]?.recalled ?? [:]).sorted(by: { $0.key < $1.key }) {
            compare(instance, round, value, heard, later, recalled.round, recalled.value, recalled.heard)
        }
    }

    private mutating func noteRecalled(
        _ instance: Instance, _ round: Int64, _ prepared: Int64, _ value: Root, _ heard: String
    ) {
        preparations[instance, default: Preparation()].recalled[round] = (prepared, value, heard)
        for (earlier, known) in (preparations[instance]?.prepared ?? [:]).sorted(by: { $0.key < $1.key }) {
            compare(instance, earlier, known.value, known.heard, round, prepared, value, heard)
        }
    }

    private mutating func compare(
        _ instance: Instance, _ round: Int64, _ value: Root, _ heard: String, _ later: Int64, _ recalledRound: Int64,
        _ recalledValue: Root, _ recalledHeard: String
    ) {
        guard later > round, recalledRound < round || (recalledRound == round && recalledValue != value) else { return }
        contradictions.append(
            Contradiction(
                description: "node \(instance.node) in \(instance.duty) prepared \(value) in round \(round) (\(heard)),"
                    + " but in round \(later) recalls \(recalledValue) of round \(recalledRound) (\(recalledHeard))"))
    }

    /// Double and surround votes of one share, across duties. Source: consensus-specs, `is_slashable_attestation_data`.
    private mutating func noteVote(_ voter: Voter, _ source: Epoch, _ target: Epoch, _ statement: Statement) {
        let new = Vote(source: source, content: statement.content, heard: statement.heard)
        for (other, vote) in (votes[voter] ?? [:]).sorted(by: { $0.key < $1.key }) {
            let isDouble = other == target && vote.content != new.content
            let surrounds = (vote.source < source && target < other) || (source < vote.source && other < target)
            guard isDouble || surrounds else { continue }
            contradictions.append(
                Contradiction(
                    description:
                        "share \(voter.share.rawValue) of \(voter.key): \(isDouble ? "double" : "surround") vote"
                        + " from epoch \(vote.source) to \(other) (\(vote.heard)) and from \(source) to \(target)"
                        + " (\(new.heard))"))
        }
        votes[voter, default: [:]][target] = votes[voter]?[target] ?? new
        guard let known = votes[voter], known.count > Self.epochsMax, let oldest = known.keys.min() else { return }
        votes[voter]?[oldest] = nil
    }
}

extension Statement.Subject: CustomStringConvertible {
    package var description: String {
        switch self {
        case .vote(let node, let duty, let kind, let round): "node \(node), \(kind) of round \(round) in \(duty)"
        case .decision(let duty): "decision of \(duty)"
        case .share(let share, let duty, let key): "share \(share.rawValue) of \(key) in \(duty)"
        case .signed(let duty, let key): "what is signed for \(key) in \(duty)"
        case .served(let duty): "what validator clients are given in \(duty)"
        }
    }
}
