import DutyWorkflow
import Ethereum
import SSZ

/// Sync committee messages signed with our shares (validator-api.md §4.10).
extension EndpointTable {
    var submitSyncMessages: Endpoint {
        Endpoint("submit_sync_committee_messages", .post, "/eth/v1/beacon/pool/sync_committees") { call in
            let messages = try await call.objects { json throws(SSZError) in
                try SyncCommitteeMessage(json: json)
            }
            let pubKeys = try await members(messages.map(\.validatorIndex), in: lastEpoch(of: messages.map(\.slot)))
            try await submit(
                zip(messages, pubKeys).enumerated().map { place, entry in
                    SubmittedObject(
                        place: place, duty: Duty(slot: entry.0.slot, type: .syncMessage), pubKey: entry.1,
                        data: .syncMessage(entry.0))
                })
            return .empty
        }
    }
}
