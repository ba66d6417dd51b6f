import Ethereum
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import PeerProtocols

/// What real Charon nodes sent in one recording: shared/vectors/wire/<version>, and wire2 for more.
struct WireCapture: Sendable, CustomTestStringConvertible {
    /// One stream: everything its sender wrote.
    struct Line: Sendable {
        let number: Int
        let protocolID: String
        /// The protobuf, without its length prefix.
        let message: [UInt8]
        let dutyType: Int
        let slot: UInt64
        /// What the other side wrote back, likewise; empty if nothing was recorded.
        let answer: [UInt8]
        /// The uvarint prefix covered exactly the rest.
        let isExactlyFramed: Bool
    }

    let version: String
    let lines: [Line]
    /// From the operators' ENRs.
    let operators: [Secp256k1.PublicKey]
    let operatorKeys: [PrivateKey]
    /// By validator.
    let pubKeys: [PubKey]
    let publicShares: [[PubShare]]
    /// By peer, then validator: 32 bytes.
    let shareKeys: [[[UInt8]]]
    let lockHash: [UInt8]

    var testDescription: String { version }

    static let versions: [String] = Vectors.files(in: "wire", withExtension: "jsonl").compactMap { path in
        path.split(separator: "/").dropFirst().first.map(String.init)
    }

    static let all: [WireCapture] = versions.compactMap { try? WireCapture($0) }

    /// Of whole participants, by folder in wire2.
    static let participants: [WireCapture] = [
        "charon-v1.10.3-infosync", "charon-v1.11-dev-infosync", "charon-v1.11-dev-lists",
    ]
    .compactMap { try? WireCapture($0, in: "wire2") }

    init(_ version: String, in folder: String = "wire") throws {
        self.version = version
        let text = String(decoding: try Vectors.data("\(folder)/\(version)/messages.jsonl"), as: UTF8.self)
        lines = try text.split(separator: "\n").enumerated().map { number, line in
            try Line(number: number + 1, try JSONValue(parsing: String(line)))
        }
        let lock = try Vectors.json("\(folder)/\(version)/cluster-lock.json")
        lockHash = try Hex.decode(lock.text("lock_hash"), bytesMax: 32)
        operators = try lock.member("cluster_definition").list("operators").map {
            try Self.identity(enr: $0.text("enr"))
        }
        let validators = try lock.list("distributed_validators")
        pubKeys = try validators.map { try PubKey(hex: $0.text("distributed_public_key")) }
        publicShares = try validators.map { try $0.list("public_shares").map { try PubShare(hex: $0.string ?? "") } }
        let keys = try Vectors.json("\(folder)/\(version)/test-keys.json")
        operatorKeys = try keys.list("enr_private_keys").map {
            try PrivateKey(Hex.decode($0.string ?? "", bytesMax: 32))
        }
        shareKeys = try keys.list("share_private_keys").map {
            try ($0.array ?? []).map { try Hex.decode($0.string ?? "", bytesMax: 32) }
        }
    }

    func lines(_ protocolID: String) -> [Line] { lines.filter { $0.protocolID == protocolID } }

    /// The value of the record's `secp256k1` pair: RLP's header of 33 bytes, then the compressed point.
    private static func identity(enr: String) throws -> Secp256k1.PublicKey {
        var base64 = enr.dropFirst("enr:".count).replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        let record = [UInt8](Data(base64Encoded: String(base64)) ?? Data())
        let name = Array("secp256k1".utf8) + [0xa1]
        let found = record.indices.first { record[$0...].starts(with: name) }
        return try Secp256k1.PublicKey(record.dropFirst((found ?? record.count) + name.count).prefix(33))
    }
}

extension WireCapture.Line {
    init(number: Int, _ json: JSONValue) throws {
        self.number = number
        protocolID = try json.text("protocol")
        dutyType = Int(exactly: try json.member("duty_type").uint64 ?? 0) ?? 0
        slot = try json.member("slot").uint64 ?? 0
        (message, isExactlyFramed) = Self.unframed(try json.text("data"))
        answer = json.object?["answer"].flatMap(\.string).map { Self.unframed($0).body } ?? []
    }

    private static func unframed(_ base64: String) -> (body: [UInt8], isExact: Bool) {
        let bytes = [UInt8](Data(base64Encoded: base64) ?? Data())
        var length = 0
        var prefix = 0
        while prefix < min(bytes.count, 5) {
            length |= Int(bytes[prefix] & 0x7f) << (7 * prefix)
            prefix += 1
            if bytes[prefix - 1] < 0x80 { break }
        }
        let body = Array(bytes.dropFirst(prefix))
        return (body, prefix > 0 && length == body.count)
    }
}

extension JSONValue {
    struct WrongKind: Error { let name: String }

    func text(_ name: String) throws -> String {
        guard let text = try member(name).string else { throw WrongKind(name: name) }
        return text
    }

    func list(_ name: String) throws -> [JSONValue] {
        guard let list = try member(name).array else { throw WrongKind(name: name) }
        return list
    }
}
