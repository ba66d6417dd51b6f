import Ethereum
import SSZ

/// Looks for what was submitted in the blocks that could have it, each when it is 6 slots old: from the first slot of
/// a chain on, and for 32 slots. Source: workflow.md §16.5.
///
/// Bounds: duties of the last `slotsKept` slots, one submission per validator; `askingMax` questions at a time, each
/// asked `attemptsMax` times.
package struct InclusionChecker: Sendable {
    /// One validator's, and which of the blocks that could have it were looked at: bit i for the i-th.
    private struct Search: Sendable {
        let submission: Submission
        var seen: UInt32 = 0
        var isBlind = false
    }

    private struct Question: Sendable {
        var attempts = 0
        var isOpen = false
        /// Of the last attempt.
        var askedIn = Slot.zero
    }

    /// Until a block is unlikely to be replaced.
    package static let lag: UInt64 = 6
    /// In which a vote can be included.
    package static let window: UInt64 = 32
    private static let slotsKept = window + lag + 8
    private static let askingMax = 4
    private static let attemptsMax = 3

    private let clock: SlotClock
    private var searches: [Duty: [PubKey: Search]] = [:]
    private var questions: [Slot: Question] = [:]

    package init(clock: SlotClock) { self.clock = clock }

    /// To be called before the attempt to broadcast: others may have done so before.
    mutating func submitted(_ duty: Duty, _ submissions: [PubKey: Submission]) {
        for (pubKey, submission) in submissions where searches[duty]?[pubKey] == nil {
            searches[duty, default: [:]][pubKey] = Search(submission: submission)
            // A block that was looked at before may have it.
            for slot in Self.slots(submission, duty) where questions[slot]?.isOpen == false { questions[slot] = nil }
        }
    }

    /// - Returns: slots whose blocks are wanted now, and what is given up.
    mutating func wake(at now: Instant) -> (wanted: [Slot], given: [Duty: [PubKey: InclusionOutcome]]) {
        guard let current = clock.slot(at: now) else { return ([], [:]) }
        var given: [Duty: [PubKey: InclusionOutcome]] = [:]
        for duty in searches.keys where duty.slot.rawValue + Self.slotsKept < current.rawValue {
            given[duty] = searches.removeValue(forKey: duty)?.mapValues { _ in .undetermined }
        }
        guard current.rawValue >= Self.lag else { return ([], given) }
        let newest = current.rawValue - Self.lag
        let oldest = newest - min(newest, Self.slotsKept)
        questions = questions.filter { $0.key.rawValue >= oldest }
        var wanted: [Slot] = []
        var asking = questions.values.count(where: \.isOpen)
        for slot in (oldest...newest).map({ Slot($0) }) where asking < Self.askingMax && isWanted(slot, current) {
            var question = questions[slot] ?? Question()
            question.attempts += 1
            question.isOpen = true
            question.askedIn = current
            questions[slot] = question
            wanted.append(slot)
            asking += 1
        }
        return (wanted, given)
    }

    /// - Returns: what is known now.
    mutating func answered(_ slot: Slot, _ answer: BlockAnswer) -> [Duty: [PubKey: InclusionOutcome]] {
        // An answer that was not asked for tells nothing.
        guard let question = questions[slot], question.isOpen else { return [:] }
        questions[slot]?.isOpen = false
        if case .unknown = answer, question.attempts < Self.attemptsMax { return [:] }
        var found: [Duty: [PubKey: InclusionOutcome]] = [:]
        for (duty, byKey) in searches {
            for (pubKey, search) in byKey {
                guard let bit = Self.bit(slot, of: search.submission, duty) else { continue }
                var search = search
                search.seen |= bit
                let outcome = Self.look(for: &search, duty, slot, answer)
                searches[duty]?[pubKey] = outcome == nil ? search : nil
                if let outcome { found[duty, default: [:]][pubKey] = outcome }
            }
            if searches[duty]?.isEmpty == true { searches[duty] = nil }
        }
        return found
    }

    // MARK: Private parts

    private func isWanted(_ slot: Slot, _ current: Slot) -> Bool {
        if let question = questions[slot] {
            // Not twice in one slot: what did not answer needs time.
            guard !question.isOpen, question.attempts < Self.attemptsMax, question.askedIn < current else {
                return false
            }
        }
        return searches.contains { duty, byKey in
            byKey.values.contains { search in
                Self.bit(slot, of: search.submission, duty).map { search.seen & $0 == 0 } ?? false
            }
        }
    }

    /// Blocks that can have it.
    private static func slots(_ submission: Submission, _ duty: Duty) -> [Slot] {
        switch submission {
        case .block: [duty.slot]
        case .votes: (1...window).map { Slot(duty.slot.rawValue &+ $0) }
        }
    }

    /// Nil for a block that cannot have it.
    private static func bit(_ slot: Slot, of submission: Submission, _ duty: Duty) -> UInt32? {
        switch submission {
        case .block: return slot == duty.slot ? 1 : nil
        case .votes:
            guard slot > duty.slot, slot.rawValue - duty.slot.rawValue <= window else { return nil }
            return 1 << UInt32(slot.rawValue - duty.slot.rawValue - 1)
        }
    }

    /// - Returns: nil while other blocks may have it.
    private static func look(
        for search: inout Search, _ duty: Duty, _ slot: Slot, _ answer: BlockAnswer
    ) -> InclusionOutcome? {
        switch (search.submission, answer) {
        case (.block, .unknown): return .undetermined
        case (.block, .missing): return .missed("the chain has no block in slot \(duty.slot)")
        case (.block(let root), .block(let other, _)):
            return root == other ? .included(delay: 0) : .missed("the chain has another block in slot \(duty.slot)")
        case (.votes, .unknown): search.isBlind = true
        case (.votes, .missing): break
        case (.votes(let root, let committee, let members), .block(_, let votes)):
            let isIncluded = votes.contains { vote in
                guard vote.data == root, let bits = vote.members[committee], bits.count == members.count else {
                    return false
                }
                return members.setIndices.allSatisfy { bits[$0] }
            }
            if isIncluded { return .included(delay: slot.rawValue - duty.slot.rawValue) }
        }
        guard search.seen == .max else { return nil }
        return search.isBlind ? .undetermined : .missed("no block of the \(window) slots after it has it")
    }
}
