import DutyWorkflow
import Ethereum
import SSZ

/// Partial proofs in, the cluster's proofs out (validator-api.md §5.2).
extension EndpointTable {
    /// One row for each entry of the request, in its order, or none at all: Prysm tells them by position.
    var syncCommitteeSelections: Endpoint {
        Endpoint(
            "aggregate_sync_committee_selections", .post, "/eth/v1/validator/sync_committee_selections"
        ) { call in
            let selections = try await call.objects { json throws(SSZError) in
                try SyncCommitteeSelection(json: json)
            }
            let pubKeys = try await members(
                selections.map(\.validatorIndex), in: lastEpoch(of: selections.map(\.slot)))
            let objects = zip(selections, pubKeys).enumerated().map { place, entry in
                SubmittedObject(
                    place: place, duty: Duty(slot: entry.0.slot, type: .prepareSyncContribution), pubKey: entry.1,
                    data: .syncSelection(entry.0))
            }
            let proofs = try await selectionProofs(objects, call, mayLackLaterEpochs: false)
            let rows = try selections.indices.map { place in
                guard case .syncSelection(let signed)? = proofs.signed[place] else { throw Self.fault(of: proofs) }
                var row = selections[place]
                row.selectionProof = signed.selectionProof
                return row.json()
            }
            return .json(["data": .array(rows)])
        }
    }
}
