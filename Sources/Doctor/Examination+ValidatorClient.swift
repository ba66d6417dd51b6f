/// The validator client, by what it asks and what it never asks.
extension Examination {
    private static let failedShareMax = 10
    private static let requestsMin = 20

    static func validatorClient(_ facts: Facts) -> [Finding] {
        guard let client = facts.validatorClient else { return [] }
        func finding(
            _ id: FindingID, of subject: String = "", _ severity: Finding.Severity, _ sentence: String, cure: String
        ) -> Finding {
            Finding(id, of: subject, .validatorClient, severity, sentence, cure: cure)
        }
        if client.isSilent {
            return [
                finding(
                    .validatorClientSilent, .error,
                    "No validator client has asked this node anything for an epoch, so nothing is signed.",
                    cure: "Start it, and give it --validator-api-address as its beacon node; in containers listen on"
                        + " 0.0.0.0, and with --vc-tls-cert-file use https://.")
            ]
        }
        let name = client.agents.count == 1 ? client.agents.first.map { " (\($0))" } ?? "" : ""
        var found: [Finding] = []
        for (peer, count) in client.foreign.sorted(by: { $0.key < $1.key }) {
            found.append(
                finding(
                    .validatorClientForeignShares, of: "\(peer)", .error,
                    "The validator client\(name) has the key shares of operator-\(peer): \(count) requests came with"
                        + " them.",
                    cure: "Stop it at once, give it this operator's validator_keys alone, and never run two clients"
                        + " with one operator's shares."))
        }
        if client.badSignatures > 0, client.foreign.isEmpty {
            found.append(
                finding(
                    .validatorClientForeignShares, .error,
                    "\(client.badSignatures) requests of the validator client\(name) had signatures that are not of"
                        + " this operator's key shares.",
                    cure: "Give it this operator's validator_keys of this cluster; see that it knows the same network.")
            )
        }
        let attests = client.succeeded("submit_attestations", "submit_attestations_v2") > 0
        if client.epochs >= 1, attests, client.succeeded("aggregate_beacon_committee_selections") == 0 {
            found.append(
                finding(
                    .validatorClientNotDistributed, .warning,
                    "The validator client\(name) attests but never asks for aggregation proofs, so its distributed mode"
                        + " seems to be off.",
                    cure: "Turn it on: --distributed (Lighthouse, Lodestar, Nimbus, Prysm),"
                        + " --Xobol-dvt-integration-enabled (Teku)."))
        }
        let registers = client.succeeded("submit_validator_registration") > 0
        if client.epochs >= 1, attests, facts.node.usesBuilder != registers {
            found.append(
                finding(
                    .validatorClientBuilder, .info,
                    facts.node.usesBuilder
                        ? "This node has --builder-api, and the validator client\(name) registers no validator with"
                            + " builders."
                        : "The validator client\(name) registers validators with builders, and this node has no"
                            + " --builder-api.",
                    cure: "Set both alike: the cluster's own registrations are what counts, on all nodes alike."))
        }
        if let first = client.payments.first {
            found.append(
                finding(
                    .validatorClientFeeRecipient, .info,
                    "The validator client\(name) asks for another fee recipient than the cluster's for"
                        + " \(client.payments.count) validators, e.g. \(first.asked) instead of \(first.due) for"
                        + " \(first.validator).",
                    cure: "Nothing is paid there: the cluster's counts; set the client's fee recipient to it, or change"
                        + " the cluster's with styx feerecipient sign."))
        }
        let total = client.counts.values.reduce((requests: 0, failed: 0)) {
            ($0.requests + $1.requests, $0.failed + $1.failed)
        }
        if total.requests >= requestsMin, total.failed * failedShareMax > total.requests {
            let worst = client.counts.max { ($0.value.failed, $1.key) < ($1.value.failed, $0.key) }
            found.append(
                finding(
                    .validatorClientErrors, .warning,
                    "\(total.failed) of \(total.requests) requests of the validator client\(name) were not answered"
                        + " well, most often \(worst?.key ?? "").",
                    cure: "The text of the answers is in the client's log."))
        }
        if client.agents.count > 1 {
            found.append(
                finding(
                    .validatorClientsSeveral, .warning,
                    "Several validator clients ask this node: \(list(client.agents.sorted())).",
                    cure: "If more than one of them holds this operator's key shares, stop the others."))
        }
        return found
    }
}
