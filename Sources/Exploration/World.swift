import QBFT

/// Four nodes, one of them Byzantine, in the first rounds of one instance.
///
/// The network only ever grows: whatever a node has said may reach another one at any time, any number of times, or
/// never. That is loss, duplication, delay and reordering at once. The Byzantine node says all it can sign, to whom it
/// likes: every vote for both values, and every justification that can be made of what the others really said.
struct World: Sendable {
    /// Node r leads round r.
    static let leaderOffset: UInt64 = 0

    let byzantine: Int
    /// 1 or 2. No timer ends the last round.
    let rounds: Int64

    var honest: [Int] { (0..<4).filter { $0 != byzantine } }

    func configuration(of node: Int) -> Instance.Configuration {
        Instance.Configuration(nodes: 4, index: node, leaderOffset: Self.leaderOffset)
    }

    /// Whether its own value matters.
    func leads(_ node: Int) -> Bool { (1...rounds).contains { configuration(of: 0).leader(of: $0) == node } }

    /// Honest nodes that lead none of the rounds: they differ in nothing but their number.
    var twins: (Int, Int)? {
        let followers = honest.filter { !leads($0) }
        return followers.count == 2 ? (followers[0], followers[1]) : nil
    }

    /// What must have been said by honest nodes so that anybody can say it.
    func needs(_ votes: some Sequence<Vote>) -> VoteSet {
        votes.reduce(VoteSet()) { $1.source == byzantine ? $0 : $0.union($1.set) }
    }
}

/// Some messages that reach a node one after the other, and that only together may have an effect.
struct Delivery: Sendable {
    let messages: [Message]
    /// The honest votes in it, justifications included.
    let needs: VoteSet
    let name: String
}

extension World {
    /// Everything that can have an effect on a node, the smallest sets first, and then what must have none.
    ///
    /// What needs more honest votes than another delivery that says the same is left out.
    func deliveries(to node: Int) -> [Delivery] {
        var all = proposals(2).filter { _ in rounds > 1 } + proposals(1)
        for round in 1...rounds {
            for value in Choice.values {
                all += votes(.prepare, round, value) + votes(.commit, round, value)
                all += decisions(round, value)
            }
        }
        if rounds > 1 { all += roundChanges(to: node) }
        all += lies
        return all.filter { !$0.needs.hasContradiction }
    }

    func delivery(_ messages: [Message], _ name: String) -> Delivery {
        let votes = messages.flatMap { [$0.bare] + $0.justification }.compactMap { Vote($0) }
        return Delivery(messages: messages, needs: needs(votes), name: name)
    }

    /// The Byzantine node's own and those of two others: a third needs more, and proves no more.
    func quorums(_ vote: (Int) -> Vote) -> [[Vote]] {
        honest.map { left in [vote(byzantine)] + honest.filter { $0 != left }.map(vote) }
    }

    /// Its own too: a node that crashed may hear again what it said.
    private func votes(_ kind: Message.Kind, _ round: Int64, _ value: Choice) -> [Delivery] {
        (1..<16).map { mask in
            let sources = (0..<4).filter { mask & (1 << $0) != 0 }
            return delivery(
                sources.map { Vote(kind, round: round, source: $0, value).message },
                "\(kind) of round \(round) for \(value) by \(sources)")
        }
    }

    private func decisions(_ round: Int64, _ value: Choice) -> [Delivery] {
        quorums { Vote(.commit, round: round, source: $0, value) }.map { commits in
            delivery(
                [
                    Message(
                        .decided, round: round, source: byzantine, value: value.root, signature: [UInt8(byzantine)],
                        justification: commits.map(\.message))
                ], "DECIDED of round \(round) for \(value) with commits of \(commits.map(\.source))")
        }
    }

    private func proposals(_ round: Int64) -> [Delivery] {
        let leader = configuration(of: 0).leader(of: round)
        return Choice.values.flatMap { value in
            let bare = Vote(.prePrepare, round: round, source: leader, value).message
            let name = "PRE_PREPARE of round \(round) for \(value) by node \(leader)"
            guard round > 1 else { return [delivery([bare], name)] }
            return smallest(
                justifications(of: value).map { votes in
                    var message = bare
                    message.justification = votes.map(\.message)
                    return delivery([message], name + " with \(votes.filter { $0.kind == .roundChange })")
                })
        }
    }

    /// Of a second round's proposal: ROUND_CHANGEs, and PREPAREs if one of them names a value.
    func justifications(of value: Choice) -> [[Vote]] {
        let proofs = quorums { Vote(.prepare, round: 1, source: $0, value) }
        return (0..<4).flatMap { left -> [[Vote]] in
            var sets: [[Vote]] = [[]]
            for source in 0..<4 where source != left {
                sets = sets.flatMap { set in
                    Choice.allCases.map { set + [Vote(.roundChange, round: 2, source: source, $0)] }
                }
            }
            return sets.flatMap { set -> [[Vote]] in
                if set.allSatisfy({ $0.value == .none }) { return [set] }
                return set.contains { $0.value == value } ? proofs.map { set + $0 } : []
            }
        }
    }

    /// Every choice of what the other nodes may want, one after the other; the Byzantine one also without proof.
    private func roundChanges(to node: Int) -> [Delivery] {
        var sets: [[Vote]] = [[]]
        for source in honest where source != node {
            sets = sets.flatMap { set in
                [set] + Choice.allCases.map { set + [Vote(.roundChange, round: 2, source: source, $0)] }
            }
        }
        let byzantines = Choice.allCases.map { Vote(.roundChange, round: 2, source: byzantine, $0) }
        let unproven = byzantines.filter { $0.value != .none }
        let all =
            (sets + sets.flatMap { set in byzantines.map { set + [$0] } }).flatMap(proven)
            + sets.flatMap { set in unproven.flatMap { lie in proven(set).map { $0 + [lie.message] } } }
        return all.filter { !$0.isEmpty }.sorted { $0.count < $1.count }.map { messages in
            delivery(messages, "\(messages.map { Vote($0).map { "\($0)" } ?? "?" })")
        }
    }

    /// ROUND_CHANGEs with each proof that those who claim a value may share. Where they have different ones, more must
    /// have been said, and no more is proven. Claims of both values cannot be: two quorums have an honest node in common.
    private func proven(_ wants: [Vote]) -> [[Message]] {
        let claimed = Choice.values.filter { value in wants.contains { $0.value == value } }
        guard claimed.count < 2 else { return [] }
        guard let value = claimed.first else { return [wants.map(\.message)] }
        return quorums { Vote(.prepare, round: 1, source: $0, value) }.map { proof in
            wants.map { want in
                var message = want.message
                if want.value == value { message.justification = proof.map(\.message) }
                return message
            }
        }
    }

    func smallest(_ all: [Delivery]) -> [Delivery] {
        var kept: [Delivery] = []
        for next in all.sorted(by: { $0.needs.bits.nonzeroBitCount < $1.needs.bits.nonzeroBitCount })
        where !kept.contains(where: { $0.needs.isSubset(of: next.needs) }) {
            kept.append(next)
        }
        return kept
    }
}
