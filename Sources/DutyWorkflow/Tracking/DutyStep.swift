/// The pipeline's steps, in order. Source: workflow.md §16.1.
package enum DutyStep: Int, Sendable, Hashable, Comparable, CaseIterable {
    case scheduler = 0
    case fetcher
    case consensus
    case dutyDB
    case validatorAPI
    case parSigDBLocal
    case parSigEx
    case parSigDBExternal
    case sigAggregation
    case aggSigDB
    case broadcast
    case chainInclusion

    /// The name in logs, e.g. `parsig_db_local`.
    package var name: String {
        switch self {
        case .scheduler: "scheduler"
        case .fetcher: "fetcher"
        case .consensus: "consensus"
        case .dutyDB: "duty_db"
        case .validatorAPI: "validator_api"
        case .parSigDBLocal: "parsig_db_local"
        case .parSigEx: "parsig_ex"
        case .parSigDBExternal: "parsig_db_external"
        case .sigAggregation: "sig_aggregation"
        case .aggSigDB: "aggsig_db"
        case .broadcast: "bcast"
        case .chainInclusion: "chain_inclusion"
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
