import Ethereum
import SSZ

/// One row of a duties answer.
package protocol DutyRow: Sendable {
    init(json: JSONValue) throws(SSZError)
    func json() -> JSONValue
    /// The validator's key: the group key from a beacon node, a share towards a validator client.
    var pubKey: PubKey { get set }
    var validatorIndex: ValidatorIndex { get }
}

extension AttesterDuty: DutyRow {}
extension ProposerDuty: DutyRow {}
extension SyncDuty: DutyRow {}

/// The answer of `duties/attester`, `duties/proposer` and `duties/sync`.
package struct DutiesAnswer<Row: DutyRow & Hashable>: Hashable, Sendable {
    /// Rows of one answer: more than the validators of any cluster, fewer than hurts.
    package static var rowsMax: Int { 1 << 17 }

    /// The block that the duties depend on; sync duties have none.
    package var dependentRoot: Root?
    package var isExecutionOptimistic: Bool
    package var rows: [Row]

    package init(dependentRoot: Root?, isExecutionOptimistic: Bool, rows: [Row]) {
        self.dependentRoot = dependentRoot
        self.isExecutionOptimistic = isExecutionOptimistic
        self.rows = rows
    }

    /// From the whole body.
    ///
    /// - Throws: also if the members beside `data` are missing, because a validator client needs them.
    package init(json: JSONValue, hasDependentRoot: Bool) throws(SSZError) {
        dependentRoot =
            hasDependentRoot
            ? try json.field("dependent_root") : nil
        isExecutionOptimistic = try json.field("execution_optimistic")
        rows = try json.member("data") { json throws(SSZError) in
            try json.elements(limit: Self.rowsMax) { json throws(SSZError) in try Row(json: json) }
        }
    }

    package func json() -> JSONValue {
        var object = JSONObject()
        if let dependentRoot { object.append("dependent_root", dependentRoot.json()) }
        object.append("execution_optimistic", .bool(isExecutionOptimistic))
        object.append("data", .array(rows.map { $0.json() }))
        return .object(object)
    }
}
