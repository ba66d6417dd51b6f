import BLS
import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

/// A recorded edit of Charon's: the lock before and after, and who had which keys. See vectors/dkg/README.md.
struct RecordedEdit: Sendable {
    static let isThere = Vectors.has("dkg/add-operators/messages.jsonl")

    let old: LockFile
    let newBytes: [UInt8]
    let new: Lock
    /// By node number: a position in the new operator list, or in the old lock where operators leave.
    let identities: [Int: Secp256k1.PrivateKey]
    /// New ones, validator order.
    let shares: [Int: [SecretKey]]
    let oldShares: [Int: [SecretKey]]
    private let folder: String

    init(_ name: String) throws {
        folder = "dkg/\(name)"
        old = try LockFile(Lock(json: Vectors.data("\(folder)/old-cluster-lock.json")))
        newBytes = try Vectors.data("\(folder)/cluster-lock.json")
        new = try Lock(json: newBytes)
        let keys = try Vectors.json("\(folder)/test-keys.json")
        identities = try Self.byNode(keys["enr_private_keys"]) {
            try Secp256k1.PrivateKey(Hex.decode(#require($0.string), bytesMax: 32))
        }
        shares = try Self.byNode(Vectors.json("\(folder)/keystores.json"), Self.secrets)
        oldShares = try Self.byNode(keys["old_share_secrets"], Self.secrets)
    }

    var enrs: (old: [String], new: [String]) {
        (old.lock.definition.operators.map(\.enr), new.definition.operators.map(\.enr))
    }

    func file(_ name: String) throws -> [UInt8] { try Vectors.data("\(folder)/\(name)") }

    private static func secrets(_ json: JSONValue) throws -> [SecretKey] {
        try #require(json.array).map { try SecretKey(bytes: Hex.decode(#require($0.string), bytesMax: 32)) }
    }

    private static func byNode<Value>(
        _ json: JSONValue?, _ read: (JSONValue) throws -> Value
    ) throws -> [Int: Value] {
        var result: [Int: Value] = [:]
        for (name, value) in try #require(json?.object).members { result[try #require(Int(name))] = try read(value) }
        return result
    }
}
