import DutyWorkflow
import Ethereum
import SSZ

/// What to attest to (validator-api.md §4.3).
extension EndpointTable {
    /// Answers once the cluster has decided, whether the client asks for its committee or always for committee 0.
    var attestationData: Endpoint {
        Endpoint("attestation_data", .get, "/eth/v1/validator/attestation_data") { call in
            let slot = Slot(try call.queryNumber("slot"))
            let committee = CommitteeIndex(try call.queryNumber("committee_index"))
            try await requireMember(of: committee, slot)
            let decided = try await backend.decided(.attestation(slot, committee))
            guard case .attester(let data, _) = decided else { throw APIFault.otherDuty(decided) }
            return call.answer(ssz: { data.sszBytes() }, json: { ["data": data.json()] })
        }
    }

    /// Nobody waits for a committee in which none of ours sits. Committee 0 stands for any.
    private func requireMember(of committee: CommitteeIndex, _ slot: Slot) async throws {
        guard committee != .zero, let rows = try await backend.definitions(of: .attester(slot: slot)) else { return }
        let isDue = rows.values.contains { definition in
            guard case .attester(let row) = definition else { return false }
            return row.committeeIndex == committee
        }
        guard isDue else {
            throw APIFault(404, "no validator of the cluster is in committee \(committee) of slot \(slot)")
        }
    }
}
