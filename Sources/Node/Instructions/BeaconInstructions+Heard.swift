import BeaconAPI
import Ethereum
import SSZ

/// What validator clients tell the beacon nodes through this node.
extension BeaconInstructions {
    private static let committees = "/eth/v1/validator/beacon_committee_subscriptions"
    private static let syncCommittees = "/eth/v1/validator/sync_committee_subscriptions"
    /// More than two epochs of the largest cluster.
    private static let limits = JSONLimits(bytesMax: 32 << 20, depthMax: 4, valuesMax: 2_000_000)
    private static let rowsMax = 1 << 17

    /// A request that a beacon node took. What is no subscription, or unreadable, says nothing.
    func heard(_ request: ProxyRequest) {
        guard request.method == "POST" else { return }
        switch request.target.prefix(while: { $0 != "?" }) {
        case Self.committees: heard(Self.rows(BeaconCommitteeSubscription.self, of: request))
        case Self.syncCommittees: heard(Self.rows(SyncCommitteeSubscription.self, of: request))
        default: break
        }
    }

    private static func rows<Row: SSZContainer>(_: Row.Type, of request: ProxyRequest) -> [Row] {
        guard let json = try? JSONValue(parsing: request.body, limits: limits) else { return [] }
        return (try? json.elements(limit: rowsMax) { json throws(SSZError) in try Row(json: json) }) ?? []
    }
}
