/// The other operators, and the relays by which they are met.
extension Examination {
    static func peers(_ facts: Facts) -> [Finding] {
        let connected = facts.peers.count(where: \.isConnected)
        var found: [Finding] = []
        if connected < facts.peersNeeded {
            found.append(
                Finding(
                    .peersBelowQuorum, .peers, .error,
                    "\(connected) of \(facts.peers.count) other operators are connected, and signing takes"
                        + " \(facts.peersNeeded).",
                    cure: "Compare --p2p-relays with the others, open the port of --p2p-tcp-address, or name addresses"
                        + " with --p2p-peers; if this node reaches nobody, the fault is here."))
        }
        for peer in facts.peers {
            found += self.peer(peer, hasSpare: connected > facts.peersNeeded, facts.node.usesBuilder)
        }
        func rule(_ rule: HealthRule, _ id: FindingID, _ sentence: String, cure: String) {
            guard facts.failing.contains(rule) else { return }
            found.append(Finding(id, .peers, .warning, sentence, cure: cure))
        }
        rule(
            .pingLatency, .peersSlow, "Pings of an operator take more than 150 ms on average.",
            cure: "/debug/peers tells whose; a direct connection is faster than a relay: open a port at one end.")
        rule(
            .parSigLatency, .signaturesLate,
            "An operator's signatures for votes come more than 2 s after they should on average.",
            cure: "core_parsigdb_store tells whose; see that operator's beacon node and validator client.")
        if !facts.failing.contains(.parSigLatency) {
            rule(
                .parSigLatencyProposer, .signaturesLate,
                "An operator's signatures for blocks come more than 3 s after they should on average.",
                cure: "core_parsigdb_store tells whose; see that operator's beacon node and validator client.")
        }
        rule(
            .syncHeadDisagreement, .syncHeadsDiffer,
            "More than 5 % of an operator's sync messages of the last hour were for another head than most.",
            cure: "core_tracker_parsig_cohort_rank_total tells whose; that operator's beacon node lags.")
        return found
    }

    private static func peer(_ peer: PeerFacts, hasSpare: Bool, _ usesBuilder: Bool) -> [Finding] {
        func finding(_ id: FindingID, _ severity: Finding.Severity, _ sentence: String, cure: String) -> Finding {
            Finding(id, of: "\(peer.peer)", .peers, severity, sentence, cure: cure)
        }
        var found: [Finding] = []
        if !peer.isConnected {
            found.append(
                finding(
                    .peerMissing, .warning,
                    "\(peer.name) is not connected" + (peer.lastFailure.map { ": \($0)" } ?? "")
                        + (hasSpare ? "." : ", and none can be spared."),
                    cure: "Ask that operator; if all nodes miss the same one, the fault is there."))
        } else if peer.isAbsent {
            found.append(
                finding(
                    .peerNotSigning, .warning, "\(peer.name) is connected and signs nothing.",
                    cure: "Ask that operator about its validator client, signer and beacon node, and its /readyz."))
        }
        if peer.isTwin {
            found.append(
                finding(
                    .peerTwin, .error, "The identity of \(peer.name) runs in two processes: both may be slashed.",
                    cure: "That operator must stop one of them at once."))
        }
        if peer.isSupported == false {
            found.append(
                finding(
                    .peerVersion, .warning,
                    "\(peer.name) announces version \(peer.version ?? "?"), which does not fit.",
                    cure: "That operator should update."))
        }
        if peer.isSameCluster == false {
            found.append(
                finding(
                    .peerOtherCluster, .error, "\(peer.name) runs with another cluster lock than this node.",
                    cure: "Compare the lock_hash in both cluster-lock.json files, and use the newest everywhere."))
        }
        if let other = peer.usesBuilder, other != usesBuilder, peer.isConnected {
            found.append(
                finding(
                    .peerBuilderDiffers, .warning,
                    "\(peer.name) has --builder-api \(other ? "on" : "off"), this node has it \(other ? "off" : "on").",
                    cure: "All operators agree on one."))
        }
        return found
    }

    static func relays(_ facts: Facts) -> [Finding] {
        let reserved = facts.relays.count(where: \.isReserved)
        guard !facts.relays.isEmpty, reserved > 0 else {
            guard !facts.relays.isEmpty else { return [] }
            return [
                Finding(
                    .relaysNone, .relays, facts.node.listens ? .warning : .error,
                    "None of the \(facts.relays.count) relays holds a place for this node"
                        + (facts.relays.compactMap(\.problem).first.map { ": \($0)" } ?? "")
                        + (facts.node.listens ? "." : ", and it listens nowhere, so nobody can connect to it."),
                    cure:
                        "See that outgoing connections are allowed; add one to --p2p-relays, or run one: styx relay."
                )
            ]
        }
        return facts.relays.filter { !$0.isReserved }.map { relay in
            Finding(
                .relayMissing, of: relay.name, .relays, .info,
                "Relay \(relay.name) holds no place for this node" + (relay.problem.map { ": \($0)." } ?? "."),
                cure: "Nothing is lost while another relay does; if it lasts, replace it.")
        }
    }
}
