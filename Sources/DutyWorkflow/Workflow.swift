import Ethereum
import QBFT
import SSZ

/// The whole duty pipeline of one node as one value: an event in, the work to do out.
///
/// Start reading at `route`. Time is an argument, nothing here waits, logs or fails; what must be durable comes out
/// as `.persist` before what depends on it.
package struct Workflow: Sendable {
    package let configuration: WorkflowConfiguration
    private var scheduler: Scheduler
    private var fetcher: Fetcher
    private var consensus: Consensus
    private var dutyDB: DutyDB
    private var parSigDB: ParSigDB
    private var sigAgg: SigAgg
    private var aggSigDB = AggSigDB()
    private var broadcaster: Broadcaster
    private var tracker: Tracker
    private var deadlines: DeadlineQueue

    /// - Parameter seal: signs our consensus messages; deterministic.
    package init(
        configuration: WorkflowConfiguration, seal: @escaping @Sendable (Duty, QBFT.Message) -> QBFT.Message
    ) {
        self.configuration = configuration
        scheduler = Scheduler(configuration: configuration)
        fetcher = Fetcher(configuration: configuration)
        consensus = Consensus(configuration: configuration, seal: seal)
        dutyDB = DutyDB(configuration: configuration)
        parSigDB = ParSigDB(configuration: configuration)
        sigAgg = SigAgg(configuration: configuration)
        broadcaster = Broadcaster(configuration: configuration)
        tracker = Tracker(configuration: configuration)
        deadlines = DeadlineQueue(deadlines: configuration.deadlines)
    }

    // MARK: The wiring diagram

    /// One line per arrow of ARCHITECTURE.md. No `default`: an unwired arrow must not compile.
    private mutating func route(_ signal: Signal, at now: Instant) -> [Signal] {
        switch signal {
        case .dutyStarted(let duty, let definitions):
            track(duty, .started(Set(definitions.keys)), now) + fetcher.fetch(duty, definitions)
                + consensus.participate(duty, at: now)
        case .fetched(let duty, let set): propose(duty, set, now)
        case .decided(let duty, let set): dutyDB.store(duty, set)
        case .stored(let duty, let set):
            track(duty, .stored(Set(set.keys)), now) + (configuration.signs ? [.perform(.sign(duty, set))] : [])
        case .signedLocally(let duty, let set): parSigDB.storeInternal(duty, set)
        case .signedByPeer(let duty, let set): parSigDB.storeExternal(duty, set)
        case .thresholdReached(let duty, let groups): sigAgg.combine(duty, groups)
        case .aggregated(let duty, let set): publish(duty, set, now)
        case .broadcasted(let duty, let pubKeys): track(duty, .broadcasted(Set(pubKeys)), now)
        case .expired(let duty): expire(duty, now)
        case .twinSeen(let duty, let what): track(duty, .ownKeyElsewhere(what), now)
        case .tracked(let duty, let step): track(duty, step, now)
        case .perform: []
        }
    }

    // MARK: Events

    /// - Parameter now: never used to order anything; a clock that steps back only delays.
    package mutating func receive(_ event: Event, at now: Instant) -> [Effect] { settle(signals(for: event, now), now) }

    /// When `.wake` is wanted next.
    package func nextWake(after now: Instant) -> Instant {
        [fetcher.nextWake, consensus.nextWake, broadcaster.nextWake, deadlines.next].compactMap { $0 }
            .reduce(scheduler.nextWake(after: now)) { min($0, $1) }
    }

    /// Takes up what an earlier life left behind. Call once, before any event.
    package mutating func restore(_ snapshot: JournalSnapshot, at now: Instant) -> [Effect] {
        dutyDB.restore(snapshot)
        aggSigDB.restore(snapshot)
        var signals = parSigDB.restore(snapshot.partials)
        let partialDuties = Set(snapshot.partials.map(\.duty))
        let duties = Set(snapshot.unsigned.keys).union(snapshot.votes.keys).union(snapshot.aggregated.keys)
            .union(partialDuties)
        for duty in duties { deadlines.add(duty) }
        for duty in snapshot.votes.keys.sorted() where snapshot.unsigned[duty] == nil {
            signals += consensus.restore(
                duty, votes: snapshot.votes[duty] ?? [], values: snapshot.voteValues[duty] ?? [:], at: now)
        }
        for duty in snapshot.unsigned.keys.sorted() { consensus.restoreDecided(duty) }
        for (duty, set) in snapshot.unsigned.sorted(by: { $0.key < $1.key }) where configuration.signs {
            // Signing again over the same value gives the same share.
            signals.append(.perform(.sign(duty, set)))
        }
        for (duty, set) in snapshot.aggregated.sorted(by: { $0.key < $1.key }) {
            let open = set.filter { !(snapshot.broadcast[duty] ?? []).contains($0.key) }
            signals += broadcaster.broadcast(duty, open)
        }
        return settle(signals, now)
    }

    private mutating func signals(for event: Event, _ now: Instant) -> [Signal] {
        switch event {
        case .wake:
            deadlines.expired(at: now).map { .expired($0) } + scheduler.wake(at: now) + fetcher.wake(at: now)
                + consensus.wake(at: now) + broadcaster.wake(at: now)
        case .dutiesResolved(let epoch, let rows): scheduler.resolved(epoch, rows, at: now)
        case .dutiesUnavailable(let epoch, let reason):
            unavailable(epoch, reason, now)
        case .attestationData(let duty, let data): fetcher.received(duty, data, at: now)
        case .fetchFailed(let duty, let failure): fetcher.failed(duty, failure, now)
        case .consensusMessage(let message): admitted(message.duty, now) { $0.fromPeer(message, now) }
        case .peerPartials(let duty, let set): admitted(duty, now) { $0.fromPeer(duty, set) }
        case .localPartials(let duty, let set, let ticket): local(duty, set, ticket, now)
        case .signFailed(let duty, let reason): [.tracked(duty, .signFailed(reason))]
        case .shared(let duty, let pubKeys): [.perform(.note(.partialStatus(duty, pubKeys, .broadcasted)))]
        case .recovered(let duty, let results): recovered(duty, results)
        case .broadcastSucceeded(let duty, let pubKeys): broadcaster.succeeded(duty, pubKeys)
        case .broadcastFailed(let duty, let set, let failure): broadcaster.failed(duty, set, failure, at: now)
        case .query(let ticket, let query): answer(ticket, query, now)
        case .cancel(let ticket): cancel(ticket)
        }
    }

    // MARK: Private parts, in call order

    /// Follows every signal until only outside work is left. Whatever a signal leads to comes before what its sender
    /// put behind it: an answer that a component gives after handing something on is given after that is durable.
    private mutating func settle(_ first: [Signal], _ now: Instant) -> [Effect] {
        var effects: [Effect] = []
        // The next one last.
        var stack = Array(first.reversed())
        while let signal = stack.popLast() {
            if case .perform(let effect) = signal {
                effects.append(effect)
                continue
            }
            if case .dutyStarted(let duty, _) = signal {
                guard !deadlines.isOver(duty) else { continue }
                deadlines.add(duty)
            }
            stack += route(signal, at: now).reversed()
        }
        return effects
    }

    /// Peers' messages: plausible and not over.
    private mutating func admitted(_ duty: Duty, _ now: Instant, _ then: (inout Workflow) -> [Signal]) -> [Signal] {
        guard configuration.deadlines.admits(duty, at: now), !isOver(duty, now) else { return [] }
        deadlines.add(duty)
        return then(&self)
    }

    /// A proposal nobody may sign gets no vote of ours: the next round's leader may have a better one. Votes that
    /// others cast for it are heard, so that we follow a cluster that decides it all the same.
    private mutating func fromPeer(_ message: ConsensusMessage, _ now: Instant) -> [Signal] {
        if message.message.kind == .prePrepare, let set = message.values[message.message.value],
            let objection = dutyDB.objection(to: set, of: message.duty)
        {
            let leader = PeerIndex(message.message.source)
            return [.tracked(message.duty, .peerRefused(leader, "proposes \(objection.reason)"))]
        }
        return consensus.receive(message, at: now)
    }

    private mutating func propose(_ duty: Duty, _ set: UnsignedDataSet, _ now: Instant) -> [Signal] {
        if let objection = dutyDB.objection(to: set, of: duty) {
            return [.tracked(duty, .fetchFailed(objection.reason))]
        }
        return consensus.propose(duty, set, at: now)
    }

    private func isOver(_ duty: Duty, _ now: Instant) -> Bool {
        deadlines.isOver(duty) || configuration.deadlines.isExpired(duty, at: now)
    }

    /// A share is worth something only in the duty it was made for: else old shares of honest operators, sent again
    /// under the name of a later duty, would take the place of the ones to come.
    private func fromPeer(_ duty: Duty, _ set: ParSignedDataSet) -> [Signal] {
        let (fitting, foreign) = set.split { $0.value.data.belongs(to: duty) }
        let faults: [Signal] = foreign.sorted { $0.key < $1.key }.map { pubKey, partial in
            .tracked(duty, .foreignShare(pubKey, partial.shareIndex))
        }
        return faults + (fitting.isEmpty ? [] : [.signedByPeer(duty, fitting)])
    }

    private mutating func unavailable(_ epoch: Epoch, _ reason: String, _ now: Instant) -> [Signal] {
        scheduler.unavailable(epoch, at: now)
        return [.perform(.report(.dutiesUnavailable(epoch, reason)))]
    }

    /// Our own shares: only over what was decided, and never two different ones. Each validator for itself: what is
    /// wrong with one holds up no other.
    private mutating func local(_ duty: Duty, _ set: ParSignedDataSet, _ ticket: Ticket?, _ now: Instant) -> [Signal] {
        var good: ParSignedDataSet = [:]
        var refusal: String?
        for (pubKey, partial) in set.sorted(by: { $0.key < $1.key }) {
            if let reason = refusalOfLocal(duty, pubKey, partial, now) {
                refusal = refusal ?? reason
            } else {
                good[pubKey] = partial
            }
        }
        let answer = ticket.map { [Signal.perform(.answer($0, refusal.map { .refused($0) } ?? .submitted))] } ?? []
        return (good.isEmpty ? [] : [.signedLocally(duty, good)]) + answer
            + (refusal.map { [.tracked(duty, .signFailed($0))] } ?? [])
    }

    private func refusalOfLocal(_ duty: Duty, _ pubKey: PubKey, _ partial: ParSignedData, _ now: Instant) -> String? {
        if isOver(duty, now) { return "duty \(duty) is over" }
        guard partial.shareIndex == configuration.shareIndex else {
            return "share \(partial.shareIndex) is not this operator's, which is \(configuration.shareIndex)"
        }
        if let refusal = dutyDB.admitLocal(duty, pubKey, partial) { return refusal.reason }
        guard !parSigDB.contradictsOwn(duty, pubKey, partial) else {
            return "another message was signed for duty \(duty) before"
        }
        return nil
    }

    /// Callers wait until their duty is over, at the longest.
    private mutating func answer(_ ticket: Ticket, _ query: Query, _ now: Instant) -> [Signal] {
        if case .attestationData(let slot, _) = query {
            let duty = Duty.attester(slot: slot)
            guard !isOver(duty, now) else { return [.perform(.answer(ticket, .refused("duty \(duty) is over")))] }
            guard configuration.deadlines.admits(duty, at: now) else {
                return [.perform(.answer(ticket, .refused("slot \(slot.rawValue) is too far ahead")))]
            }
            deadlines.add(duty)
        }
        return dutyDB.query(ticket, query)
    }

    private mutating func recovered(_ duty: Duty, _ results: [PubKey: Recovery]) -> [Signal] {
        // What the cluster decided, else what our beacon node said.
        let (decided, own) = (dutyDB, scheduler.definition(of: duty) ?? [:])
        var (signals, bad) = sigAgg.recovered(duty, results) { decided.attesterDuty(duty, $0) ?? own[$0]?.attesterDuty }
        for (pubKey, shares) in bad { signals += parSigDB.discard(duty, pubKey, shares) }
        return signals
    }

    private mutating func publish(_ duty: Duty, _ set: SignedDataSet, _ now: Instant) -> [Signal] {
        let (new, signals) = aggSigDB.store(duty, set)
        return signals + track(duty, .aggregated(Set(new.keys)), now) + broadcaster.broadcast(duty, new)
    }

    private mutating func cancel(_ ticket: Ticket) -> [Signal] {
        dutyDB.cancel(ticket)
        return []
    }

    /// Late news of a duty that is over are dropped: nobody would clear them away.
    private mutating func track(_ duty: Duty, _ step: TrackedStep, _ now: Instant) -> [Signal] {
        guard !deadlines.isOver(duty) else { return [] }
        deadlines.add(duty)
        return tracker.record(duty, step, at: now).map { .perform(.report($0)) }
    }

    private mutating func expire(_ duty: Duty, _ now: Instant) -> [Signal] {
        fetcher.expire(duty)
        var signals: [Signal] = []
        if consensus.expire(duty) {
            signals += tracker.record(duty, .consensusTimedOut, at: now).map { .perform(.report($0)) }
        }
        signals += dutyDB.expire(duty)
        parSigDB.expire(duty)
        sigAgg.expire(duty)
        aggSigDB.expire(duty)
        broadcaster.expire(duty)
        return signals + tracker.expire(duty).map { .perform(.report($0)) } + [.perform(.note(.expired(duty)))]
    }
}

extension [PubKey: ParSignedData] {
    /// The entries that satisfy a condition, and the others.
    fileprivate func split(_ isIn: (Element) -> Bool) -> (in: Self, out: Self) {
        let inside = filter(isIn)
        return inside.count == count ? (self, [:]) : (inside, filter { !isIn($0) })
    }
}
