import DutyWorkflow
import Ethereum
import SSZ

/// What a node's shell does: talks to peers, beacon node and signer, each with its own delays and lies.
extension SimulatedCluster {
    mutating func perform(_ effect: Effect, _ node: Int) {
        switch effect {
        case .persist, .note: break
        case .resolveDuties(let epoch, let kinds): for kind in kinds.sorted() { resolve(epoch, kind, node) }
        case .fetch(let duty, .attestationData(let committees)):
            let view = drawView(duty.slot)
            var answer: [CommitteeIndex: AttestationData] = [:]
            for committee in committees {
                answer[committee] =
                    lyingBeaconNodes[node].map { chain.attestationData(duty.slot, lie: $0) }
                    ?? chain.attestationData(duty.slot, view: view, committee: named(committee, duty.slot, node))
            }
            post(node, .fetched(duty, .attestationData(answer)), after: .milliseconds(2)...(.milliseconds(300)))
        case .fetch(let duty, let request):
            guard let answer = answer(duty, request, node) else {
                let failure = Failure(reason: "404", isTemporary: true)
                return post(node, .fetchFailed(duty, failure), after: .milliseconds(2)...(.milliseconds(300)))
            }
            post(node, .fetched(duty, answer), after: .milliseconds(2)...(.milliseconds(300)))
        case .sendConsensus(let message):
            oracle.sawVote(message, by: node)
            if message.message.kind != .decided, !nodes[node].journal.holds(vote: message.message, of: message.duty) {
                oracle.sawUndurable("vote in \(message.duty)", by: node)
            }
            for peer in peers(of: node) {
                send(.consensusMessage(tell(message, node, peer)), node, peer)
            }
        case .sendConsensusTo(let peer, let message):
            send(.consensusMessage(message), node, member(peer, node))
        case .exchangePriorities(let own): exchange(own, node)
        case .sign(let duty, let set):
            var signed: ParSignedDataSet = [:]
            for (key, object) in set { signed[key] = partial(object, key.pubKey, node) }
            post(
                node, .localPartials([LocalPartials(duty, signed)], nil), after: .milliseconds(1)...(.milliseconds(10)))
        case .shareWithPeers(let duty, let set):
            oracle.sawShares(duty, set)
            checkDurable(duty, set, node)
            oracle.sawSet(duty, by: node, nodes[node].set)
            for peer in peers(of: node) { send(.peerPartials(duty, tell(set, node)), node, peer) }
            post(node, .shared(duty, set.keys.sorted()), after: .milliseconds(1)...(.milliseconds(5)))
        case .shareWithPeer(let peer, let duty, let set):
            // What is shown to a peer of its own commits nobody.
            if set.values.allSatisfy({ $0.shareIndex == share(of: node) }) {
                oracle.sawShares(duty, set)
                oracle.sawSet(duty, by: node, nodes[node].set)
                checkDurable(duty, set, node)
            }
            send(.peerPartials(duty, tell(set, node)), node, member(peer, node))
        case .verify(let share, _, let set):
            post(node, .verified(share, isGood(set, node)), after: .milliseconds(1)...(.milliseconds(20)))
        case .decodeAhead: break
        case .recover(let duty, let groups):
            let results = recover(groups, node)
            oracle.sawRecovery(results)
            post(node, .recovered(duty, results), after: .milliseconds(1)...(.milliseconds(5)))
        case .broadcast(let duty, let set):
            if broadcastFailureRate > 0, Double.random(in: 0..<1, using: &random) < broadcastFailureRate {
                let failure = Failure(reason: "503", isTemporary: true)
                post(node, .broadcastFailed(duty, set, failure), after: .milliseconds(2)...(.seconds(2)))
                return
            }
            guard isTaken(set, node) else {
                let failure = Failure(reason: "400", isTemporary: false)
                return post(node, .broadcastFailed(duty, set, failure), after: .milliseconds(2)...(.milliseconds(20)))
            }
            oracle.sawBroadcast(duty, set, by: node)
            if duty.type == .builderRegistration { fulfil(set, node) }
            post(node, .broadcastSucceeded(duty, set.keys.sorted()), after: .milliseconds(2)...(.milliseconds(20)))
        case .enterNewSet(let plan): leave(node, for: plan)
        case .checkInclusion(let slot): post(node, .blockSeen(slot, .unknown("no blocks here")), after: .zero...(.zero))
        case .answer(let ticket, let answer):
            answerPeer(ticket, answer)
            answerValidatorClient(ticket, answer)
            answerOperator(ticket, answer)
        case .report(let report): oracle.heard(report, by: node)
        }
    }

