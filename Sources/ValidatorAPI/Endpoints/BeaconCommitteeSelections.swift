import DutyWorkflow
import Ethereum
import SSZ

/// Partial proofs in, the cluster's proofs out (validator-api.md §5.1).
extension EndpointTable {
    /// In the order of the request, duplicates kept. What is complete is answered when the time nears, or soon after the
    /// first epoch is complete: a client that asks for the next epoch as well must not lose this one because other
    /// operators' clients do not yet.
    var beaconCommitteeSelections: Endpoint {
        Endpoint(
            "aggregate_beacon_committee_selections", .post, "/eth/v1/validator/beacon_committee_selections"
        ) { call in
            let selections = try await call.objects { json throws(SSZError) in
                try BeaconCommitteeSelection(json: json)
            }
            let pubKeys = try await members(
                selections.map(\.validatorIndex), in: lastEpoch(of: selections.map(\.slot)))
            let objects = zip(selections, pubKeys).enumerated().map { place, entry in
                SubmittedObject(
                    place: place, duty: Duty(slot: entry.0.slot, type: .prepareAggregator), pubKey: entry.1,
                    data: .committeeSelection(entry.0))
            }
            let proofs = try await selectionProofs(objects, call, mayLackLaterEpochs: true)
            guard !proofs.signed.isEmpty || selections.isEmpty else {
                // Some may still come: worth another try.
                if proofs.refused.count < selections.count { throw APIFault.interrupted }
                throw Self.fault(of: proofs)
            }
            let rows = selections.indices.compactMap { place -> JSONValue? in
                guard case .committeeSelection(let signed)? = proofs.signed[place] else { return nil }
                var row = selections[place]
                row.selectionProof = signed.selectionProof
                return row.json()
            }
            return .json(["data": .array(rows)])
        }
    }

    /// The first refusal.
    static func fault(of proofs: SelectionProofs) -> APIFault {
        proofs.refused.min { $0.key < $1.key }.map { APIFault($0.value) } ?? .interrupted
    }
}
