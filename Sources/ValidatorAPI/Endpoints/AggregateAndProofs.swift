import DutyWorkflow
import Ethereum
import SSZ

/// Aggregates signed with our shares (validator-api.md §4.9).
extension EndpointTable {
    /// The proof inside is the cluster's, which the client had from us; the signature around it is our share's.
    var submitAggregateAndProofs: Endpoint {
        Endpoint("submit_aggregate_and_proofs_v2", .post, "/eth/v2/validator/aggregate_and_proofs") { call in
            let version = try call.consensusVersion()
            let preset = backend.domains.preset
            let submitted = try await call.objects { json throws(SSZError) in
                try VersionedAggregateAndProof(fork: version, json: json, preset: preset)
            }
            let aggregates = try submitted.map { try ofItsSlot($0) }
            let pubKeys = try await members(
                aggregates.map(\.aggregatorIndex), in: lastEpoch(of: aggregates.map(\.slot)))
            try await requireClusterProofs(
                zip(aggregates, pubKeys).map { aggregate, pubKey in
                    ClusterProof(
                        pubKey,
                        .committeeSelection(
                            BeaconCommitteeSelection(
                                validatorIndex: aggregate.aggregatorIndex, slot: aggregate.slot,
                                selectionProof: aggregate.selectionProof)))
                })
            try await submit(
                zip(aggregates, pubKeys).enumerated().map { place, entry in
                    SubmittedObject(
                        place: place, duty: Duty(slot: entry.0.slot, type: .aggregator), pubKey: entry.1,
                        data: .aggregateAndProof(entry.0))
                })
            return .empty
        }
    }

    /// Under the fork that rules its slot, whatever the header said; the header must agree about the form.
    private func ofItsSlot(_ aggregate: VersionedAggregateAndProof) throws(APIFault) -> VersionedAggregateAndProof {
        do throws(AttestationError) {
            return try VersionedAggregateAndProof(fork: fork(at: aggregate.slot), form: aggregate.form)
        } catch {
            throw APIFault(400, "\(error)")
        }
    }

    /// The fork that rules a slot.
    func fork(at slot: Slot) -> ForkName {
        backend.domains.forks.fork(at: backend.domains.epoch(of: slot))
    }
}
