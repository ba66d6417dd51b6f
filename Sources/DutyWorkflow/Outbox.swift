import Ethereum

/// What the workflow decided, held back until what it depends on is on disk.
///
/// Node and simulation release effects by this one rule, so an order that is wrong in one is wrong in both. An effect
/// that commits us (a vote sent, a value served, a share sent, the word that a share is safe, a group signature handed
/// out) waits for the last record of its duty; nothing else waits for anything. One commit is under way at a time, so
/// commits group themselves.
package struct Outbox: Sendable {
    /// Of one outbox, in the order of commits.
    package struct CommitID: Hashable, Sendable, Comparable {
        fileprivate var rawValue: UInt64
        package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    /// Notes are worth a commit of their own once there are this many.
    private static let notesMax = 256

    /// In the order the workflow made them, for the next commit.
    private var records: [Record] = []
    private var isUrgent = false
    private var next = CommitID(rawValue: 1)
    private var underWay: CommitID?
    /// The commit that holds a duty's last record, while it is not durable.
    private var last: [Duty: CommitID] = [:]
    private var held: [(after: CommitID, effect: Effect)] = []

    package init() {}

    /// Takes a turn's effects; returns those that wait for nothing.
    package mutating func add(_ effects: [Effect]) -> [Effect] {
        var free: [Effect] = []
        for effect in effects {
            let commit: CommitID?
            switch effect.treatment {
            case .write(let record):
                records.append(record)
                isUrgent = true
                if let duty = record.duty { last[duty] = next }
                continue
            case .writeSometime(let record):
                records.append(record)
                continue
            case .free: commit = nil
            case .after(let duties): commit = duties.compactMap { last[$0] }.max()
            case .afterAll: commit = isUrgent ? next : underWay
            }
            if let commit {
                held.append((commit, effect))
            } else {
                free.append(effect)
            }
        }
        return free
    }

    /// Records gathered since the last commit began; nil while one is under way or there is nothing worth it.
    ///
    /// - Parameter all: also what could wait, e.g. at the end.
    package mutating func nextCommit(all: Bool = false) -> (id: CommitID, records: [Record])? {
        guard underWay == nil, isUrgent || records.count >= Self.notesMax || (all && !records.isEmpty) else {
            return nil
        }
        defer {
            records = []
            isUrgent = false
            next.rawValue += 1
        }
        underWay = next
        return (next, records)
    }

    /// - Returns: what this commit releases, in the order it was added.
    package mutating func durable(_ id: CommitID) -> [Effect] {
        underWay = nil
        last = last.filter { $0.value > id }
        let released = held.filter { $0.after <= id }
        held.removeAll { $0.after <= id }
        return released.map(\.effect)
    }
}

extension Outbox {
    fileprivate enum Treatment {
        case write(Record)
        case writeSometime(Record)
        /// Happens at once.
        case free
        /// Happens once all records of these duties so far are durable.
        case after([Duty])
        /// Happens once all records so far, but for notes, are.
        case afterAll
    }
}

extension Effect {
    /// No `default`, here and below: what is new has to say whether it waits.
    fileprivate var treatment: Outbox.Treatment {
        switch self {
        case .persist(let record): .write(record)
        case .note(let record): .writeSometime(record)
        // DECIDED too: among the COMMITs it shows may be ours.
        case .sendConsensus(let message), .sendConsensusTo(_, let message): .after([message.duty])
        case .shareWithPeers(let duty, _), .shareWithPeer(_, let duty, _): .after([duty])
        // Our own share may be in it, and the cluster has signed nothing else.
        case .broadcast(let duty, _): .after([duty])
        case .answer(_, let answer): answer.treatment
        // Nothing of a signature is seen before the record of the partial is durable, which comes after this.
        case .sign: .free
        // What we prefer binds us to nothing.
        case .exchangePriorities: .free
        // Fetching a block shows a randao reveal, which has one content only: nothing could contradict it.
        case .resolveDuties, .fetch, .verify, .decodeAhead, .recover, .checkInclusion, .report: .free
        }
    }
}

extension Answer {
    fileprivate var treatment: Outbox.Treatment {
        switch self {
        case .decided(let duty, _): .after([duty])
        case .submitted(let verdicts): .after(verdicts.map(\.duty))
        case .recorded, .slashingHistory, .signed: .afterAll
        case .attesters, .aggregators, .definitions, .exits, .priorities, .refused, .absent: .free
        }
    }
}
