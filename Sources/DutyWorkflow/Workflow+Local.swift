import Ethereum
import SSZ

/// What this operator signs, and wants.
extension Workflow {
    /// Our own shares: only over what was decided, and never two different ones. Each validator for itself: what is
    /// wrong with one holds up no other, and each has its own verdict.
    mutating func local(_ all: [LocalPartials], _ ticket: Ticket?, _ now: Instant) -> [Signal] {
        var signals: [Signal] = []
        var verdicts: [LocalVerdict] = []
        for partials in all {
            var good: ParSignedDataSet = [:]
            var verdict = LocalVerdict(partials.duty)
            var first: String?
            for (key, partial) in partials.set.sorted(by: { $0.key < $1.key }) {
                if let reason = refusalOfLocal(partials.duty, key, partial, now) {
                    verdict.refusals[key] = reason
                    first = first ?? reason
                } else {
                    good[key] = partial
                    if let record = dutyDB.raise(key.pubKey, partial.data) {
                        signals.append(.perform(.persist(record)))
                    }
                }
            }
            if !good.isEmpty {
                deadlines.add(partials.duty)
                signals.append(.signedLocally(partials.duty, good))
                signals += askAgain(partials.duty, good.keys.sorted())
            }
            if let first { signals.append(.tracked(partials.duty, .signFailed(first))) }
            verdicts.append(verdict)
        }
        guard let ticket else { return signals }
        return signals + [.perform(.answer(ticket, .submitted(verdicts)))]
    }

    private func refusalOfLocal(_ duty: Duty, _ key: EntryKey, _ partial: ParSignedData, _ now: Instant) -> String? {
        if let halted { return halted.refusal }
        if let refusal = slashed.refusal(key.pubKey) { return refusal }
        if isOver(duty, now) { return "duty \(duty) is over" }
        if let refusal = plannedSwitch.refusal(of: duty) { return refusal }
        guard partial.shareIndex == configuration.shareIndex else {
            return "share \(partial.shareIndex) is not this operator's, which is \(configuration.shareIndex)"
        }
        if let refusal = dutyDB.refusalOfLocal(duty, key, partial) { return refusal }
        // Peers whose beacon nodes say the same would not take it, and the caller would wait in vain. Reveals are let
        // through: should the beacon node's word be old, a block is worth more than a wait.
        if duty.type.rules.selects != nil, scheduler.isUndue(duty, key.pubKey) {
            return "validator \(key.pubKey) has no such duty in slot \(duty.slot.rawValue), says the beacon node: ask "
                + "for its duties again"
        }
        guard !parSigDB.contradictsOwn(duty, key, partial) else {
            return "another message was signed for duty \(duty) before"
        }
        return nil
    }

    mutating func pay(_ addresses: [PubKey: Bytes20]) -> [Signal] {
        configuration.proposals.feeRecipients = addresses
        fetcher.pay(addresses)
        payees.replace(addresses)
        return []
    }

    /// Of blocks that are not asked for yet.
    mutating func write(_ texts: [PubKey: Bytes32]) -> [Signal] {
        configuration.proposals.graffiti = texts
        fetcher.write(texts)
        return []
    }
}
