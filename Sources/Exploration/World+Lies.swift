import QBFT

/// What the Byzantine node can send and no rule lets through. It must have no effect; where a rule is broken, it has one.
extension World {
    /// Each needs as few honest votes as it can.
    var lies: [Delivery] {
        let others = Choice.values.flatMap { decisionsByTooFew($0) + usurpations($0) }
        guard rounds > 1 else { return others }
        return others + Choice.values.flatMap { unjustifiedProposals($0) }
    }

    private func lie(_ message: Message, _ name: String) -> Delivery { delivery([message], name) }

    /// In the first round there is nothing but who sends it.
    private func usurpations(_ value: Choice) -> [Delivery] {
        (1...rounds).filter { configuration(of: 0).leader(of: $0) != byzantine }.map { round in
            let message = Vote(.prePrepare, round: round, source: byzantine, value).message
            return lie(message, "PRE_PREPARE of round \(round) for \(value) by node \(byzantine), not its leader")
        }
    }

    private func unjustifiedProposals(_ value: Choice) -> [Delivery] {
        let leader = configuration(of: 0).leader(of: 2)
        func proposals(_ justifications: [[Vote]], _ name: String) -> [Delivery] {
            smallest(
                justifications.map { votes in
                    var message = Vote(.prePrepare, round: 2, source: leader, value).message
                    message.justification = votes.map(\.message)
                    return lie(message, "PRE_PREPARE of round 2 for \(value) by node \(leader) \(name)")
                })
        }
        let claim = Vote(.roundChange, round: 2, source: byzantine, value)
        let two = honest.map { [Vote(.roundChange, round: 2, source: byzantine, .none), want($0)] }
        let claimed = honest.map { left in [claim] + honest.filter { $0 != left }.map(want) }
        let proofs = quorums { Vote(.prepare, round: 1, source: $0, value) }
        return proposals([[]], "without justification")
            + proposals(two, "with two ROUND_CHANGEs")
            + proposals(claimed, "with a claim without proof")
            + proposals(claimed.flatMap { set in proofs.map { set + $0.prefix(2) } }, "with two PREPAREs")
            + proposals(justifications(of: value.swapped).filter { $0.count > 3 }, "justified for the other value")
    }

    private func want(_ source: Int) -> Vote { Vote(.roundChange, round: 2, source: source, .none) }

    private func decisionsByTooFew(_ value: Choice) -> [Delivery] {
        (1...rounds).flatMap { round -> [Delivery] in
            func decided(_ commits: [Vote], _ name: String) -> Delivery {
                var message = Vote(.commit, round: round, source: byzantine, value).message
                message.kind = .decided
                message.justification = commits.map(\.message)
                return lie(message, "DECIDED of round \(round) for \(value) with \(name)")
            }
            return smallest(
                honest.map { honest in
                    decided([byzantine, honest].map { Vote(.commit, round: round, source: $0, value) }, "two COMMITs")
                })
                + smallest(
                    quorums { Vote(.commit, round: round, source: $0, value.swapped) }.map {
                        decided($0, "COMMITs for the other value")
                    })
                + smallest(
                    quorums { Vote(.prepare, round: round, source: $0, value) }.map { decided($0, "PREPAREs") })
        }
    }
}

/// What the Byzantine node can send, and what brings about nothing that other messages do not.
extension World {
    /// That a quorum has prepared in the very round that it wants to begin. When that can be proven, the leader has
    /// proposed already, with a justification that is there for everybody; to others it is a ROUND_CHANGE like any other.
    /// So no graph has them, and `ClusterWalk` sends them to see that nothing comes of it.
    var claimsOfThisRound: [Delivery] {
        guard rounds > 1 else { return [] }
        return Choice.values.flatMap { value in
            quorums { Vote(.prepare, round: 2, source: $0, value) }.flatMap { proof in
                var claim = Vote(.roundChange, round: 2, source: byzantine, value).message
                claim.preparedRound = 2
                let bare = claim
                claim.justification = proof.map(\.message)
                let leader = configuration(of: 0).leader(of: 2)
                var proposal = Vote(.prePrepare, round: 2, source: leader, value).message
                let pairs = honest.map { left in honest.filter { $0 != left } }
                let proposals = pairs.flatMap { pair in
                    Choice.allCases.map { other in
                        let wants = [want(pair[0]), Vote(.roundChange, round: 2, source: pair[1], other)]
                        proposal.justification = [bare] + (wants + proof).map(\.message)
                        return lie(proposal, "PRE_PREPARE of round 2 for \(value) with what was prepared in round 2")
                    }
                }
                return [lie(claim, "ROUND_CHANGE to round 2 for \(value), prepared in round 2")] + proposals
            }
        }
    }
}
