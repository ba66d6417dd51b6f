import DutyWorkflow
import Ethereum
import SSZ

/// The validator clients of the even nodes, and what operators do by hand.
extension SimulatedCluster {
    static func hasValidatorClient(_ node: Int) -> Bool { node.isMultiple(of: 2) }

    /// The operator of a node asks for the exit of a validator, again and again until the node has it.
    package mutating func requestExit(of validator: Int, epoch: Epoch, at node: Int, from time: Instant) {
        let message = VoluntaryExit(epoch: epoch, validatorIndex: SimulatedChain.index(of: validator))
        let chore = Chore.exit(chain.pubKeys[validator], message, from: chain.clock.firstSlot(of: epoch))
        heap.schedule(.validatorClient(node: node, chore), at: time)
    }

    /// Tries again each second until its signature is accepted, as validator clients do after a refused connection.
    mutating func attempt(_ chore: Chore, _ node: Int) {
        if let end = chore.end(chain.clock), now >= end { return }
        guard !oracle.accepted(node, chore.duty, chore.key) else { return }
        heap.schedule(.validatorClient(node: node, chore), at: now + .seconds(1))
        guard nodes[node].workflow != nil else { return }
        switch chore {
        case .reveal(let row):
            submit(.randao(SignedEpoch(epoch: chain.clock.epoch(of: row.slot), signature: .zero)), for: chore, node)
        case .propose(let row): ask(.decided(.proposal(row.slot)), for: chore, node, .value(nil))
        case .attest(let row): ask(.decided(.attestation(row.slot, row.committeeIndex)), for: chore, node, .value(nil))
        case .proveSelection(let row):
            let selection = BeaconCommitteeSelection(
                validatorIndex: row.validatorIndex, slot: row.slot, selectionProof: .zero)
            submit(.committeeSelection(selection), for: chore, node)
        case .proveSyncSelection(let row, let slot, let subcommittee):
            let selection = SyncCommitteeSelection(
                validatorIndex: row.validatorIndex, slot: slot, subcommitteeIndex: subcommittee, selectionProof: .zero)
            submit(.syncSelection(selection), for: chore, node)
        case .voteForHead(let row, let slot):
            let message = SyncCommitteeMessage(
                slot: slot, beaconBlockRoot: chain.headRoot(slot, view: false), validatorIndex: row.validatorIndex,
                signature: .zero)
            submit(.syncMessage(message), for: chore, node)
        case .aggregate(let row):
            ask(.signed(Duty(slot: row.slot, type: .prepareAggregator), chore.key), for: chore, node, .proof)
        case .contribute(_, let slot, _):
            ask(.signed(Duty(slot: slot, type: .prepareSyncContribution), chore.key), for: chore, node, .proof)
        case .exit(_, let message, _): submit(.exit(Signed(message: message, signature: .zero)), for: chore, node)
        }
    }

    mutating func answerValidatorClient(_ ticket: Ticket, _ answer: Answer) {
        guard let errand = tickets.removeValue(forKey: ticket) else { return }
        let (node, chore) = (errand.node, errand.chore)
        switch (answer, errand.stage) {
        case (.signed(let proof), .proof): proved(proof.signature, chore, node)
        case (.decided(let duty, let value), .value(let proof)):
            if !nodes[node].journal.isServable(value, in: duty) { oracle.sawUndurable("data of \(duty)", by: node) }
            served(value, proof, chore, node)
        case (.submitted(let verdicts), .submission) where verdicts.allSatisfy(\.refusals.isEmpty):
            oracle.noteAccepted(node, chore.duty, chore.key)
            if !nodes[node].journal.holdsShare(share(of: node), of: chore.duty, for: chore.key) {
                oracle.sawUndurable("word that the share of \(chore.duty) is safe", by: node)
            }
        default: break
        }
    }

    /// It aggregates only if the cluster's proof says so.
    private mutating func proved(_ proof: SignatureBytes, _ chore: Chore, _ node: Int) {
        switch chore {
        case .aggregate(let row):
            guard chain.isAggregator(row, proof) else { return oracle.noteAccepted(node, chore.duty, chore.key) }
            let committee = named(row.committeeIndex, row.slot, node)
            let data = chain.attestationData(row.slot, view: false, committee: committee)
            ask(
                .decided(.aggregate(row.slot, dataRoot: data.hashTreeRoot(), row.committeeIndex)), for: chore, node,
                .value(proof))
        case .contribute(_, let slot, let subcommittee):
            guard chain.isSyncAggregator(proof) else { return oracle.noteAccepted(node, chore.duty, chore.key) }
            ask(
                .decided(
                    .contribution(slot, subcommittee: subcommittee, blockRoot: chain.headRoot(slot, view: false))),
                for: chore, node, .value(proof))
        case .reveal, .propose, .attest, .proveSelection, .proveSyncSelection, .voteForHead, .exit: break
        }
    }

    private mutating func served(_ value: UnsignedData, _ proof: SignatureBytes?, _ chore: Chore, _ node: Int) {
        switch (chore, value) {
        case (.attest(let row), .attester(let data, _)):
            oracle.sawServed(chore.duty, chore.key, data.hashTreeRoot(), by: node)
            if rogueValidatorClients.contains(node) {
                var other = data
                other.beaconBlockRoot = SHA256.hash(data.beaconBlockRoot.bytes)
                attest(other, row, chore, node)
            }
            attest(data, row, chore, node)
        case (.propose, .proposal(let proposal)):
            oracle.sawServed(chore.duty, chore.key, proposal.messageRoot, by: node)
            submit(.proposal(proposal.signed(with: .zero)), for: chore, node)
        case (.aggregate(let row), .aggregate(let aggregate)):
            let signed = VersionedAggregateAndProof(
                aggregatorIndex: row.validatorIndex, aggregate: aggregate, selectionProof: proof ?? .zero)
            submit(.aggregateAndProof(signed), for: chore, node)
        case (.contribute(let row, _, let subcommittee), .contributions(let contributions)):
            guard let contribution = contributions[subcommittee] else { return }
            let message = ContributionAndProof(
                aggregatorIndex: row.validatorIndex, contribution: contribution, selectionProof: proof ?? .zero)
            submit(.contributionAndProof(Signed(message: message, signature: .zero)), for: chore, node)
        default: oracle.sawUndurable("a value of another kind for \(chore.duty)", by: node)
        }
    }

    private mutating func attest(_ data: AttestationData, _ row: AttesterDuty, _ chore: Chore, _ node: Int) {
        let fork = nodes[node].forks.fork(at: data.target.epoch)
        guard let attestation = VersionedAttestation(fork: fork, data: data, duty: row) else { return }
        submit(.attestation(attestation), for: chore, node)
    }

    private mutating func ask(_ query: Query, for chore: Chore, _ node: Int, _ stage: Errand.Stage) {
        let ticket = newTicket(Errand(node: node, chore: chore, stage: stage))
        heap.schedule(.event(node: node, life: nodes[node].life, .query(ticket, query)), at: now)
    }

    private mutating func submit(_ object: SignedData, for chore: Chore, _ node: Int) {
        let ticket = newTicket(Errand(node: node, chore: chore, stage: .submission))
        let partial = partial(object, chore.key.pubKey, node)
        let own = LocalPartials(chore.duty, [chore.key: partial])
        post(node, .localPartials([own], ticket), after: .milliseconds(1)...(.milliseconds(20)))
    }

    private mutating func newTicket(_ errand: Errand) -> Ticket {
        defer { nextTicket += 1 }
        let ticket = Ticket(nextTicket)
        tickets[ticket] = errand
        return ticket
    }
}
