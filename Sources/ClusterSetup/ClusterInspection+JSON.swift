import Cluster
import SSZ

extension ClusterInspection {
    /// For programs: everything, unabbreviated. Ends without newline.
    package var json: String {
        let keys = publicKeys
        let value: JSONValue = [
            "source": .string(source),
            "kind": lock == nil ? "definition" : "lock",
            "ok": .bool(isSound),
            "name": .string(definition.name),
            "uuid": .string(definition.uuid),
            "version": .string(definition.version.rawValue),
            "timestamp": .string(definition.timestamp),
            "network": network.map { ["name": .string($0.name), "chain_id": JSONValue($0.chainID)] } ?? .null,
            "fork_version": .string(definition.forkVersion.hex),
            "threshold": JSONValue(definition.threshold),
            "dkg_algorithm": .string(definition.dkgAlgorithm),
            "consensus_protocol": .string(definition.consensusProtocol),
            "target_gas_limit": JSONValue(definition.targetGasLimit),
            "compounding": .bool(definition.compounding),
            "deposit_amounts_eth": .array(depositAmounts.map { .string($0) }),
            "config_hash": .string(definition.configHash.hex),
            "definition_hash": .string(definition.definitionHash.hex),
            "lock_hash": lock.map { .string($0.lockHash.hex) } ?? .null,
            "creator_address": .string(definition.creator.address),
            "operators": .array(
                operators.enumerated().map { i, item in
                    [
                        "index": JSONValue(i), "address": .string(item.address), "enr": .string(item.enr),
                        "peer_id": .string(item.peerID),
                    ]
                }),
            "validators": .array(
                definition.validators.enumerated().map { v, item in
                    [
                        "index": JSONValue(v),
                        "distributed_public_key": keys.indices.contains(v) ? .string(keys[v]) : .null,
                        "fee_recipient_address": .string(item.feeRecipient),
                        "withdrawal_address": .string(item.withdrawal),
                    ]
                }),
            "checks": .array(verification.checks.map(Self.json)),
        ]
        return value.text(indent: "  ")
    }

    private static func json(_ check: Check) -> JSONValue {
        let (result, reason) = check.words
        return [
            "check": .string(check.kind.rawValue), "subject": .string(check.subject),
            "result": .string(result.rawValue),
            "reason": .string(reason),
        ]
    }
}

extension Check {
    /// How a check came out, in words for people and programs.
    enum Verdict: String {
        case passed, failed, skipped
        case notChecked = "not checked"
    }

    /// The reason is empty when it passed.
    var words: (verdict: Verdict, reason: String) {
        switch result {
        case .passed: (.passed, "")
        case .skipped(let reason): (.skipped, reason)
        case .needsContract(_, let otherwise):
            (
                .notChecked,
                "\(Self.reason(otherwise)); if the account is a contract wallet, give"
                    + " --execution-client-rpc-endpoint to ask it"
            )
        case .failed(let error): (.failed, Self.reason(error))
        }
    }

    /// Without the field, which is the check's subject.
    private static func reason(_ error: ClusterError) -> String {
        switch error {
        case .verification(_, let reason), .field(_, let reason): reason
        default: "\(error)"
        }
    }
}
