import BeaconAPI
import Ethereum
import SSZ

/// Validators of a beacon state, under our shares' keys (validator-api.md §4.2).
extension EndpointTable {
    private static let path = "/eth/v1/beacon/states/{state_id}/validators"
    /// Ids in one request.
    private static let idsMax = 1 << 16

    var validators: [Endpoint] {
        [
            Endpoint("get_validators", .get, Self.path) { call in
                try await answer(call, ids: call.queryList("id"), statuses: call.queryList("status"))
            },
            Endpoint("get_validators", .post, Self.path) { call in
                guard let body = try await call.optionalJSON(), !body.isNull else {
                    return try await answer(call, ids: call.queryList("id"), statuses: call.queryList("status"))
                }
                guard body.object != nil else { throw APIFault.badJSON(SSZError(.json(expected: "object"))) }
                // Of ids in both places those of the query count, as for Charon.
                let asked = call.queryList("id")
                return try await answer(
                    call, ids: asked.isEmpty ? Self.texts(body["ids"]) ?? [] : asked,
                    statuses: Self.texts(body["statuses"]) ?? [])
            },
            Endpoint("get_validator", .get, Self.path + "/{validator_id}") { call in
                let id = try call.parameter("validator_id")
                let rows = try await rows(state: Self.state(call), selection: Self.selection([id]))
                guard let row = rows.first else { throw APIFault.notFound }
                guard rows.count == 1 else {
                    throw APIFault.internalError(ValidatorAPIRefusal.refused("\(rows.count) rows for one validator"))
                }
                return .json(Self.envelope(row.json()))
            },
        ]
    }

    private func answer(_ call: APICall, ids: [String], statuses: [String]) async throws -> Reply {
        var wanted: Set<ValidatorStatus>?
        if !statuses.isEmpty {
            wanted = []
            for status in statuses {
                let matching = ValidatorStatus.matching(status)
                guard !matching.isEmpty else { throw APIFault(400, "Invalid validator status: \(status.prefix(100))") }
                wanted?.formUnion(matching)
            }
        }
        let rows = try await rows(state: Self.state(call), selection: Self.selection(ids))
        return .json(Self.envelope(.array(rows.filter { wanted?.contains($0.status) ?? true }.map { $0.json() })))
    }

    /// Rows by index, with our shares in place of the group keys.
    ///
    /// A key that is another operator's share is an error, because the wrong validator client is connected. Other
    /// unknown keys and validators of others have no row. Without ids it is the cluster's validators: all of a chain's are
    /// hundreds of megabytes.
    private func rows(state: StateID, selection: ValidatorSelection) async throws -> [BeaconValidator] {
        var translated = selection
        if selection == .all {
            translated = .pubKeys(keys.all)
        } else if case .pubKeys(let shares) = selection {
            var groupKeys: [PubKey] = []
            for share in shares {
                do throws(KeyFault) {
                    groupKeys.append(try keys.validator(of: share))
                } catch .foreign(let share, let holder, let own) {
                    throw KeyFault.foreign(share, holder: holder, own: own)
                } catch .unknown {}
            }
            // To a beacon node no ids mean all validators.
            if groupKeys.isEmpty { return [] }
            translated = .pubKeys(groupKeys)
        }
        return try await backend.validators(translated, state: state)
            .compactMap { row in
                guard let share = keys.share(of: row.validator.pubKey) else { return nil }
                var row = row
                row.validator.pubKey = share
                return row
            }
            .sorted { $0.index < $1.index }
    }

    private static func state(_ call: APICall) throws(APIFault) -> StateID {
        let text = try call.parameter("state_id")
        guard let state = StateID(text) else { throw APIFault(400, "Invalid state ID: \(text.prefix(100))") }
        return state
    }

    private static func selection(_ ids: [String]) throws(APIFault) -> ValidatorSelection {
        var seen: Set<String> = []
        let ids = ids.filter { seen.insert($0.lowercased()).inserted }
        guard ids.count <= idsMax, let selection = ValidatorSelection(ids: ids) else {
            throw APIFault(400, "Invalid validator ID")
        }
        return selection
    }

    /// A list of texts or numbers; nil for null and for nothing.
    private static func texts(_ json: JSONValue?) throws(APIFault) -> [String]? {
        guard let json, !json.isNull else { return nil }
        guard let items = json.array else { throw .badJSON(SSZError(.json(expected: "array"))) }
        var texts: [String] = []
        for item in items {
            guard let text = item.string ?? item.integer.map({ String($0) }) else {
                throw .badJSON(SSZError(.json(expected: "string")))
            }
            texts.append(text)
        }
        return texts.isEmpty ? nil : texts
    }

    private static func envelope(_ data: JSONValue) -> JSONValue {
        ["execution_optimistic": false, "finalized": false, "data": data]
    }
}
