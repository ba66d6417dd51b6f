import DutyWorkflow
import Ethereum
import SSZ

/// The contribution that the cluster decided (validator-api.md §4.11).
extension EndpointTable {
    var syncCommitteeContribution: Endpoint {
        Endpoint("sync_committee_contribution", .get, "/eth/v1/validator/sync_committee_contribution") { call in
            let slot = Slot(try call.queryNumber("slot"))
            let subcommittee = try call.queryNumber("subcommittee_index")
            let root: Root = try call.queryHex("beacon_block_root")
            let decided = try await backend.decided(
                .contribution(slot, subcommittee: subcommittee, blockRoot: root))
            guard case .contributions(let all) = decided, let contribution = all[subcommittee] else {
                throw APIFault.otherDuty(decided)
            }
            let preset = backend.domains.preset
            return call.answer(
                ssz: { contribution.sszBytes(preset: preset) },
                json: { ["data": contribution.json(preset: preset)] })
        }
    }
}
