import BeaconAPI
import Ethereum

/// Duties come from the beacon nodes with group keys and go out with our shares (validator-api.md §4.1).
extension EndpointTable {
    /// A row of a validator that is not ours is an error: validator clients only ask for their own.
    var attesterDuties: Endpoint {
        Endpoint("attester_duties", .post, "/eth/v1/validator/duties/attester/{epoch}") { call in
            let epoch = Epoch(try call.number("epoch"))
            let indices = try await call.validatorIndices()
            var duties = try await backend.attesterDuties(epoch: epoch, indices: indices)
            duties.rows = try duties.rows.map { try translated($0) }
            return .json(duties.json())
        }
    }

    /// Validators that are not ours keep their keys.
    var proposerDuties: [Endpoint] {
        BeaconEndpoint.ProposerDutiesVersion.allCases.map { version in
            let name = version == .v1 ? "proposer_duties" : "proposer_duties_v2"
            return Endpoint(name, .get, "/eth/\(version.rawValue)/validator/duties/proposer/{epoch}") { call in
                let epoch = Epoch(try call.number("epoch"))
                var duties = try await backend.proposerDuties(epoch: epoch, version: version)
                for row in duties.rows.indices {
                    if let share = keys.share(of: duties.rows[row].pubKey) { duties.rows[row].pubKey = share }
                }
                return .json(duties.json())
            }
        }
    }

    /// A row of a validator that is not ours is an error.
    var syncDuties: Endpoint {
        Endpoint("sync_committee_duties", .post, "/eth/v1/validator/duties/sync/{epoch}") { call in
            let epoch = Epoch(try call.number("epoch"))
            let indices = try await call.validatorIndices()
            var duties = try await backend.syncDuties(epoch: epoch, indices: indices)
            duties.rows = try duties.rows.map { try translated($0) }
            return .json(duties.json())
        }
    }

    private func translated<Row: DutyRow>(_ row: Row) throws(APIFault) -> Row {
        guard let share = keys.share(of: row.pubKey) else {
            throw APIFault(400, "validator \(row.validatorIndex) is not part of this cluster")
        }
        var row = row
        row.pubKey = share
        return row
    }
}
