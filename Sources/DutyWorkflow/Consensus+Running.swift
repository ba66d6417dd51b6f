import Ethereum
import QBFT
import SSZ

/// What an instance wants done: votes made durable and sent, timers, the decision handed on.
extension Consensus {
    /// Feeds one event and everything that follows from our own messages, which count as received.
    mutating func drive(_ duty: Duty, _ run: inout Running, _ event: QBFT.Instance.Event, at now: Instant) -> [Signal] {
        guard !run.isStopped else { return [] }
        var events = [event]
        var signals: [Signal] = []
        while !events.isEmpty {
            let next = events.removeFirst()
            let isLacking = Self.mayEndWait(next) && run.instance.lacksRoundChanges
            for effect in run.instance.receive(next) {
                switch effect {
                case .broadcast(let message, let prepared):
                    let sealed = seal(duty, message)
                    guard let vote = vote(duty, sealed, prepared: prepared, &run) else { return signals + stop(&run) }
                    signals += vote
                    events.append(.message(sealed))
                case .answer(let message, let asker):
                    // Not recorded, but held back like a vote: among the COMMITs it shows may be ours.
                    guard let answer = complete(duty, seal(duty, message), run) else { continue }
                    signals.append(.perform(.sendConsensusTo(PeerIndex(asker), answer)))
                case .rebroadcast(let message):
                    guard let again = complete(duty, message, run) else { return signals + stop(&run) }
                    signals.append(.perform(.sendConsensus(again)))
                    events.append(.message(message))
                case .startTimer(let round):
                    let start = dutyStart(duty)
                    run.timeout = (start + run.timer.deadline(round: round, elapsed: now - start), round)
                case .stopTimer:
                    run.timeout = nil
                case .roundChanged(let from, let to, let rule):
                    if isLacking { run.lackedRoundChanges = true }
                    signals.append(.tracked(duty, .roundChanged(from: from, to: to, "\(rule)")))
                case .decided(let value, let round, let leader, _):
                    signals += decide(duty, &run, value: value, round: round, leader: leader, at: now)
                case .equivocated(let source, let first, let second):
                    let what = "\(first.kind) of round \(first.round) for \(first.value) and \(second.value)"
                    signals.append(.tracked(duty, .equivocatedVote(PeerIndex(source), what)))
                case .refused(let message, let reason):
                    signals.append(.tracked(duty, .peerRefused(PeerIndex(message.source), "\(reason)")))
                case .inputRefused:
                    signals.append(.tracked(duty, .consensusFault("own value has no hash")))
                }
            }
        }
        return signals
    }

    /// What takes a node out of a round that few others were in. Other nodes' proposals and ROUND_CHANGEs take it to
    /// where they are, and a quorum of COMMITs is of the round that it is in.
    private static func mayEndWait(_ event: QBFT.Instance.Event) -> Bool {
        switch event {
        case .timerFired: true
        case .message(let message): message.kind == .decided
        case .start, .input: false
        }
    }

    /// Our message: on disk first, then to the peers. nil when it names a value we do not have: every receiver would
    /// refuse it.
    private func vote(
        _ duty: Duty, _ message: QBFT.Message, prepared: [QBFT.Message], _ run: inout Running
    ) -> [Signal]? {
        guard let complete = complete(duty, message, run) else { return nil }
        run.ownVotes.append(message.bare)
        let fresh = complete.values.filter { !run.journaled.contains($0.key) }
        run.journaled.formUnion(fresh.keys)
        return [
            .perform(.persist(.vote(duty, message.record(prepared: prepared), values: fresh))),
            .perform(.sendConsensus(complete)),
        ]
    }

    /// With the values behind all its hashes; nil when one is missing.
    private func complete(_ duty: Duty, _ message: QBFT.Message, _ run: Running) -> ConsensusMessage? {
        var values: [Root: ConsensusValue] = [:]
        for hash in hashes(in: message) {
            guard let value = run.values[hash] else { return nil }
            values[hash] = value
        }
        return ConsensusMessage(duty: duty, message: message, values: values)
    }

    /// Every value the message names, some more than once.
    private func hashes(in message: QBFT.Message) -> [Root] {
        var hashes: [Root] = []
        func add(_ hash: Root) { if hash != .zero, hash != hashes.last { hashes.append(hash) } }
        add(message.value)
        add(message.preparedValue)
        for vote in message.justification {
            add(vote.value)
            add(vote.preparedValue)
        }
        return hashes
    }

    /// An instance whose vote cannot be made must not go on as if it had been.
    private func stop(_ run: inout Running) -> [Signal] {
        run.isStopped = true
        run.timeout = nil
        return []
    }

    private mutating func decide(
        _ duty: Duty, _ run: inout Running, value: Root, round: Int64, leader: Int, at now: Instant
    ) -> [Signal] {
        run.timeout = nil
        run.isDecided = true
        guard let decided = run.values[value] else {
            return [.tracked(duty, .consensusFault("decided value is unknown"))]
        }
        run.values.keepOnly(value, &held)
        let lacked: [Signal] = run.lackedRoundChanges ? [.tracked(duty, .roundChangesLacked(isDecided: true))] : []
        return [
            .tracked(duty, .decided(round: round, leader: PeerIndex(leader), after: now - run.startedAt))
        ] + lacked + [Self.signal(duty, decided)]
    }

    private static func signal(_ duty: Duty, _ decided: ConsensusValue) -> Signal {
        switch decided {
        case .duties(let set): .decided(duty, set)
        case .priorities(let result): .prioritiesDecided(duty, result)
        }
    }
}
