import Ethereum
import SSZ

/// What this node makes of a beacon node's answer: its proposal for consensus, or what it signs by itself.
struct OwnProposal: Sendable {
    struct Fault: Error {
        let reason: String
    }

    let planner: FetchPlanner
    let duty: Duty
    let definitions: DutyDefinitionSet

    func make(of data: FetchedData) -> Result<[Signal], Fault> {
        switch data {
        case .attestationData(let byCommittee): Result { () throws(Fault) in [try attestations(byCommittee)] }
        case .proposal(let proposal):
            Result { () throws(Fault) in try self.proposal { _ in .proposal(proposal) } }
        case .aggregates(let aggregates): Result { () throws(Fault) in try proposal { aggregate($0, aggregates) } }
        case .contributions(let contributions):
            Result { () throws(Fault) in try proposal { self.contributions($0, contributions) } }
        case .headRoot(let root): .success([.signable(duty, syncMessages(root))])
        }
    }

    private func attestations(_ byCommittee: [CommitteeIndex: AttestationData]) throws(Fault) -> Signal {
        var set: UnsignedDataSet = [:]
        for (pubKey, definition) in definitions.sorted(by: { $0.key < $1.key }) {
            guard let row = definition.attesterDuty else { continue }
            let committee = AttestationRules.committee(of: row, planner.configuration)
            guard let data = byCommittee[committee] else {
                throw Fault(reason: "no data for committee \(committee.rawValue)")
            }
            if let fault = AttestationRules.fault(in: data, of: row, slot: duty.slot, planner.configuration) {
                throw Fault(reason: fault)
            }
            set[pubKey] = .attester(data, row)
        }
        return .fetched(duty, set)
    }

    /// Nothing is proposed where nobody is selected.
    private func proposal(_ value: (DutyDefinition) -> UnsignedData?) throws(Fault) -> [Signal] {
        let preset = planner.configuration.spec.preset
        let set = definitions.compactMapValues { value($0)?.exchanged(on: preset) }
        guard !set.isEmpty else { throw Fault(reason: "the beacon node has nothing to aggregate yet") }
        return [.fetched(duty, set)]
    }

    private func aggregate(
        _ definition: DutyDefinition, _ aggregates: [AggregateRequest: VersionedAttestation]
    ) -> UnsignedData? {
        planner.aggregate(duty, definition).requests.lazy.compactMap { aggregates[$0] }.first.map { .aggregate($0) }
    }

    private func contributions(
        _ definition: DutyDefinition, _ all: [ContributionRequest: SyncCommitteeContribution]
    ) -> UnsignedData? {
        let own = planner.contributions(duty, definition).requests.compactMap { all[$0] }
        guard let first = own.first else { return nil }
        guard planner.sources.infoSync.supportsContributionLists(at: duty.slot) else {
            return .contributions(Contributions(first))
        }
        return Contributions(list: own).map { .contributions($0) }
    }

    private func syncMessages(_ root: Root) -> SignedDataSet {
        var set: SignedDataSet = [:]
        for (pubKey, definition) in definitions {
            set[EntryKey(pubKey)] = .syncMessage(
                SyncCommitteeMessage(
                    slot: duty.slot, beaconBlockRoot: root, validatorIndex: definition.validatorIndex,
                    signature: .zero))
        }
        return set
    }
}
