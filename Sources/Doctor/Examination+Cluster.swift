import DutyWorkflow

/// What concerns all operators: duties and validators.
extension Examination {
    static func cluster(_ facts: Facts) -> [Finding] {
        var found = facts.cluster.duties.missed.map { missed($0, of: facts.cluster.duties.total) }
        if facts.failing.contains(.consensusRounds) {
            found.append(
                Finding(
                    .consensusRounds, .cluster, .warning,
                    "The last decision on a vote or a block took more than one round.",
                    cure:
                        "If it repeats, a leader is away or late, or beacon nodes deliver data late: see missing peers"
                        + " and slow beacon nodes, here and at the others."))
        } else if facts.failing.contains(.roundChanges) {
            found.append(
                Finding(
                    .consensusRounds, .cluster, .warning,
                    "In the last minutes this node was in a later round of consensus, where most others were not.",
                    cure:
                        "If it repeats, messages reach this node late, or most others are away: see missing peers,"
                        + " pings and clocks."))
        }
        guard let validators = facts.cluster.validators else { return found }
        if !validators.slashed.isEmpty {
            found.append(
                Finding(
                    .validatorSlashed, .cluster, .error,
                    "The chain says that validators of the cluster were slashed: \(list(validators.slashed, max: 3)).",
                    cure:
                        "Stop all nodes and validator clients of the cluster until it is understood; keep journals and"
                        + " logs."))
        }
        if validators.pending > 0 {
            found.append(
                Finding(
                    .validatorsPending, .cluster, .info,
                    "\(validators.pending) of the \(validators.total) validators wait for their activation.",
                    cure: "Nothing is to be done."))
        }
        if validators.unknown > 0 {
            found.append(
                Finding(
                    .validatorsUnknown, .cluster, .info,
                    "The chain does not know \(validators.unknown) of the \(validators.total) validators yet.",
                    cure: "Make their deposits, or wait until these are processed."))
        }
        return found
    }

    private static func missed(_ missed: DutyTally.Missed, of total: Int) -> Finding {
        let reasons = missed.reasons.map { "\($0.reason.code) \($0.count)×" }
        let layer =
            switch missed.layer {
            case .thisNode: "node itself"
            case .otherDuty: "duties that they need first"
            default: missed.layer.rawValue
            }
        var sentence = "\(missed.count) of the last \(total) duties (\(list(missed.types.map(\.name)))) failed"
        sentence += " because of the \(layer): \(list(reasons))"
        let guilty = missed.guilty.sorted().map { "operator-\($0)" }
        if !guilty.isEmpty { sentence += "; it lies with \(list(guilty))" }
        if !missed.detail.isEmpty { sentence += " (\(missed.detail))" }
        return Finding(
            .dutiesMissed, of: missed.layer.rawValue, missed.layer, missed.count * 2 >= total ? .error : .warning,
            sentence + ".", cure: cure(of: missed.layer))
    }

    private static func cure(of layer: Layer) -> String {
        switch layer {
        case .beaconNode: "See this operator's beacon node and its log."
        case .validatorClient: "See this operator's validator client: does it run, with this node as its beacon node?"
        case .signer: "See this operator's signer and key shares; the log says what was refused."
        case .peers: "Ask the operators named here, or in the log."
        case .cluster: "Compare connections, beacon nodes and clocks of all operators."
        case .thisNode: "Please report it with the log around it."
        case .machine: "See the load of this machine, and the log around it."
        case .otherDuty: "See why those failed, here or in the log."
        case .executionClient, .relays: "See the log around it."
        }
    }
}
