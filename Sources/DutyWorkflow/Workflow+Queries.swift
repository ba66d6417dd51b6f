import Ethereum

/// What callers outside ask, and wait for.
extension Workflow {
    /// Callers wait until their duty is over, at the longest.
    mutating func answer(_ ticket: Ticket, _ query: Query, _ now: Instant) -> [Signal] {
        switch query {
        case .attesters(let positions):
            [.perform(.answer(ticket, .attesters(positions.map { dutyDB.attester(at: $0) })))]
        case .aggregators(let rows):
            [.perform(.answer(ticket, .aggregators(rows.map { fetchPlanner.isAggregator($0) })))]
        case .definitions(let duty): [.perform(.answer(ticket, .definitions(scheduler.definitions(of: duty))))]
        case .exits(let epoch): [.perform(.answer(ticket, .exits(exits(in: epoch))))]
        case .slashingHistory(let validators):
            [.perform(.answer(ticket, .slashingHistory(dutyDB.history(of: validators))))]
        case .decided(let selector): wait(ticket, for: selector.duty, now) { $0.wait(ticket, for: selector) }
        case .signed(let duty, let key): wait(ticket, for: duty, now) { $0.aggSigDB.query(ticket, duty, key) }
        }
    }

    mutating func wait(
        _ ticket: Ticket, for duty: Duty, _ now: Instant, _ then: (inout Workflow) -> [Signal]
    ) -> [Signal] {
        guard !isOver(duty, now) else { return [.perform(.answer(ticket, .absent("duty \(duty) is over")))] }
        if let refusal = plannedSwitch.refusal(of: duty) { return [.perform(.answer(ticket, .refused(refusal)))] }
        guard configuration.deadlines.isForeseeable(duty, at: now) else {
            return [.perform(.answer(ticket, .absent("slot \(duty.slot.rawValue) is too far ahead")))]
        }
        if scheduler.definitions(of: duty)?.isEmpty == true {
            return [.perform(.answer(ticket, .absent("no validator of the cluster has duty \(duty)")))]
        }
        deadlines.add(duty)
        return then(&self)
    }

    private mutating func wait(_ ticket: Ticket, for selector: ValueSelector) -> [Signal] {
        let absence = fetchPlanner.absence(of: selector, scheduler.definitions(of: selector.duty))
        return dutyDB.query(ticket, selector, absence: absence)
    }

    /// The cluster has signed something that tells who is selected: whoever waits for what nobody will make learns so.
    mutating func dismiss(_ signed: Duty) -> [Signal] {
        guard let duty = signed.selected else { return [] }
        let (planner, definitions) = (fetchPlanner, scheduler.definitions(of: duty))
        return dutyDB.dismiss { $0.duty == duty ? planner.absence(of: $0, definitions) : nil }
    }

    /// What must not be contradicted from now on.
    mutating func heed(_ history: SlashingHistory, _ ticket: Ticket) -> [Signal] {
        dutyDB.heed(history).map { .perform(.persist($0)) } + [.perform(.answer(ticket, .recorded))]
    }

    /// The cluster signed it, whether or not our share is in it: nothing of ours may contradict it.
    mutating func heed(_ signed: SignedDataSet) -> [Signal] {
        signed.sorted { $0.key < $1.key }.compactMap { key, data in
            dutyDB.raise(key.pubKey, data).map { .perform(.persist($0)) }
        }
    }

    mutating func cancel(_ ticket: Ticket) -> [Signal] {
        dutyDB.cancel(ticket)
        infoSync.cancel(ticket)
        aggSigDB.cancel(ticket)
        return []
    }
}
