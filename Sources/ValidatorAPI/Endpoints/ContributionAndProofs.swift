import DutyWorkflow
import Ethereum
import SSZ

/// Contributions signed with our shares (validator-api.md §4.12).
extension EndpointTable {
    /// The proof inside is the cluster's, which the client had from us; the signature around it is our share's.
    var submitContributionAndProofs: Endpoint {
        Endpoint("submit_contribution_and_proofs", .post, "/eth/v1/validator/contribution_and_proofs") { call in
            let preset = backend.domains.preset
            let signed = try await call.objects { json throws(SSZError) in
                try SignedContributionAndProof(json: json, preset: preset)
            }
            let messages = signed.map(\.message)
            let pubKeys = try await members(
                messages.map(\.aggregatorIndex), in: lastEpoch(of: messages.map(\.contribution.slot)))
            try await requireClusterProofs(
                zip(messages, pubKeys).map { message, pubKey in
                    ClusterProof(
                        pubKey,
                        .syncSelection(
                            SyncCommitteeSelection(
                                validatorIndex: message.aggregatorIndex, slot: message.contribution.slot,
                                subcommitteeIndex: message.contribution.subcommitteeIndex,
                                selectionProof: message.selectionProof)))
                })
            try await submit(
                zip(signed, pubKeys).enumerated().map { place, entry in
                    SubmittedObject(
                        place: place, duty: Duty(slot: entry.0.message.contribution.slot, type: .syncContribution),
                        pubKey: entry.1, data: .contributionAndProof(entry.0))
                })
            return .empty
        }
    }
}
