import Ethereum

/// What to attest to (validator-api.md §4.3).
extension EndpointTable {
    /// Answers once the cluster has decided, whether the client asks for its committee or always for committee 0.
    var attestationData: Endpoint {
        Endpoint("attestation_data", .get, "/eth/v1/validator/attestation_data") { call in
            let slot = Slot(try call.queryNumber("slot"))
            let committee = CommitteeIndex(try call.queryNumber("committee_index"))
            let data = try await backend.awaitAttestationData(slot: slot, committee: committee)
            return .json(["data": data.json()])
        }
    }
}
