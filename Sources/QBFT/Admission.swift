import SSZ

/// The checks of one message by itself. Signatures are the caller's business. Source: consensus.md §4, §6.1.
extension Instance.Configuration {
    /// What counts of a message: itself, with those of its justifications that justify it. Anybody may attach others'
    /// authentic votes to anything; nothing may follow from those.
    ///
    /// Votes with stray fields do justify, for a peer may have counted them, but stay behind: we could pass them on
    /// only with the value they name on the side.
    package func admitted(_ message: Message) throws(Refusal) -> Message {
        if let refusal = malformation(of: message) { throw refusal }
        if message.hasStrayFields { throw .strayFields }
        if let refusal = unjustified(message) { throw refusal }
        var admitted = message
        admitted.justification = needed(message).filter { !$0.hasStrayFields }
        return admitted
    }

    private func needed(_ message: Message) -> [Message] {
        switch message.kind {
        case .prepare, .commit: return []
        case .prePrepare:
            if message.round == 1 { return [] }
            let roundChanges = roundChanges(to: message.round, in: message.justification)
            if roundChanges.allSatisfy(\.isNullPrepared) { return roundChanges }
            return roundChanges + message.justification.filter { $0.kind == .prepare }
        case .roundChange: return message.justification
        case .decided: return commits(for: message)
        }
    }

    /// What makes a message unusable in any state: a bound exceeded, a node that does not exist.
    func malformation(of message: Message) -> Refusal? {
        // 2n: a quorum of ROUND_CHANGE and one of PREPARE, each at most n.
        guard message.justification.count <= 2 * size.nodes else { return .tooManyJustifications }
        if let refusal = fieldsOutOfRange(message) { return refusal }
        for vote in message.justification {
            guard vote.justification.isEmpty else { return .nestedJustification }
            if let refusal = fieldsOutOfRange(vote) { return refusal }
        }
        return nil
    }

    private func fieldsOutOfRange(_ message: Message) -> Refusal? {
        guard 0..<size.nodes ~= message.source else { return .unknownSource }
        guard 1...Instance.roundMax ~= message.round, message.preparedRound >= 0 else { return .roundOutOfRange }
        // Stricter than the reference for PREPARE, COMMIT and DECIDED: no honest vote for nothing can exist.
        guard message.kind == .roundChange || message.value != .zero else { return .noValue }
        return nil
    }

    /// nil when `message` is justified. It must be well-formed.
    func unjustified(_ message: Message) -> Refusal? {
        switch message.kind {
        case .prepare, .commit:
            return nil
        case .prePrepare:
            guard message.source == leader(of: message.round) else { return .notLeader }
            if message.round == 1 { return nil }
            switch proposable(in: message.round, after: message.justification) {
            case .anything: return nil
            case .only(message.value): return nil
            case .only, nil: return .notJustified
            }
        case .roundChange:
            return isPreparedAsClaimed(message) ? nil : .notJustified
        case .decided:
            return commits(for: message).count >= size.quorum ? nil : .notJustified
        }
    }

    /// The COMMITs in a DECIDED that carry its value and round, one per source.
    func commits(for decided: Message) -> [Message] {
        var sources = SourceSet(size)
        return decided.justification.filter {
            $0.kind == .commit && $0.round == decided.round && $0.value == decided.value && sources.insert($0.source)
        }
    }

    private func isPreparedAsClaimed(_ roundChange: Message) -> Bool {
        let prepares = roundChange.justification
        if prepares.isEmpty { return roundChange.isNullPrepared }
        var sources = SourceSet(size)
        return prepares.count >= size.quorum
            && prepares.allSatisfy {
                $0.kind == .prepare && $0.round == roundChange.preparedRound && $0.value == roundChange.preparedValue
                    && sources.insert($0.source)
            }
    }

    /// What the leader of a round above 1 may propose.
    enum Proposable: Equatable {
        /// A quorum has prepared nothing: nothing can have been decided.
        case anything
        /// Prepared by a quorum in the highest round any of a quorum knows of: it may have been decided.
        case only(Root)
    }

    /// J(list, r) of consensus.md §6.1; nil when `votes` justify no proposal at all.
    func proposable(in round: Int64, after votes: [Message]) -> Proposable? {
        let roundChanges = roundChanges(to: round, in: votes)
        guard roundChanges.count >= size.quorum else { return nil }
        if roundChanges.allSatisfy(\.isNullPrepared) { return .anything }

        let prepares = votes.filter { $0.kind == .prepare }
        guard let first = prepares.first, prepares.count >= size.quorum else { return nil }
        var preparers = SourceSet(size)
        for vote in prepares {
            guard vote.round == first.round, vote.value == first.value else { return nil }
            guard preparers.insert(vote.source) else { return nil }
        }
        guard roundChanges.allSatisfy({ $0.preparedRound <= first.round }) else { return nil }
        guard roundChanges.contains(where: { $0.claims(first) }) else { return nil }
        return .only(first.value)
    }

    /// One per source, the first.
    private func roundChanges(to round: Int64, in votes: [Message]) -> [Message] {
        var sources = SourceSet(size)
        return votes.filter { $0.kind == .roundChange && $0.round == round && sources.insert($0.source) }
    }
}

extension Message {
    /// Whether a ROUND_CHANGE names exactly the round and value of `prepare` as prepared.
    func claims(_ prepare: Message) -> Bool {
        preparedRound == prepare.round && preparedValue == prepare.value
    }
}
