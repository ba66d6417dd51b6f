import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// The aggregate that the cluster decided (validator-api.md §4.8).
extension EndpointTable {
    var aggregateAttestation: Endpoint {
        Endpoint("aggregate_attestation_v2", .get, "/eth/v2/validator/aggregate_attestation") { call in
            let slot = Slot(try call.queryNumber("slot"))
            let root: Root = try call.queryHex("attestation_data_root")
            let committee = CommitteeIndex(try call.queryNumber("committee_index"))
            let decided = try await backend.decided(.aggregate(slot, dataRoot: root, committee))
            guard case .aggregate(let aggregate) = decided else { throw APIFault.otherDuty(decided) }
            let preset = backend.domains.preset
            let object: any SSZContainer =
                switch aggregate.form {
                case .phase0(let attestation): attestation
                case .electra(let attestation): attestation
                }
            let version = aggregate.fork.name
            return call.answer(
                headers: [HeaderName.consensusVersion: version], ssz: { object.sszBytes(preset: preset) },
                json: { ["version": .string(version), "data": object.json(preset: preset)] })
        }
    }
}

extension APIFault {
    /// The node answered with a value of another duty.
    static func otherDuty(_ data: UnsignedData) -> APIFault {
        APIFault(500, "Internal server error", detail: "a value of duty type \(data.dutyType.name)")
    }
}
