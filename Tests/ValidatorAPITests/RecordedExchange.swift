import BeaconAPI
import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import ValidatorAPI

/// What a real Charon node answered to one request. Source: shared/vectors/vapi.
struct RecordedExchange: Sendable, CustomStringConvertible {
    let id: String
    let method: String
    let target: String
    let headers: HeaderFields
    let body: [UInt8]
    let status: Int
    let answerHeaders: HeaderFields
    /// Null unless the answer was JSON.
    let answer: JSONValue

    var description: String { id }

    /// Recorded answers whose status is known and that were complete HTTP, by file.
    static let all: [RecordedExchange] = files.flatMap { file -> [RecordedExchange] in
        guard let bytes = try? Vectors.data(file) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? JSONValue(parsing: line)).flatMap { RecordedExchange($0, file) }
        }
    }

    private static let files = ["vapi/charon-v1.10.3.jsonl", "vapi/charon-v1.11-dev.jsonl"]

    /// Paths of duties that wait for the cluster, which other nodes' recordings do not script elsewhere.
    private static let paths = [
        "selections", "aggregate_attestation", "aggregate_and_proofs", "pool/sync_committees", "contribution",
        "validator/blocks/", "beacon/blocks", "beacon/blinded_blocks", "voluntary_exits", "attestation_data",
        "/eth/v2/beacon/pool/attestations",
    ]

    /// Whether an exchange is replayed from here; the others are `RecordedTraffic`.
    static func isReplayed(_ json: JSONValue) -> Bool {
        guard let target = json["path"]?.string else { return false }
        return json["raw_request"] == nil && paths.contains { target.contains($0) }
            && !target.contains("/eth/v2/beacon/blocks/") && !target.contains("/eth/v1/beacon/blocks/")
    }

    private init?(_ json: JSONValue, _ file: String) {
        func fields(_ name: String) -> HeaderFields {
            HeaderFields(
                (json[name]?.array ?? []).compactMap { pair in
                    guard let name = pair.array?.first?.string, let value = pair.array?.last?.string else { return nil }
                    return HeaderFields.Field(name, value)
                })
        }
        guard let id = json["id"]?.string, let method = json["method"]?.string, let target = json["path"]?.string,
            let status = json["status"]?.integer, Self.isReplayed(json)
        else { return nil }
        self.id = "\(file.contains("1.10") ? "v1.10" : "v1.11") \(id)"
        self.method = method
        self.target = target
        self.status = Int(status)
        headers = fields("request_headers")
        answerHeaders = fields("response_headers")
        answer = json["response_body"]?.string.flatMap { try? JSONValue(parsing: $0) } ?? .null
        if let text = json["request_body"]?.string {
            body = Array(text.utf8)
        } else {
            body = json["request_body_base64"]?.string.flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
        }
    }
}

extension RecordedExchange {
    /// One key for each validator of the chain.
    static func pubKey(_ index: ValidatorIndex) -> PubKey { PubKey(padding: [UInt8(index.rawValue), 1]) }

    /// A node that decided and signed what the recorded answer, or the submitted object, says.
    var backend: StubBackend {
        StubBackend {
            $0.currentSlot = 0
            $0.active = Dictionary(
                uniqueKeysWithValues: (0..<16).map { (ValidatorIndex($0), Self.pubKey(ValidatorIndex($0))) })
            $0.definitions = { duty in
                guard duty.type == .proposer else { return nil }
                return [Self.pubKey(0): .proposer(ProposerDuty())]
            }
            $0.attesters = attesters
            $0.attestationData = { _, _ in try AttestationData(json: data) }
            $0.decided = { try decided($0) }
            $0.signed = { duty, key in try signed(duty, key) }
        }
    }

    private var data: JSONValue { answer["data"] ?? .null }

    private var attesters: [AttesterDuty] {
        guard let json = try? JSONValue(parsing: body) else { return [] }
        return (json.array ?? []).compactMap { try? SingleAttestation(json: $0) }.map { single in
            var row = AttesterDuty()
            row.slot = single.data.slot
            row.committeeIndex = single.committeeIndex
            row.validatorIndex = single.attesterIndex
            row.pubKey = Self.pubKey(single.attesterIndex)
            return row
        }
    }

    private func decided(_ selector: ValueSelector) throws -> UnsignedData {
        switch selector {
        case .attestation: return .attester(try AttestationData(json: data), AttesterDuty())
        case .aggregate:
            return .aggregate(try VersionedAttestation(fork: .fulu, form: .electra(AttestationElectra(json: data))))
        case .contribution: return .contributions(Contributions(try SyncCommitteeContribution(json: data)))
        case .proposal:
            if method == "GET" {
                let isBlinded = answer["execution_payload_blinded"] == true
                return .proposal(try VersionedProposal(fork: .fulu, blinded: isBlinded, json: data))
            }
            let isBlinded = target.contains("blinded")
            let signed =
                headers["Content-Type"] == MediaType.ssz
                ? try VersionedSignedProposal(fork: .fulu, blinded: isBlinded, objectBytes: body)
                : try VersionedSignedProposal(fork: .fulu, blinded: isBlinded, json: JSONValue(parsing: body))
            return .proposal(signed.proposal)
        }
    }

    private func signed(_ duty: Duty, _ key: EntryKey) throws -> SignedData {
        for row in data.array ?? [] {
            if duty.type == .prepareSyncContribution {
                let selection = try SyncCommitteeSelection(json: row)
                let entry = EntryKey(Self.pubKey(selection.validatorIndex), subcommittee: selection.subcommitteeIndex)
                if selection.slot == duty.slot, entry == key { return .syncSelection(selection) }
            } else {
                let selection = try BeaconCommitteeSelection(json: row)
                guard selection.slot == duty.slot, Self.pubKey(selection.validatorIndex) == key.pubKey else { continue }
                return .committeeSelection(selection)
            }
        }
        throw ValidatorAPIRefusal.notFound("not recorded")
    }
}
