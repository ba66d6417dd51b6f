import SSZ

/// The justified messages of one instance, and the quorums found among them. Source: consensus.md §6 ("flat", "uniq").
///
/// Flat order, which decides who is "first found": sources ascending, each source's messages in order of arrival, each
/// message followed by its justification.
struct MessageBuffer: Sendable {
    /// A node sends at most four messages a round; older ones than 25 rounds help nobody.
    static let messagesPerSourceMax = 100

    private let size: ClusterSize
    /// Per source, oldest first.
    private var messages: [[Message]]

    init(_ size: ClusterSize) {
        self.size = size
        messages = Array(repeating: [], count: size.nodes)
    }

    /// Keeps an admitted message. When its source has too many, one of the lowest round makes room.
    ///
    /// Anybody can repeat an honest node's votes, in any order and with other justifications. So what is kept must not
    /// depend on that: a vote that is here already is not stored again, and the latest rounds win, not the latest word.
    /// - Returns: an earlier vote of the same source, kind and round for another value, once per such triple.
    mutating func insert(_ message: Message) -> Message? {
        if messages[message.source].contains(where: { $0.isSameVote(as: message) }) {
            improve(with: message)
            return nil
        }
        let rivals = messages[message.source].filter { $0.kind == message.kind && $0.round == message.round }

        if messages[message.source].count == Self.messagesPerSourceMax {
            let lowest = messages[message.source].indices.min {
                messages[message.source][$0].round < messages[message.source][$1].round
            }
            guard let lowest, messages[message.source][lowest].round <= message.round else { return nil }
            messages[message.source].remove(at: lowest)
        }
        messages[message.source].append(withNeededJustification(message, isFirst: rivals.isEmpty))
        return message.isVote && rivals.count == 1 ? rivals.first : nil
    }

    /// Takes the better proof of a ROUND_CHANGE: the first may have been stripped of votes that we cannot pass on.
    private mutating func improve(with message: Message) {
        guard message.kind == .roundChange else { return }
        let proofs = messages[message.source].indices.filter { messages[message.source][$0].hasSameProof(as: message) }
        let best = proofs.max {
            messages[message.source][$0].justification.count < messages[message.source][$1].justification.count
        }
        guard let best, messages[message.source][best].justification.count < message.justification.count else { return }
        messages[message.source][best].justification = message.justification
    }

    /// About what is held, in bytes.
    var heldBytes: Int { messages.reduce(0) { $0 + $1.reduce(0) { $0 + $1.heldBytes } } }

    /// Drops justifications no quorum depends on. Else liars fill the memory, and every search, with copies of them.
    private mutating func withNeededJustification(_ message: Message, isFirst: Bool) -> Message {
        switch message.kind {
        case .prepare, .commit:
            // Honest nodes attach none.
            return message.bare
        case .prePrepare:
            // Only liars propose twice in a round, or justify a first round.
            return message.round == 1 || !isFirst ? message.bare : message
        case .roundChange:
            // Each of them proves the same: that a quorum prepared this. One copy of the best proof will do.
            var proven = message
            let source = messages[message.source]
            for i in source.indices where source[i].hasSameProof(as: message) {
                if source[i].justification.count > proven.justification.count {
                    proven.justification = source[i].justification
                }
                messages[message.source][i] = source[i].bare
            }
            return proven
        case .decided:
            return message
        }
    }

    /// PREPAREs or COMMITs for one value in one round, one per source.
    func votes(_ kind: Message.Kind, round: Int64, value: Root) -> [Message] {
        firstPerSource { $0.kind == kind && $0.round == round && $0.value == value }
    }

    /// ROUND_CHANGEs for `round`, one per source.
    func roundChanges(to round: Int64) -> [Message] {
        firstPerSource { $0.kind == .roundChange && $0.round == round }
    }

    /// For each of the first `count` sources that want a round above `round`: its ROUND_CHANGE for the highest one.
    /// Fewer than `count` when there are fewer such sources.
    func roundChanges(above round: Int64, sources count: Int) -> [Message] {
        var highest: [Message?] = Array(repeating: nil, count: size.nodes)
        forEach { message in
            guard message.kind == .roundChange, message.round > round else { return }
            if let known = highest[message.source], known.round >= message.round { return }
            highest[message.source] = message
        }
        return Array(highest.compactMap { $0 }.prefix(count))
    }

    /// What justifies a proposal for `round`: Qrc of consensus.md §6.2. nil when nothing does yet.
    ///
    /// Either a quorum of ROUND_CHANGEs that prepared nothing, or a quorum of them followed by the PREPAREs of the
    /// highest round one of them prepared in. Flat: the ROUND_CHANGEs come without their own justifications.
    func justifiedQuorum(for round: Int64) -> [Message]? {
        let nullPrepared = firstPerSource { $0.kind == .roundChange && $0.round == round && $0.isNullPrepared }
        if nullPrepared.count >= size.quorum { return nullPrepared.map(\.bare) }

        for prepares in preparedQuorums() {
            guard let prepare = prepares.first else { continue }
            let roundChanges = firstPerSource {
                $0.kind == .roundChange && $0.round == round && $0.preparedRound <= prepare.round
            }
            guard roundChanges.count >= size.quorum, roundChanges.contains(where: { $0.claims(prepare) }) else {
                continue
            }
            return roundChanges.map(\.bare) + prepares
        }
        return nil
    }

    /// All quorums of PREPAREs for one value in one round, the highest round first.
    private func preparedQuorums() -> [[Message]] {
        struct Proposal: Hashable {
            let round: Int64
            let value: Root
        }
        // One pass however many values liars make up.
        var prepares: [Proposal: [Message]] = [:]
        forEach { message in
            guard message.kind == .prepare else { return }
            let proposal = Proposal(round: message.round, value: message.value)
            if prepares[proposal]?.contains(where: { $0.source == message.source }) ?? false { return }
            prepares[proposal, default: []].append(message)
        }
        return prepares.filter { $0.value.count >= size.quorum }
            .sorted { ($1.key.round, $1.key.value) < ($0.key.round, $0.key.value) }
            .map(\.value)
    }

    private func firstPerSource(where matches: (Message) -> Bool) -> [Message] {
        var sources = SourceSet(size)
        var found: [Message] = []
        forEach { message in
            if matches(message), sources.insert(message.source) { found.append(message) }
        }
        return found
    }

    private func forEach(_ body: (Message) -> Void) {
        for source in messages {
            for message in source {
                body(message)
                for vote in message.justification { body(vote) }
            }
        }
    }
}
