import BeaconAPI
import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import ValidatorAPI

/// A recorded exchange as bytes on a connection: what `RecordedExchange` leaves out, duties, validators, what is passed
/// on, and HTTP itself. Source: shared/vectors/vapi.
struct RecordedTraffic: Sendable, CustomStringConvertible {
    let id: String
    /// All bytes that the client sent.
    let request: [UInt8]
    let target: String
    /// Nil if the connection was closed without an answer.
    let status: Int?
    let answerHeaders: HeaderFields
    let body: String
    /// What the beacon node said to Charon, where Charon's log tells.
    let upstreamStatus: Int?
    /// Of the recording's cluster: the fourth of four operators.
    let keys: KeyTranslation

    var description: String { id }

    /// Without version and number.
    var plainID: String { String((id.split(separator: " ").last ?? "").prefix { $0 != "#" }) }

    static let all: [RecordedTraffic] = ["v1.10.3", "v1.11-dev"].flatMap { version -> [RecordedTraffic] in
        guard let bytes = try? Vectors.data("vapi/charon-\(version).jsonl") else { return [] }
        let rows = bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONValue(parsing: $0) }
        let bodies = Dictionary(rows.map { ($0["id"]?.string ?? "", $0["response_body"]?.string ?? "") }) { a, _ in a }
        let clusters = Dictionary(uniqueKeysWithValues: ["a", "b"].map { ($0, cluster("\(version)-\($0)")) })
        return rows.filter { !RecordedExchange.isReplayed($0) }.compactMap { row in
            guard let keys = clusters[row["run"]?.string ?? ""] ?? nil else { return nil }
            return RecordedTraffic(row, "\(version) ", keys, bodies)
        }
    }

    private static func cluster(_ name: String) -> KeyTranslation? {
        guard let json = try? Vectors.json("vapi/cluster-\(name).json"), let roots = keys(json["root_keys"]) else {
            return nil
        }
        let shares = (json["public_shares"]?.array ?? []).compactMap(keys)
        let pairs = roots.enumerated().map { place, root in (root, shares.map { $0[place] }) }
        return KeyTranslation(validators: Dictionary(uniqueKeysWithValues: pairs), own: ShareIndex(PeerIndex(3)))
    }

    private static func keys(_ json: JSONValue?) -> [PubKey]? {
        json?.array?.compactMap { $0.string.flatMap { try? PubKey(hex: $0) } }
    }

    private init?(_ json: JSONValue, _ prefix: String, _ keys: KeyTranslation, _ bodies: [String: String]) {
        func fields(_ name: String) -> HeaderFields {
            HeaderFields(
                (json[name]?.array ?? []).compactMap { pair in
                    guard let name = pair.array?.first?.string, let value = pair.array?.last?.string else { return nil }
                    return HeaderFields.Field(name, value)
                })
        }
        guard let id = json["id"]?.string, let method = json["method"]?.string, let target = json["path"]?.string else {
            return nil
        }
        self.id = prefix + id
        self.target = target
        self.keys = keys
        status = json["status"]?.integer.map { Int($0) }
        answerHeaders = fields("response_headers")
        body = json["response_body"]?.string ?? json["response_body_like"]?.string.flatMap { bodies[$0] } ?? ""
        upstreamStatus = json["log_reason"]?.string?.firstMatch(of: /failed with status (\d+)/).flatMap {
            Int($0.output.1)
        }
        if let raw = json["raw_request"]?.string {
            request = raw.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            return
        }
        var content = Array((json["request_body"]?.string ?? "").utf8)
        if let text = json["request_body_base64"]?.string {
            content = Data(base64Encoded: text).map { Array($0) } ?? []
        }
        let headers = fields("request_headers")
        let head = headers.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        let isOld = id.contains("odd.http.1.0")
        if headers["transfer-encoding"] == "chunked" {
            content = Array("\(String(content.count, radix: 16))\r\n".utf8) + content + Array("\r\n0\r\n\r\n".utf8)
        }
        request = Array("\(method) \(target) HTTP/1.\(isOld ? 0 : 1)\r\n\(head)\r\n".utf8) + content
    }

    /// A node that knows what the recorded answer says, and beacon nodes that say it.
    var backend: StubBackend {
        StubBackend {
            let rows = (try? JSONValue(parsing: body))?["data"]
            func rootKey(_ share: PubKey) -> PubKey { (try? keys.validator(of: share)) ?? share }
            $0.currentSlot = 0
            $0.attesters = (rows?.array ?? []).compactMap { row in
                var duty = try? AttesterDuty(json: row)
                if let share = duty?.pubKey { duty?.pubKey = rootKey(share) }
                return duty
            }
            $0.syncDuties = (rows?.array ?? []).compactMap { row in
                var duty = try? SyncDuty(json: row)
                if let share = duty?.pubKey { duty?.pubKey = rootKey(share) }
                return duty
            }
            $0.proposers = (rows?.array ?? []).compactMap { row in
                var duty = try? ProposerDuty(json: row)
                if let share = duty?.pubKey { duty?.pubKey = rootKey(share) }
                return duty
            }
            $0.validators = (rows?.array ?? rows.map { [$0] } ?? []).compactMap { row in
                var row = try? BeaconValidator(json: row)
                if let share = row?.validator.pubKey { row?.validator.pubKey = rootKey(share) }
                return row
            }
            let answer = ProxyResponse(
                status: upstreamStatus ?? 200, headers: answerHeaders,
                body: ProxyBody(chunks: [Array((upstreamStatus == nil ? body : #"{"code":404,"message":"x"}"#).utf8)]))
            $0.proxy = { _ in answer }
        }
    }
}
