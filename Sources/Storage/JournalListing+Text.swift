import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ

extension JournalListing {
    /// A line each, indented by what belongs to what.
    package var lines: [String] {
        let share = binding.share.map { "share \($0)" } ?? "no operator's yet"
        var lines = [
            "\(path): schema \(schema), made \(createdAt.map(Self.time) ?? "by the first version"), \(share)",
            "cluster lock \(binding.lockHash), chain \(binding.genesisValidatorsRoot)",
        ]
        if let backupAt { lines.append("a backup of \(Self.time(backupAt))") }
        if let halt { lines.append("halted in duty \(halt.duty): \(halt.seen)") }
        for row in duties where !row.isEmpty {
            lines.append("duty \(row.duty)\(row.isClosed ? ", over" : "")")
            lines += row.votes.map { "  voted    \($0.kind.name) in round \($0.round) for \($0.value)" }
            lines += row.decided.map { "  decided  \($0.validator): \($0.summary)" }
            lines += row.signed.map {
                "  signed   \($0.key): \($0.summary), root \($0.root), \($0.status.name), \(Self.time($0.at))"
            }
            lines += row.peers.map { peer in
                "  peers    \(peer.key): shares \(peer.shares.map { String($0) }.joined(separator: ", "))"
            }
            lines += row.aggregated.map { "  group    \($0.key): \($0.isBroadcast ? "broadcast" : "not broadcast")" }
        }
        for pubKey in history.validators.sorted() {
            let vote = history.attestations[pubKey].map { "vote \($0.source) → \($0.target)" }
            let block = history.proposals[pubKey].map { "block of slot \($0.slot)" }
            lines.append("highest  \(pubKey): \([vote, block].compactMap(\.self).joined(separator: ", "))")
        }
        return lines
    }

    /// Times are RFC 3339, numbers of the chain decimal strings as in the Beacon API.
    package var json: JSONValue {
        let halted = halt.map { halt -> JSONValue in
            ["duty": .string("\(halt.duty)"), "seen": .string(halt.seen)]
        }
        let highest = history.validators.sorted().map { pubKey -> JSONValue in
            let (vote, block) = (history.attestations[pubKey], history.proposals[pubKey])
            return [
                "pubkey": pubKey.json(), "source_epoch": vote?.source.json() ?? .null,
                "target_epoch": vote?.target.json() ?? .null, "block_slot": block?.slot.json() ?? .null,
            ]
        }
        return [
            "file": .string(path), "schema": JSONValue(schema),
            "created_at": Self.json(createdAt), "backup_at": Self.json(backupAt),
            "lock_hash": binding.lockHash.json(), "genesis_validators_root": binding.genesisValidatorsRoot.json(),
            "share_index": binding.share.map { JSONValue($0.rawValue) } ?? .null, "halted": halted ?? .null,
            "duties": .array(duties.filter { !$0.isEmpty }.map(\.json)), "highest": .array(highest),
        ]
    }

    static func time(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: TimeInterval(instant.unixSeconds)).formatted(.iso8601)
    }

    private static func json(_ instant: Instant?) -> JSONValue { instant.map { .string(time($0)) } ?? .null }
}

extension JournalListing.Row {
    fileprivate var json: JSONValue {
        let votes = votes.map { vote -> JSONValue in
            ["kind": .string(vote.kind.name), "round": JSONValue(vote.round), "value": vote.value.json()]
        }
        let decided = decided.map { row -> JSONValue in
            ["pubkey": row.validator.json(), "value": .string(row.summary)]
        }
        let signed = signed.map { row in
            Self.json(
                row.key,
                [
                    ("root", row.root.json()), ("status", .string(row.status.name)),
                    ("at", .string(JournalListing.time(row.at))), ("object", .string(row.summary)),
                ])
        }
        let peers = peers.map { Self.json($0.key, [("shares", .array($0.shares.map { JSONValue($0) }))]) }
        let group = aggregated.map { Self.json($0.key, [("broadcast", .bool($0.isBroadcast))]) }
        return [
            "slot": duty.slot.json(), "duty": .string(duty.type.name), "over": .bool(isClosed),
            "votes": .array(votes), "decided": .array(decided), "signed": .array(signed), "peers": .array(peers),
            "group": .array(group),
        ]
    }

    private static func json(_ key: EntryKey, _ rest: [(String, JSONValue)]) -> JSONValue {
        .object(
            JSONObject([("pubkey", key.pubKey.json()), ("subcommittee", JSONValue(key.subcommittee))] + rest))
    }
}

extension QBFT.Message.Kind {
    fileprivate var name: String {
        switch self {
        case .prePrepare: "pre_prepare"
        case .prepare: "prepare"
        case .commit: "commit"
        case .roundChange: "round_change"
        case .decided: "decided"
        }
    }
}

extension PartialStatus {
    fileprivate var name: String {
        switch self {
        case .internal: "internal"
        case .broadcasted: "broadcasted"
        case .aggregated: "aggregated"
        case .expired: "expired"
        }
    }
}

extension UnsignedData {
    /// What it is, in a line.
    var sentence: String {
        switch self {
        case .attester(let data, _): data.sentence
        case .proposal(let proposal): "\(proposal.isBlinded ? "blinded block" : "block") \(proposal.messageRoot)"
        case .aggregate(let aggregate): "aggregate of \(aggregate.data.sentence)"
        case .contributions(let contributions):
            "contributions of subcommittees "
                + contributions.all.map { String($0.subcommitteeIndex) }.joined(separator: ", ")
        }
    }
}

extension SignedData {
    /// What it is, in a line.
    var sentence: String {
        switch self {
        case .attestation(let attestation): attestation.data.sentence
        case .proposal(let signed): "\(signed.isBlinded ? "blinded block" : "block") of slot \(signed.slot)"
        case .exit(let signed): "exit of epoch \(signed.message.epoch)"
        case .registration: "builder registration"
        case .randao(let signed): "randao reveal of epoch \(signed.epoch)"
        case .committeeSelection: "selection proof"
        case .aggregateAndProof(let signed): "aggregate of \(signed.aggregate.data.sentence)"
        case .syncMessage(let message): "head \(message.beaconBlockRoot)"
        case .syncSelection(let selection): "selection proof of subcommittee \(selection.subcommitteeIndex)"
        case .contributionAndProof(let signed):
            "contribution of subcommittee \(signed.message.contribution.subcommitteeIndex)"
        }
    }
}

extension AttestationData {
    fileprivate var sentence: String {
        "vote \(source.epoch) → \(target.epoch), head \(beaconBlockRoot)"
    }
}
