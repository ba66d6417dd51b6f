/// Beacon nodes and the execution clients behind them.
extension Examination {
    private static let behindMax: UInt64 = 320
    /// Slots between two heads: some empty slots and a slow import are no reason.
    private static let apartMax: UInt64 = 8

    static func beaconNodes(_ facts: Facts) -> [Finding] {
        let works = facts.beaconNodes.contains { node in
            guard case .following(let behind)? = node.state else { return false }
            return behind <= behindMax && node.peers != 0
        }
        // One that works is enough.
        let grave: Finding.Severity = works ? .warning : .error
        return facts.beaconNodes.flatMap { beaconNode($0, grave) } + apart(facts.beaconNodes) + beaconRules(facts)
    }

    /// Those that say that they follow the chain, and whose head is far behind another's that says so, too.
    private static func apart(_ nodes: [BeaconNodeFacts]) -> [Finding] {
        let heads = nodes.compactMap { node -> (name: String, slot: UInt64)? in
            guard case .following(let behind)? = node.state, behind <= behindMax else { return nil }
            return node.head.map { (name: node.name, slot: $0) }
        }
        guard let newest = heads.max(by: { $0.slot < $1.slot }) else { return [] }
        return heads.filter { newest.slot - $0.slot > apartMax }.map { node in
            Finding(
                .beaconNodesApart, of: node.name, .beaconNode, .warning,
                "Beacon node \(node.name) says that it follows the chain with a head at slot \(node.slot); that of "
                    + "\(newest.name) is at slot \(newest.slot).",
                cure: "One of them is wrong, most likely the older: see its log and its execution client's; restart it."
            )
        }
    }

    private static func beaconNode(_ node: BeaconNodeFacts, _ grave: Finding.Severity) -> [Finding] {
        func finding(
            _ id: FindingID, severity: Finding.Severity? = nil, _ sentence: String, cure: String
        ) -> Finding {
            Finding(id, of: node.name, .beaconNode, severity ?? grave, sentence, cure: cure)
        }
        var found: [Finding] = []
        switch node.state {
        case .unreachable(let why)?:
            let flag = node.isFallback ? "--fallback-beacon-node-endpoints" : "--beacon-node-endpoints"
            found.append(
                finding(
                    .beaconNodeUnreachable, "Beacon node \(node.name) does not answer: \(why).",
                    cure: "Start it, or correct \(flag); in containers localhost is the container itself."))
        case .foreign(let why)?:
            found.append(
                finding(
                    .beaconNodeForeign, "Beacon node \(node.name) is of another chain than the cluster lock: \(why).",
                    cure: "Give a beacon node of the cluster's network."))
        case .syncing(let behind)?:
            found.append(
                finding(
                    .beaconNodeSyncing, "Beacon node \(node.name) is syncing, \(behind) slots behind.",
                    cure: "Wait, see its own log, or add one that follows the chain with"
                        + " --fallback-beacon-node-endpoints."))
        case .following(let behind)? where behind > behindMax:
            found.append(
                finding(
                    .beaconNodeBehind,
                    "Beacon node \(node.name) says that it follows the chain, and is \(behind) slots behind.",
                    cure: "See its log and its execution client's: a stuck client, a slow disk, or the machine slept."))
        case .following?, nil: break
        }
        if node.peers == 0 {
            found.append(
                finding(
                    .beaconNodeWithoutPeers, "Beacon node \(node.name) has no peers.",
                    cure: "See its port, its firewall and its clock, and its own log."))
        }
        if let version = node.version, let least = ClientVersions.outdated(beaconNode: version) {
            found.append(
                finding(
                    .beaconNodeOld, severity: .warning, "Beacon node \(node.name) is \(version), older than \(least).",
                    cure: "Update it: older versions lack the current fork, or what this node asks of them."))
        }
        return found
    }

    private static func beaconRules(_ facts: Facts) -> [Finding] {
        func finding(_ id: FindingID, _ severity: Finding.Severity, _ sentence: String, cure: String) -> Finding {
            Finding(id, .beaconNode, severity, sentence, cure: cure)
        }
        return facts.failing.sorted { $0.rawValue < $1.rawValue }.compactMap { rule -> Finding? in
            switch rule {
            case .beaconNodeLatency, .beaconNodeProposalLatency:
                // One finding for both.
                if rule == .beaconNodeProposalLatency, facts.failing.contains(.beaconNodeLatency) { return nil }
                return finding(
                    .beaconNodeSlow, .warning,
                    rule == .beaconNodeLatency
                        ? "One kind of call takes the beacon node more than 1 s on average."
                        : "Blocks take the beacon node more than 2 s on average.",
                    cure: "A beacon node close by with a fast disk; app_eth2_latency_seconds tells which call it is.")
            case .usingFallback:
                return finding(
                    .beaconNodeFallback, .warning, "Calls go to --fallback-beacon-node-endpoints.",
                    cure: "See why none of --beacon-node-endpoints answers.")
            case .headDelay:
                return finding(
                    .headsLate, .warning, "More than 4 % of the last hour's heads came later than 4 s into the slot.",
                    cure: "See the beacon node's peers, processor, disk and execution client.")
            case .registrationFailures:
                return finding(
                    .registrationsFail, .warning, "The beacon node refuses builder registrations.",
                    cure: "Give the beacon node a builder or mev-boost, or leave --builder-api out on all nodes.")
            case .proposalFeeRecipient:
                return finding(
                    .blockPaysOther, .error, "The beacon node's last block pays somebody else than the cluster says.",
                    cure: "See that no fee recipient of the beacon node's own overrides prepare_beacon_proposer.")
            case .localBlock where facts.node.usesBuilder:
                return finding(
                    .blocksLocal, .info, "The last block was the beacon node's own although --builder-api is set.",
                    cure: "See mev-boost and its relays, if it repeats.")
            case .localBlock, .beaconNodeSyncing, .connectedPeers, .pendingValidators, .highCardinality, .clockOffset,
                .pingLatency, .roundChanges, .consensusRounds, .parSigLatency, .parSigLatencyProposer,
                .syncHeadDisagreement, .memoryLeak:
                return nil
            }
        }
    }

    static func executionClients(_ facts: Facts) -> [Finding] {
        facts.beaconNodes.flatMap { node -> [Finding] in
            func finding(
                _ id: FindingID, _ severity: Finding.Severity, _ sentence: String, cure: String
            ) -> Finding {
                Finding(id, of: node.name, .executionClient, severity, sentence, cure: cure)
            }
            var found: [Finding] = []
            if node.isExecutionOffline {
                found.append(
                    finding(
                        .executionClientOffline, .error,
                        "Beacon node \(node.name) does not reach its execution client.",
                        cure: "Start the execution client, and see that both have the same JWT secret."))
            } else if node.isOptimistic, case .following? = node.state {
                found.append(
                    finding(
                        .executionClientBehind, .warning,
                        "The execution client of beacon node \(node.name) has not verified the head.",
                        cure: "Wait until it is synced; see its log if that lasts."))
            }
            if let version = node.executionVersion, let least = ClientVersions.outdated(executionClient: version) {
                found.append(
                    finding(
                        .executionClientOld, .warning,
                        "The execution client of beacon node \(node.name) is \(version), older than \(least).",
                        cure: "Update it."))
            }
            return found
        }
    }
}
