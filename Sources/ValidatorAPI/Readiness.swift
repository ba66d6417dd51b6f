/// What a node still does before it can answer validator clients. Once nothing is left, it answers.
package struct Readiness: Hashable, Sendable {
    /// Parts of a node's start, in the order in which they are told.
    package enum Stage: Int, CaseIterable, Sendable {
        case lock, beaconNode, keystores, journal, stopping

        fileprivate var words: String {
            switch self {
            case .lock: "waiting for the execution client: contracts signed the cluster lock"
            case .beaconNode: "waiting for a beacon node"
            case .keystores: "opening keystores"
            case .journal: "reading the journal"
            case .stopping: "the node is stopping"
            }
        }
    }

    /// With more about each; empty if there is nothing to add.
    private var open: [Stage: String]

    /// - Parameter stages: all that have to be over first.
    package init(_ stages: Set<Stage>) {
        open = Dictionary(uniqueKeysWithValues: stages.map { ($0, "") })
    }

    package var isReady: Bool { open.isEmpty }

    /// - Parameter detail: for people: what is missing, or how far it is.
    package mutating func note(_ stage: Stage, _ detail: String = "") { open[stage] = detail }

    package mutating func finish(_ stage: Stage) { open[stage] = nil }

    /// For validator clients, e.g. `waiting for a beacon node: connection refused; opening keystores: 12 of 100`. The
    /// journal is not read before a beacon node is there.
    package var reason: String {
        Stage.allCases.compactMap { stage in
            if stage == .journal, open[.beaconNode] != nil { return nil }
            return open[stage].map { $0.isEmpty ? stage.words : "\(stage.words): \($0)" }
        }.joined(separator: "; ")
    }
}
