import Ethereum
import QBFT
import SSZ

/// The whole duty pipeline of one node as one value: an event in, the work to do out.
///
/// Start reading at `route`. Time is an argument, nothing here waits, logs or fails; what must be durable comes out
/// as `.persist` before what depends on it.
package struct Workflow: Sendable {
    package internal(set) var configuration: WorkflowConfiguration
    var scheduler: Scheduler
    var fetcher: Fetcher
    var consensus: Consensus
    var dutyDB: DutyDB
    var parSigDB: ParSigDB
    private var sigAgg: SigAgg
    var aggSigDB = AggSigDB()
    var broadcaster: Broadcaster
    var infoSync: InfoSync
    var tracker: Tracker
    var inclusion: InclusionChecker
    var deadlines: DeadlineQueue
    var heldProposals = HeldProposals()
    var payees: Payees
    var catchUp: CatchUp
    var registrar: Registrar
    var plannedSwitch: PlannedSwitch
    /// Why this node votes and signs no more.
    var halted: Halt?
    /// For whom alone it signs no more.
    var slashed = SlashedValidators()

    /// - Parameters:
    ///   - sealPriorities: signs what we prefer, `seal` our consensus messages; both deterministic.
    package init(
        configuration: WorkflowConfiguration,
        sealPriorities: @escaping @Sendable (PriorityMessage) -> PriorityMessage = { $0 },
        seal: @escaping @Sendable (Duty, QBFT.Message) -> QBFT.Message
    ) {
        self.configuration = configuration
        scheduler = Scheduler(configuration: configuration)
        fetcher = Fetcher(configuration: configuration)
        consensus = Consensus(configuration: configuration, seal: seal)
        dutyDB = DutyDB(configuration: configuration)
        parSigDB = ParSigDB(configuration: configuration)
        sigAgg = SigAgg(configuration: configuration)
        broadcaster = Broadcaster(configuration: configuration)
        infoSync = InfoSync(configuration: configuration, seal: sealPriorities)
        tracker = Tracker(configuration: configuration)
        inclusion = InclusionChecker(clock: configuration.clock)
        deadlines = DeadlineQueue(deadlines: configuration.deadlines)
        payees = Payees(configuration: configuration)
        catchUp = CatchUp(configuration: configuration)
        registrar = Registrar(configuration: configuration)
        plannedSwitch = PlannedSwitch(configuration: configuration, seal: sealPriorities)
    }

    /// About what peers make this node hold, in bytes.
    package var heldBytes: Int {
        consensus.heldBytes + parSigDB.heldBytes + heldProposals.heldBytes + tracker.heldBytes + infoSync.heldBytes
    }

    // MARK: The wiring diagram

    /// One line per arrow of ARCHITECTURE.md. No `default`: an unwired arrow must not compile.
    private mutating func route(_ signal: Signal, at now: Instant) -> [Signal] {
        switch signal {
        case .dutyStarted(let duty, let definitions):
            track(duty, .started(Set(definitions.keys)), now) + begin(duty, definitions, now)
        case .fetched(let duty, let set): propose(duty, set, now)
        case .decided(let duty, let set): decided(duty, set)
        case .prioritised(let duty, let result): consensus.propose(duty, .priorities(result), at: now)
        case .prioritiesDecided(let duty, let result): decidedPriorities(duty, result)
        case .stored(let duty, let set):
            track(duty, .stored(Set(set.keys)), now) + sign(duty, set) + resume(duty.slot, now)
        case .signable(let duty, let objects): sign(duty, objects)
        case .signedLocally(let duty, let set): parSigDB.storeInternal(duty, set)
        case .signedByPeer(let duty, let set):
            parSigDB.storeExternal(
                duty, set, due: scheduler.definitions(of: duty).map { Set($0.keys) }, decided: dutyDB.decided(duty),
                at: now) + cosign(duty, set, now)
        case .thresholdReached(let duty, let groups): sigAgg.combine(duty, groups)
        case .badShares(let duty, let key, let shares): parSigDB.discard(duty, key, shares)
        case .aggregated(let duty, let set): publish(duty, set, now)
        case .broadcasted(let duty, let keys): track(duty, .broadcasted(keys.pubKeys), now)
        case .expired(let duty): expire(duty, now)
        case .twinSeen(let duty, let what): halt(duty, what)
        case .tracked(let duty, let step): track(duty, step, now)
        case .perform: []
        }
    }

    // MARK: Events

    /// - Parameter now: never used to order anything; a clock that steps back only delays.
    package mutating func receive(_ event: Event, at now: Instant) -> [Effect] {
        let effects = settle(signals(for: event, now), now)
        return effects + settle(makeRoom(now), now)
    }

    /// When `.wake` is wanted next.
    package func nextWake(after now: Instant) -> Instant {
        [
            fetcher.nextWake(after: now), consensus.nextWake, broadcaster.nextWake, deadlines.next,
            heldProposals.nextWake, infoSync.nextWake, catchUp.nextWake, registrar.nextWake, plannedSwitch.nextWake,
        ]
        .compactMap { $0 }.reduce(scheduler.nextWake(after: now)) { min($0, $1) }
    }

    /// Takes up what an earlier life left behind. Call once, before any event.
    package mutating func restore(_ snapshot: JournalSnapshot, at now: Instant) -> [Effect] {
        deadlines.close(snapshot.closed.sorted())
        dutyDB.restore(snapshot)
        aggSigDB.restore(snapshot)
        slashed = SlashedValidators(snapshot.slashed)
        plannedSwitch.restore(snapshot.plannedSwitch)
        let shares = parSigDB.restore(snapshot.partials)
        var signals = slashed.reminders + plannedSwitch.reminders + withoutBarred(shares)
        if let halt = snapshot.halt { signals = stayHalted(halt, signals) }
        let partialDuties = Set(snapshot.partials.map(\.duty))
        let duties = Set(snapshot.unsigned.keys).union(snapshot.votes.keys).union(snapshot.aggregated.keys)
            .union(partialDuties)
        // Sorted: dictionary order differs between processes, replays must not.
        for duty in duties.sorted() { deadlines.add(duty) }
        for duty in snapshot.votes.keys.sorted() where snapshot.unsigned[duty] == nil {
            signals += consensus.restore(
                duty, votes: snapshot.votes[duty] ?? [], values: snapshot.voteValues[duty] ?? [:], at: now)
        }
        for duty in snapshot.unsigned.keys.sorted() { consensus.restoreDecided(duty) }
        for (duty, set) in snapshot.unsigned.sorted(by: { $0.key < $1.key }) {
            // Signing again over the same value gives the same share.
            signals += sign(duty, set)
        }
        broadcaster.restore(snapshot.broadcast)
        for (duty, set) in snapshot.aggregated.sorted(by: { $0.key < $1.key }) {
            let open = set.filter { !(snapshot.broadcast[duty] ?? []).contains($0.key) }
            signals += broadcaster.broadcast(duty, open)
        }
        return settle(signals, now)
    }

    private mutating func signals(for event: Event, _ now: Instant) -> [Signal] {
        switch event {
        case .wake: wake(now)
        case .dutiesResolved(let epoch, let kind, let rows): resolved(epoch, kind, rows, now)
        case .dutiesUnavailable(let epoch, let kind, let reason): unavailable(epoch, kind, reason, now)
        case .dutiesIncomplete(let epoch, let kind, let without): scheduler.incomplete(epoch, kind, without, at: now)
        case .dutiesChanged(let epochs): scheduler.changed(epochs, at: now)
        case .forksChanged(let forks): follow(forks)
        case .fetched(let duty, let data): received(duty, data, now)
        case .fetchFailed(let duty, let failure): fetcher.failed(duty, failure, now) + release(duty, now)
        case .consensusMessage(let message): admitted(message.duty, now) { $0.fromPeer(message, now) }
        case .peerConnected(let peer): connected(peer, now)
        case .peerPriorities(let peer, let message, let ticket): fromPeer(peer, message, ticket, now)
        case .peerPartials(let duty, let set): admitted(duty, now) { $0.fromPeer(duty, set, now) }
        case .verified(let share, let isGood): verified(share, isGood, now)
        case .localPartials(let all, let ticket): local(all, ticket, now)
        case .signFailed(let duty, let reason): [.tracked(duty, .signFailed(reason))]
        case .shared(let duty, let keys): [.perform(.note(.partialStatus(duty, keys, .broadcasted)))]
        case .recovered(let duty, let results): recovered(duty, results)
        case .broadcastSucceeded(let duty, let keys): broadcaster.succeeded(duty, keys)
        case .broadcastFailed(let duty, let set, let failure): broadcaster.failed(duty, set, failure, at: now)
        case .blockSeen(let slot, let answer): found(inclusion.answered(slot, answer))
        case .feeRecipients(let addresses): pay(addresses)
        case .graffiti(let texts): write(texts)
        case .registrationsWanted(let wanted): want(wanted, now)
        case .signedElsewhere(let history, let ticket): heed(history, ticket)
        case .slashingProven(let pubKey, let seen): stop(pubKey, Slashing(.proven, seen: seen))
        case .slashingsTold(let answer): learn(answer)
        case .validatorsAlive(let epoch, let pubKeys): judgeAlive(epoch, pubKeys)
        case .planSwitch(let wanted, let ticket): plan(wanted, ticket, now)
        case .dropSwitch(let ticket): dropSwitch(ticket)
        case .query(let ticket, let query): answer(ticket, query, now)
        case .cancel(let ticket): cancel(ticket)
        }
    }

    // MARK: Private parts, in call order

    /// Follows every signal until only outside work is left. Whatever a signal leads to comes before what its sender
    /// put behind it: an answer that a component gives after handing something on is given after that is recorded.
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
                guard !deadlines.isOver(duty), plannedSwitch.refusal(of: duty) == nil else { continue }
                deadlines.add(duty)
            }
            stack += route(signal, at: now).reversed()
        }
        return plannedSwitch.recording(effects)
    }

    private mutating func wake(_ now: Instant) -> [Signal] {
        let due = heldProposals.due(at: now, &consensus.held)
        let search = inclusion.wake(at: now)
        let sources = sources
        let first: [Signal] =
            tracker.wake(at: now).map { .perform(.report($0)) } + found(search.given)
            + search.wanted.map { .perform(.checkInclusion($0)) } + deadlines.expired(at: now).map { .expired($0) }
            + scheduler.wake(at: now) + fetcher.wake(from: sources, at: now)
            + due.flatMap { receiveUnjudged($0, now) } + consensus.wake(at: now) + broadcaster.wake(at: now)
        return first + plannedSwitch.wake(at: now) + wakeInfoSync(now) + remind(now) + catchUpPeers(now)
            + wakeRegistrar(now)
    }

    /// What is decided, signed or begun stays as it is; everything after it is judged by the new schedule.
    private mutating func follow(_ forks: ForkSchedule) -> [Signal] {
        configuration.forks = forks
        fetcher.follow(forks)
        dutyDB.follow(forks)
        sigAgg.follow(forks)
        // Peers may have been right all along.
        parSigDB.forgive()
        return []
    }

    /// Peers' messages: plausible and not over.
    private mutating func admitted(_ duty: Duty, _ now: Instant, _ then: (inout Workflow) -> [Signal]) -> [Signal] {
        guard configuration.deadlines.admits(duty, at: now), !isOver(duty, now), plannedSwitch.refusal(of: duty) == nil
        else { return [] }
        // One that never ends is noted once something of it was kept.
        if duty.type.rules.span != .endless { deadlines.add(duty) }
        return then(&self)
    }

    private mutating func propose(_ duty: Duty, _ set: UnsignedDataSet, _ now: Instant) -> [Signal] {
        dutyDB.learn(duty, set)
        if case .bad(let why) = judge(set, of: duty, round: 1) {
            // The next answer may be better, most of all another node's.
            return fetcher.failed(duty, Failure(reason: why, isTemporary: true), now) + release(duty, now)
        }
        fetcher.accepted(duty, at: now)
        let told = payees.learn(duty, set)
        return told + consensus.propose(duty, .duties(set), at: now) + release(duty, now)
    }

    private mutating func decided(_ duty: Duty, _ set: UnsignedDataSet) -> [Signal] {
        // Nothing is fetched for what is decided.
        fetcher.drop(duty)
        _ = heldProposals.take(duty, &consensus.held)
        return dutyDB.store(duty, set, definitions: scheduler.definitions(of: duty))
    }

    func isOver(_ duty: Duty, _ now: Instant) -> Bool {
        deadlines.isOver(duty) || configuration.deadlines.isExpired(duty, at: now)
    }

    /// A share is worth something only in the duty it was made for and in the form that nodes exchange: else old shares
    /// of honest operators, sent again under the name of a later duty, would take the place of the ones to come.
    private mutating func fromPeer(_ duty: Duty, _ set: ParSignedDataSet, _ now: Instant) -> [Signal] {
        let isOwn = set.values.allSatisfy { $0.shareIndex == configuration.shareIndex }
        guard !isOwn || duty.type.rules.provesTwin && duty.slot >= configuration.knowsFrom else { return [] }
        let decided = dutyDB.decided(duty)
        let ruling = configuration.forks.fork(at: configuration.clock.epoch(of: duty.slot))
        var fitting = set
        var faults: [Signal] = []
        for key in set.keys.sorted() {
            guard let partial = set[key],
                // What is decided keeps its fork when the chain's forks move.
                let fault = partial.data.fault(
                    in: duty, clock: configuration.clock, fork: decided[key.pubKey]?.fork ?? ruling)
                    ?? (partial.data.subcommittee == key.subcommittee ? nil : "for another subcommittee")
            else { continue }
            fitting[key] = nil
            faults.append(.tracked(duty, .malformedShare(key.pubKey, partial.shareIndex, fault)))
        }
        if isOwn { return parSigDB.examineOwn(duty, fitting, at: now) }
        // One line is enough of a set without any good one.
        return (fitting.isEmpty ? Array(faults.prefix(1)) : faults)
            + (fitting.isEmpty ? [] : [.signedByPeer(duty, fitting)])
    }

    /// What was good too late is dropped: nobody would clear it away.
    private mutating func verified(_ share: ShareIndex, _ isGood: Bool, _ now: Instant) -> [Signal] {
        let (over, decided) = (deadlines, dutyDB)
        return parSigDB.verified(
            share, isGood, isOver: { over.isOver($0) }, decided: { decided.decided($0) }, at: now)
    }

    private mutating func unavailable(
        _ epoch: Epoch, _ kind: DutyKind, _ reason: String, _ now: Instant
    ) -> [Signal] {
        scheduler.unavailable(epoch, kind, at: now)
        return [.perform(.report(.dutiesUnavailable(epoch, reason)))]
    }

    private mutating func recovered(_ duty: Duty, _ results: [EntryKey: Recovery]) -> [Signal] {
        // What the cluster decided, else what our beacon node said.
        let (decided, own) = (dutyDB, scheduler.definitions(of: duty) ?? [:])
        return sigAgg.recovered(duty, results) {
            decided.definition(duty, $0) ?? own[$0]
        } decided: {
            decided.decided(duty)[$0]
        }
    }

    private mutating func publish(_ duty: Duty, _ set: SignedDataSet, _ now: Instant) -> [Signal] {
        let (new, signals) = aggSigDB.store(duty, set)
        return heed(new) + signals + track(duty, .aggregated(new.keys.pubKeys), now) + lookFor(duty, new, now)
            + broadcaster.broadcast(duty, new) + signLate(duty, new) + resume(duty.slot, now) + dismiss(duty)
    }

    /// Late news of a duty that is over are dropped: nobody would clear them away.
    mutating func track(_ duty: Duty, _ step: TrackedStep, _ now: Instant) -> [Signal] {
        guard !deadlines.isOver(duty) else { return [] }
        deadlines.add(duty)
        return tracker.record(duty, step, at: now).map { .perform(.report($0)) }
    }

    private mutating func expire(_ duty: Duty, _ now: Instant) -> [Signal] {
        var signals: [Signal] = []
        for step in consensus.expire(duty) {
            signals += tracker.record(duty, step, at: now).map { .perform(.report($0)) }
        }
        signals += clear(duty)
        let due = duty.type.rules.definedBy.flatMap { scheduler.definitions(of: Duty(slot: duty.slot, type: $0)) }
        return signals + tracker.expire(duty, due: due.map { Set($0.keys) }, at: now).map { .perform(.report($0)) } + [
            .perform(.note(.expired(duty)))
        ]
    }

    /// Of duties without a deadline some go when there are too many. What this node signed for is closed, for it must
    /// not sign something else there; what it did not is forgotten, so that it may sign it yet.
    private mutating func makeRoom(_ now: Instant) -> [Signal] {
        var signals: [Signal] = []
        while let duty = deadlines.surplus(parSigDB.supporters, own: configuration.shareIndex) {
            let supporters = parSigDB.supporters[duty]
            if supporters?.contains(configuration.shareIndex) == true {
                deadlines.close(duty)
                signals += expire(duty, now)
            } else {
                deadlines.forget(duty)
                tracker.forget(duty)
                signals += clear(duty) + (supporters == nil ? [] : [.perform(.note(.forgotten(duty)))])
            }
        }
        return signals
    }

    private mutating func clear(_ duty: Duty) -> [Signal] {
        fetcher.drop(duty)
        _ = heldProposals.take(duty, &consensus.held)
        var signals = dutyDB.expire(duty) + infoSync.expire(duty)
        parSigDB.expire(duty)
        payees.expire(duty)
        sigAgg.expire(duty)
        signals += aggSigDB.expire(duty)
        broadcaster.expire(duty)
        return signals
    }
}
