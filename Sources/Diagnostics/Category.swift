/// What the cases are about: one subcommand each.
package enum Category: String, Sendable, CaseIterable {
    /// In the order in which all of them run: `peers` keeps its node up afterwards.
    case beacon, validator, mev, infra, peers

    /// Its member of the result file.
    var key: String {
        switch self {
        case .beacon: "beacon_node"
        case .validator: "validator_client"
        case .mev: "mev"
        case .infra: "infra"
        case .peers: "charon_peers"
        }
    }

    /// Members of the result file, in their order.
    static let fileOrder: [Category] = [.peers, .beacon, .validator, .mev, .infra]

    /// Of the scores of its targets; nil without targets. A cluster needs all its peers, but one beacon node, relay or
    /// machine that is good will do.
    func score(_ targets: [Score]) -> Score? { self == .peers ? targets.max() : targets.min() }
}