    private mutating func resolve(_ epoch: Epoch, _ kind: DutyKind, _ node: Int) {
        guard !silentBeaconNodes.contains(node) else {
            post(node, .dutiesUnavailable(epoch, kind, reason: "silent"), after: .seconds(2)...(.seconds(2)))
            return
        }
        let isMoved = reorganisation.map { now >= $0.at } ?? false
        let rows = chain.definitions(of: epoch, shift: isMoved ? reorganisation?.shift ?? 0 : 0)
            .filter { $0.kind == kind }
        post(node, .dutiesResolved(epoch, kind, rows), after: .milliseconds(5)...(.milliseconds(50)))
        guard Self.hasValidatorClient(node) else { return }
        for chore in rows.flatMap({ Chore.chores(of: $0, in: epoch, chain) })
        where (options.allDuties || chore.duty.type == .attester) && nodes[node].chores.insert(chore).inserted {
            heap.schedule(.validatorClient(node: node, chore), at: max(now, chore.begin(chain.clock)))
        }
    }

    /// Everything but attestation data.
    private mutating func answer(_ duty: Duty, _ request: FetchRequest, _ node: Int) -> FetchedData? {
        switch request {
        case .attestationData: return nil
        case .headRoot:
            return .headRoot(chain.headRoot(duty.slot, view: drawView(duty.slot)))
        case .proposal(let request):
            return chain.proposal(duty.slot, request, node: node, beaconForks(node)).map { .proposal($0) }
        case .aggregates(let requests):
            var answer: [AggregateRequest: VersionedAttestation] = [:]
            for request in requests {
                // A beacon node aggregates whatever it heard votes for.
                let committee = named(request.committee, duty.slot, node)
                let data = [false, true].map { chain.attestationData(duty.slot, view: $0, committee: committee) }
                    .first { $0.hashTreeRoot() == request.dataRoot }
                guard let data else { return nil }
                answer[request] = chain.aggregate(data, request.committee, node: node, beaconForks(node))
            }
            return .aggregates(answer)
        case .contributions(let requests):
            return .contributions(
                Dictionary(
                    uniqueKeysWithValues: requests.map { ($0, chain.contribution(duty.slot, $0, node: node)) }))
        }
    }

    private func recover(_ groups: [EntryKey: PartialGroup], _ node: Int) -> [EntryKey: Recovery] {
        let domains = domains(node)
        return groups.reduce(into: [:]) { results, entry in
            let (key, group) = entry
            let root = domains.signingRoot(of: group.data)
            let set = nodes[node].set
            let bad = group.signatures.filter { $0.value != chain.shareSignature(key.pubKey, root, $0.key, of: set) }
            results[key] =
                bad.isEmpty ? .signature(chain.groupSignature(key.pubKey, root)) : .badShares(bad.keys.sorted())
        }
    }

    private func isGood(_ set: ParSignedDataSet, _ node: Int) -> Bool {
        let domains = domains(node)
        return set.allSatisfy { key, partial in
            let root = domains.signingRoot(of: partial.data)
            let expected = chain.shareSignature(key.pubKey, root, partial.shareIndex, of: nodes[node].set)
            return partial.data.signature == expected
        }
    }

    /// A share may leave once it is on disk, and only over what was decided.
    private mutating func checkDurable(_ duty: Duty, _ set: ParSignedDataSet, _ node: Int) {
        for (key, partial) in set {
            if !nodes[node].journal.holds(partial, of: duty, for: key) {
                oracle.sawUndurable("share of \(duty)", by: node)
            }
            if duty.type.rules.isDecided, !nodes[node].journal.holds(decided: partial.data, of: duty, for: key.pubKey) {
                oracle.sawUndurable("share over what \(duty) did not decide", by: node)
            }
        }
    }

    mutating func post(_ node: Int, _ event: Event, after delay: ClosedRange<Duration>) {
        heap.schedule(.event(node: node, life: nodes[node].life, event), at: now + draw(delay))
    }

    mutating func send(_ event: Event, _ from: Int, _ to: Int) {
        guard passes(event, from, to) else { return }
        for at in network.arrivals(from: from, to: to, at: now, random: &random) {
            // A message in flight reaches whatever life the receiver is in then.
            heap.schedule(.event(node: to, life: nodes[to].life, event), at: at)
        }
    }

    /// Whether a beacon node follows the other head.
    private mutating func drawView(_ slot: Slot) -> Bool {
        Double.random(in: 0..<1, using: &random) < headDisagreement && slot < headsAgreeFrom ?? Slot(.max)
    }
}
