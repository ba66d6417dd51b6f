import Ethereum
import SSZ

/// What a duty's own data are made from, as far as this node knows it by now.
struct FetchSources: Sendable {
    let signatures: AggSigDB
    let decided: DutyDB
    /// Says whether contributions are exchanged as lists (v1.11.md §3.1).
    let infoSync: InfoSync
}

/// What to ask a beacon node for a duty, and who is to get which part of the answer. Source: workflow.md §6.
enum FetchPlan: Sendable {
    case ask(FetchRequest)
    /// Something is still to come of what decides.
    case wait
    /// Nobody is to do anything.
    case nothing
}

/// Makes plans: who is selected to aggregate depends on the cluster's own signatures.
struct FetchPlanner: Sendable {
    let configuration: WorkflowConfiguration
    let sources: FetchSources

    /// - Parameter isPatient: whether those whose selection is not known yet are waited for; later the others go ahead.
    func plan(_ duty: Duty, _ definitions: DutyDefinitionSet, isPatient: Bool) -> FetchPlan {
        switch duty.type {
        case .attester:
            let rows = definitions.values.compactMap(\.attesterDuty)
            let committees = rows.map { AttestationRules.committee(of: $0, configuration) }
            return .ask(.attestationData(Set(committees).sorted()))
        case .aggregator:
            return plan(duty, definitions, isPatient, aggregate) { FetchRequest.aggregates($0) }
        case .syncContribution:
            let isSingle = !sources.infoSync.supportsContributionLists(at: duty.slot)
            return plan(duty, definitions, isPatient) { duty, definition in
                var part = contributions(duty, definition)
                if isSingle { part.requests = Array(part.requests.prefix(1)) }
                return part
            } _: {
                FetchRequest.contributions($0)
            }
        case .syncMessage: return .ask(.headRoot)
        case .proposer: return proposal(duty, definitions)
        case .signature, .exit, .builderProposer, .builderRegistration, .randao, .prepareAggregator,
            .prepareSyncContribution, .infoSync:
            return .nothing
        }
    }

    /// Once the cluster has signed the epoch.
    private func proposal(_ duty: Duty, _ definitions: DutyDefinitionSet) -> FetchPlan {
        guard let (pubKey, row) = definitions.min(by: { $0.key < $1.key }) else { return .nothing }
        guard let reveal = sources.signatures.randaoReveal(duty.slot, pubKey) else { return .wait }
        let wishes = configuration.proposals
        return .ask(
            .proposal(
                ProposalRequest(
                    randaoReveal: reveal, graffiti: wishes.graffiti[pubKey] ?? .zero,
                    wantsBuilder: wishes.usesBuilder, proposer: row.validatorIndex,
                    feeRecipient: wishes.feeRecipients[pubKey])))
    }

    // MARK: Selected validators

    /// One validator's part.
    struct Part<Request: Sendable>: Sendable {
        var requests: [Request] = []
        /// Whether more may follow: the cluster's proof, or what it is to be made from, is not there yet.
        var isOpen = false
    }

    /// Whether the validator is selected; nil while the cluster's proof is not there.
    func isAggregator(_ row: AttesterDuty) -> Bool? {
        let proof = sources.signatures.value(Duty(slot: row.slot, type: .prepareAggregator), EntryKey(row.pubKey))
        guard case .committeeSelection(let selection)? = proof else { return nil }
        return AggregatorSelection.isAggregator(
            committeeLength: row.committeeLength, selectionProof: selection.selectionProof, spec: configuration.spec)
    }

    func aggregate(_ duty: Duty, _ definition: DutyDefinition) -> Part<AggregateRequest> {
        guard let row = definition.attesterDuty else { return Part() }
        guard let isSelected = isAggregator(row) else { return Part(isOpen: true) }
        guard isSelected else { return Part() }
        guard let data = sources.decided.attestationData(slot: duty.slot, committee: row.committeeIndex) else {
            return Part(isOpen: true)
        }
        return Part(requests: [AggregateRequest(dataRoot: data.hashTreeRoot(), committee: row.committeeIndex)])
    }

    /// In ascending order of subcommittees.
    func contributions(_ duty: Duty, _ definition: DutyDefinition) -> Part<ContributionRequest> {
        guard let row = definition.syncDuty else { return Part() }
        let parts = row.subcommittees(configuration.spec.preset).map { contribution(duty, row, $0) }
        return Part(requests: parts.flatMap(\.requests), isOpen: parts.contains(where: \.isOpen))
    }

    private func contribution(_ duty: Duty, _ row: SyncDuty, _ subcommittee: UInt64) -> Part<ContributionRequest> {
        guard row.subcommittees(configuration.spec.preset).contains(subcommittee) else { return Part() }
        let proof = sources.signatures.value(
            Duty(slot: duty.slot, type: .prepareSyncContribution), EntryKey(row.pubKey, subcommittee: subcommittee))
        guard case .syncSelection(let selection)? = proof else { return Part(isOpen: true) }
        guard
            AggregatorSelection.isSyncAggregator(selectionProof: selection.selectionProof, spec: configuration.spec)
        else { return Part() }
        let vote = sources.signatures.value(Duty(slot: duty.slot, type: .syncMessage), EntryKey(row.pubKey))
        guard case .syncMessage(let message)? = vote else { return Part(isOpen: true) }
        return Part(requests: [ContributionRequest(subcommittee: subcommittee, blockRoot: message.beaconBlockRoot)])
    }

    /// Why the cluster will not decide a value: none of its validators is selected to make one. Nil if one may be, which
    /// is so until the cluster has signed every proof; the rows are nil while the beacon node has not told them.
    func absence(of selector: ValueSelector, _ definitions: DutyDefinitionSet?) -> String? {
        guard let definitions else { return nil }
        let part: (isOpen: Bool, isSelected: Bool)
        switch selector {
        case .attestation, .proposal: return nil
        case .aggregate(_, _, let committee):
            let rows = definitions.values.compactMap(\.attesterDuty).filter { $0.committeeIndex == committee }
            let selected = rows.map { isAggregator($0) }
            part = (selected.contains(nil), selected.contains(true))
        case .contribution(_, let subcommittee, let root):
            let parts = definitions.values.compactMap(\.syncDuty).map { contribution(selector.duty, $0, subcommittee) }
            let wanted = ContributionRequest(subcommittee: subcommittee, blockRoot: root)
            part = (parts.contains(where: \.isOpen), parts.contains { $0.requests.contains(wanted) })
        }
        guard !part.isOpen, !part.isSelected else { return nil }
        return "no validator of the cluster is selected to make it in duty \(selector.duty)"
    }

    private func plan<Request: Hashable>(
        _ duty: Duty, _ definitions: DutyDefinitionSet, _ isPatient: Bool,
        _ part: (Duty, DutyDefinition) -> Part<Request>, _ request: ([Request]) -> FetchRequest
    ) -> FetchPlan {
        let parts: [Part<Request>] = definitions.sorted { $0.key < $1.key }.map { part(duty, $0.value) }
        var requests: [Request] = []
        for part in parts { requests += part.requests.filter { !requests.contains($0) } }
        if parts.contains(where: \.isOpen), isPatient || requests.isEmpty { return .wait }
        return requests.isEmpty ? .nothing : .ask(request(requests))
    }
}
