import Ethereum

/// What the workflow decided, held back until what it depends on is on disk.
///
/// Node and simulation release effects by this one rule, so an order that is wrong in one is wrong in both. An effect
/// that commits us (a vote sent, a value served, a share sent, the word that a share is safe, a group signature handed
/// out) waits for the last record of its duty; nothing else waits for anything. One commit is under way at a time, so
/// commits group themselves.
///
/// While a switch to other key shares is planned, nothing leaves of duties that are not this node's set's to sign
/// (`SwitchRecord.refusal`), whatever the workflow wanted.
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
    /// What keeps duties back from now on.
    private var plannedSwitch: SwitchRecord?
    /// What keeps fewer of them back, once that is durable.
    private var relief: (after: CommitID, SwitchRecord?)?

    /// - Parameter plannedSwitch: what the journal holds of one.
    package init(_ plannedSwitch: SwitchRecord? = nil) { self.plannedSwitch = plannedSwitch }

    /// Takes a turn's effects; returns those that wait for nothing.
    package mutating func add(_ effects: [Effect]) -> [Effect] {
        var free: [Effect] = []
        for wanted in effects {
            follow(wanted)
            guard let effect = permitted(wanted) else { continue }
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
        if let relief, relief.after <= id {
            plannedSwitch = relief.1
            self.relief = nil
        }
        last = last.filter { $0.value > id }
        let released = held.filter { $0.after <= id }
        held.removeAll { $0.after <= id }
        return released.map(\.effect)
    }
}

// MARK: - Whose duties

extension Outbox {
    private mutating func follow(_ effect: Effect) {
        if case .persist(.switchDropped) = effect { relief = (next, nil) }
        guard case .persist(.plannedSwitch(let record)) = effect else { return }
        if record.stage == .calledOff {
            relief = (next, record)
        } else {
            plannedSwitch = record
            relief = nil
        }
    }

    /// What is left of an effect; nil if nothing is.
    private func permitted(_ effect: Effect) -> Effect? {
        guard let plannedSwitch else { return effect }
        guard let refusal = effect.committing.lazy.compactMap({ plannedSwitch.refusal(of: $0) }).first else {
            return effect
        }
        // Whoever asks is answered all the same.
        if case .answer(let ticket, _) = effect { return .answer(ticket, .refused(refusal)) }
        return nil
    }
}

extension Effect {
    /// Duties in which it votes or signs, or puts down that it does.
    fileprivate var committing: [Duty] {
        switch self {
        case .persist(let record), .note(let record): record.committing
        case .sendConsensus(let message), .sendConsensusTo(_, let message): [message.duty]
        case .shareWithPeers(let duty, _), .shareWithPeer(_, let duty, _), .sign(let duty, _), .broadcast(let duty, _):
            [duty]
        case .answer(_, .decided(let duty, _)): [duty]
        case .answer(_, .submitted(let verdicts)): verdicts.map(\.duty)
        case .answer, .resolveDuties, .fetch, .exchangePriorities, .verify, .decodeAhead, .recover, .enterNewSet,
            .checkInclusion, .report:
            []
        }
    }
}

extension Record {
    fileprivate var committing: [Duty] {
        switch self {
        case .vote(let duty, _, _), .unsigned(let duty, _), .partials(let duty, _, _), .aggregated(let duty, _): [duty]
        case .partialStatus, .broadcast, .expired, .forgotten, .attestationWatermark, .proposalWatermark, .halted,
            .haltLifted, .slashed, .slashingLifted, .plannedSwitch, .switchDropped:
            []
        }
    }
}

// MARK: - What waits

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
        // What we prefer binds us to nothing, but for our word on a planned switch.
        case .exchangePriorities(let own): .after([own.duty])
        case .enterNewSet: .afterAll
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
        case .priorities(let own): .after([own.duty])
        case .recorded, .slashingHistory, .signed: .afterAll
        case .attesters, .aggregators, .definitions, .exits, .refused, .absent: .free
        }
    }
}
