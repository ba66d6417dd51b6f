import SSZ

/// Why the journal of an instance cannot be resumed. The node then sits this instance out: it cannot know what it
/// promised, and a second, different vote would be worse than none.
package enum JournalFault: Error, Hashable, Sendable {
    /// Not an own message, or one that could never have been sent.
    case foreign(Message)
    /// Two different votes of one kind in one round.
    case contradiction(Message, Message)
    /// A COMMIT without the PREPAREs it rests on.
    case missingPrepares(Message)
}

/// A value a quorum prepared in a round, with the proof. The node's next ROUND_CHANGE must carry it.
struct Prepared: Hashable, Sendable {
    var round: Int64 = 0
    var value = Root.zero
    /// At least q PREPAREs of `round` for `value`; empty in round 0, which stands for "nothing prepared".
    var prepares: [Message] = []
}

/// Where a node stood, as far as anybody else may have seen it.
struct Resumption {
    /// The highest round of an own message.
    private(set) var round: Int64 = 1
    private(set) var prepared = Prepared()
    /// What was sent in `round`, as it was sent.
    private(set) var sent: [Message] = []

    /// - Parameter records: own messages as `Instance.Effect.broadcast` asks to journal them, sealed, in any order.
    init(_ records: [Message], _ configuration: Instance.Configuration) throws(JournalFault) {
        for (i, record) in records.enumerated() where record.kind != .decided {
            guard record.source == configuration.index, configuration.malformation(of: record) == nil else {
                throw .foreign(record)
            }
            for earlier in records[..<i] where earlier.kind == record.kind && earlier.round == record.round {
                guard earlier.isSameVote(as: record) else { throw .contradiction(earlier, record) }
            }
            try restorePrepared(from: record, configuration)
            restoreRound(from: record)
        }
    }

    private mutating func restorePrepared(
        from record: Message, _ configuration: Instance.Configuration
    ) throws(JournalFault) {
        var claim = record
        switch record.kind {
        case .commit:
            // A COMMIT claims what the next ROUND_CHANGE would: judge it as one.
            claim.kind = .roundChange
            claim.preparedRound = record.round
            claim.preparedValue = record.value
        case .roundChange: break
        case .prePrepare, .prepare, .decided: return
        }
        guard configuration.unjustified(claim) == nil else { throw .missingPrepares(record) }
        if claim.preparedRound > prepared.round {
            prepared = Prepared(round: claim.preparedRound, value: claim.preparedValue, prepares: claim.justification)
        }
    }

    private mutating func restoreRound(from record: Message) {
        if record.round > round {
            round = record.round
            sent = []
        }
        guard record.round == round, !sent.contains(where: { $0.kind == record.kind }) else { return }
        sent.append(record.kind == .commit ? record.bare : record)
    }
}
