import Ethereum
import QBFT

/// What peers propose, and which of it gets our vote.
extension Workflow {
    /// A proposal nobody may sign gets no vote of ours: the next round's leader may have a better one. Votes that
    /// others cast for it are heard, so that we follow a cluster that decides it all the same; and what a quorum has
    /// prepared is no leader's choice any more.
    mutating func fromPeer(_ message: ConsensusMessage, _ now: Instant) -> [Signal] {
        let duty = message.duty
        guard message.message.kind == .prePrepare, let value = message.values[message.message.value],
            !dutyDB.isDecided(duty), let vote = consensus.admitted(message),
            !vote.justification.contains(where: { $0.kind == .prepare })
        else { return consensus.receive(message, at: now) }
        switch judge(value, of: duty, round: vote.round) {
        case .good: return consensus.receive(message, at: now)
        case .bad(let why):
            return [.tracked(duty, .peerRefused(PeerIndex(message.message.source), "proposes \(why)"))]
        case .open:
            let begin = configuration.clock.begin(of: duty)
            guard fetcher.isExpecting(duty) || now < begin else { return receiveUnjudged(message, now) }
            let isPatient = dutyDB.comparesWithOwn(duty)
            guard
                heldProposals.hold(
                    message, slotDuration: configuration.clock.slotDuration, from: max(now, begin),
                    isPatient: isPatient, &consensus.held)
            else {
                // Consensus has no room for it either. Nothing passes unjudged for being large.
                let why = "proposes more than there is room for"
                return [.tracked(duty, .peerRefused(PeerIndex(message.message.source), why))]
            }
            return []
        }
    }

    private func judge(_ value: ConsensusValue, of duty: Duty, round: Int64) -> DutyDB.Verdict {
        switch value {
        case .duties(let set):
            let verdict = judge(set, of: duty, round: round)
            // Our own beacon node makes a block only where it says that there is one to make.
            guard scheduler.definitions(of: duty)?.isEmpty == false else { return verdict }
            return verdict.and(payees.judge(set, of: duty, round: round))
        case .priorities(let result): return infoSync.fault(in: result, of: duty).map { .bad($0) } ?? .good
        }
    }

    /// By the rules that hold for everybody's proposals, ours included.
    func judge(_ set: UnsignedDataSet, of duty: Duty, round: Int64) -> DutyDB.Verdict {
        let proposer = duty.type == .proposer ? set.keys.min() : nil
        return dutyDB.judge(
            set, of: duty, round: round, definitions: scheduler.definitions(of: duty),
            reveal: proposer.flatMap { aggSigDB.randaoReveal(duty.slot, $0) })
    }

    /// Our own beacon node has not told in time what it thinks of a proposal. It passes all the same, because a node whose
    /// beacon node is silent must not hold up the others, unless the operator wants no vote without comparison.
    mutating func receiveUnjudged(_ message: ConsensusMessage, _ now: Instant) -> [Signal] {
        guard dutyDB.comparesWithOwn(message.duty) else { return consensus.receive(message, at: now) }
        let why = "proposes attestations that cannot be compared with those of our own beacon node, which is silent"
        return [.tracked(message.duty, .peerRefused(PeerIndex(message.message.source), why))]
    }

    /// Our beacon node has answered, or will not: the proposals that waited for it are judged once more.
    mutating func release(_ duty: Duty, _ now: Instant) -> [Signal] {
        heldProposals.take(duty, &consensus.held).flatMap { fromPeer($0, now) }
    }
}
