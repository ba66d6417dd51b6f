import Cluster
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

/// A ceremony of real Charon nodes, complete on the wire: shared/vectors/dkg/<name>, described in its README.
struct Recording: Sendable, CustomTestStringConvertible {
    /// One stream: everything that its ends wrote.
    struct Stream: Sendable {
        let line: Int
        let began: Double
        let ended: Double
        let kind: CeremonyProtocol
        /// Places in the list of participants.
        let from: ParticipantIndex
        let to: ParticipantIndex
        let request: [UInt8]
        let response: [UInt8]
    }

    let name: String
    let streams: [Stream]
    /// Operators that take part, in participant order: they are fewer than the lock's if one was removed.
    let nodes: [Int]
    /// By participant.
    let keys: [PrivateKey]
    let definitionHash: Bytes32
    /// What reliable broadcasts are bound to.
    let session: Bytes32
    /// Before, if the recording changes it.
    let threshold: Int
    /// Of this ceremony: new ones, or all that are reshared.
    let validators: Int
    /// The lock that resulted.
    let lock: Lock?

    var testDescription: String { name }
    var identities: [Secp256k1.PublicKey] { keys.map(\.publicKey) }
    /// Share index of a participant: its operator's, also where operators are missing.
    func share(_ participant: ParticipantIndex) -> Int { nodes[participant] + 1 }
    /// As the nodes announce; only one recording is of the older release throughout.
    var minorVersion: String { name == "frost-v1.10.3" ? "v1.10" : "v1.11" }
    var version: BroadcastVersion { name == "frost-v1.10.3" ? .v1 : .v2 }

    static let names: [String] = Set(
        Vectors.files(in: "dkg").compactMap { path -> String? in
            let parts = path.split(separator: "/")
            return parts.count == 3 && parts[2].hasPrefix("messages.jsonl") ? String(parts[1]) : nil
        }
    ).sorted()
    static let all: [Recording] = names.compactMap { try? Recording($0) }
    static let complete: [Recording] = all.filter { !$0.name.hasPrefix("sync-") }
    static var areThere: Bool { Vectors.has("dkg") }

    init(_ name: String) throws {
        self.name = name
        let folder = "dkg/\(name)"
        let isPacked = Vectors.has("\(folder)/messages.jsonl.gz")
        let file = try Vectors.data("\(folder)/messages.jsonl\(isPacked ? ".gz" : "")")
        let lines = try isPacked ? gunzip(file) : file

        let secrets = try Vectors.json("\(folder)/test-keys.json").member("enr_private_keys").object ?? JSONObject()
        let operators = (0..<16).filter { secrets["\($0)"] != nil }
        nodes = operators
        keys = try operators.map { try PrivateKey(Hex.decode(secrets["\($0)"]?.string ?? "", bytesMax: 32)) }

        streams = try String(decoding: lines, as: UTF8.self).split(separator: "\n").enumerated().map { number, line in
            try Stream(line: number + 1, try JSONValue(parsing: String(line)), nodes: operators)
        }
        let hasLock = Vectors.has("\(folder)/cluster-lock.json")
        lock = try hasLock ? Lock(json: Vectors.data("\(folder)/cluster-lock.json")) : nil
        guard Vectors.has("\(folder)/old-cluster-lock.json") else {
            let definition = try Vectors.json("\(folder)/definition.json")
            definitionHash = try definition.hash("definition_hash")
            session = definitionHash
            threshold = try definition.number("threshold")
            validators = try definition.number("num_validators")
            return
        }
        let old = try Vectors.json("\(folder)/old-cluster-lock.json")
        let definition = try old.member("cluster_definition")
        definitionHash = try definition.hash("definition_hash")
        threshold = try definition.number("threshold")
        let before = try definition.number("num_validators")
        if name.hasPrefix("add-validators") {
            session = definitionHash
            validators = (lock?.validators.count ?? before) - before
        } else {
            session = try old.hash("lock_hash")
            validators = before
        }
    }

    func streams(_ kinds: CeremonyProtocol...) -> [Stream] { streams.filter { kinds.contains($0.kind) } }
}

extension Recording.Stream {
    struct Unknown: Error {}

    init(line: Int, _ json: JSONValue, nodes: [Int]) throws {
        self.line = line
        guard let kind = CeremonyProtocol(rawValue: json["protocol"]?.string ?? ""),
            let from = nodes.firstIndex(of: try json.number("from")),
            let to = nodes.firstIndex(of: try json.number("to"))
        else { throw Unknown() }
        self.kind = kind
        self.from = from
        self.to = to
        began = try Self.seconds(json.member("t"))
        ended = try Self.seconds(json.member("t_end"))
        request = [UInt8](Data(base64Encoded: json["request"]?.string ?? "") ?? Data())
        response = [UInt8](Data(base64Encoded: json["response"]?.string ?? "") ?? Data())
    }

    private static func seconds(_ json: JSONValue) throws -> Double {
        guard case .number(let text) = json, let seconds = Double(text) else { throw Unknown() }
        return seconds
    }

    /// The one message of a stream, whose length prefix covers exactly the rest.
    func message() throws -> [UInt8] { try Self.unframed(request) }
    func answer() throws -> [UInt8] { try Self.unframed(response) }

    private static func unframed(_ bytes: [UInt8]) throws -> [UInt8] {
        var (length, prefix) = (0, 0)
        repeat {
            guard prefix < bytes.count, prefix < 5 else { throw Unknown() }
            length |= Int(bytes[prefix] & 0x7f) << (7 * prefix)
            prefix += 1
        } while bytes[prefix - 1] >= 0x80
        guard length == bytes.count - prefix else { throw Unknown() }
        return Array(bytes.dropFirst(prefix))
    }

    /// The messages of a sync stream in one direction, nothing left over.
    static func frames(_ bytes: [UInt8]) throws -> [[UInt8]] {
        var frames = SyncFrames(bytesMax: SyncResponse.bytesMax)
        let messages = try frames.receive(bytes)
        guard messages.map(SyncFrames.frame).reduce([], +) == bytes else { throw Unknown() }
        return messages
    }
}

extension JSONValue {
    struct WrongKind: Error { let name: String }

    func hash(_ name: String) throws -> Bytes32 { try Bytes32(hex: text(name)) }

    func text(_ name: String) throws -> String {
        guard let text = try member(name).string else { throw WrongKind(name: name) }
        return text
    }

    func number(_ name: String) throws -> Int {
        guard let number = try member(name).uint64.flatMap(Int.init(exactly:)) else { throw WrongKind(name: name) }
        return number
    }
}
