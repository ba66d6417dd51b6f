import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport

@testable import DKG

/// A recorded key generation with all secrets and what came out of it.
struct RecordedCeremony {
    struct Missing: Error {}

    let recording: Recording
    let folder: String
    let definition: Definition
    private let secrets: JSONValue
    private let keystores: JSONValue

    init(_ name: String) throws {
        recording = try Recording(name)
        folder = "dkg/\(name)"
        definition = try Definition(json: Vectors.data("\(folder)/definition.json"))
        secrets = try Vectors.json("\(folder)/test-keys.json")
        keystores = try Vectors.json("\(folder)/keystores.json")
    }

    var isFrost: Bool { secrets["frost"] != nil }

    func plan(_ own: ParticipantIndex) throws -> CeremonyPlan {
        try CeremonyPlan(
            definition, network: .hoodi, identity: recording.keys[own],
            release: recording.version == .v1 ? .v1_10 : .v1_11, timeout: .seconds(60))
    }

    /// The polynomials and nonces of a node.
    func frostSecrets(_ own: ParticipantIndex) throws -> [(coefficients: [SecretKey], nonce: SecretKey)] {
        try (secrets["frost"]?["\(own)"]?.array ?? []).map { entry in
            (try (entry["coefficients"]?.array ?? []).map(Self.key), try Self.key(entry["nonce"]))
        }
    }

    func nodeKey(_ own: ParticipantIndex) throws -> SecretKey {
        try Self.key(secrets["pedersen"]?["\(own)"]?["node_private_key"])
    }

    /// The polynomial of a node in one run, and the randomness of its encryption to the others, by ascending index.
    func dealing(_ own: ParticipantIndex, run: Int) throws -> PedersenDealing {
        guard let entry = secrets["pedersen"]?["\(own)"]?["runs"]?.array?[run] else { throw Missing() }
        let coefficients = try (entry["coefficients"]?.array ?? []).map(Self.key)
        var ephemerals = try (entry["ecies"]?.array ?? []).map { try Self.key($0["r"]) }
        // Nobody encrypts to themselves.
        ephemerals.insert(SecretKey.random(), at: own)
        return try PedersenDealing(coefficients: coefficients, ephemerals: ephemerals)
    }

    /// The key shares of a node, by validator.
    func shares(_ own: ParticipantIndex) throws -> [[UInt8]] {
        try (keystores["\(own)"]?.array ?? []).map { try Self.key($0).exposedBytes() }
    }

    private static func key(_ value: JSONValue?) throws -> SecretKey {
        guard let text = value?.string else { throw Missing() }
        let digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
        return try SecretKey(bytes: Hex.decode("0x" + digits, bytesMax: 32))
    }

    /// What a node said by reliable broadcast.
    func broadcast(_ id: BroadcastID, of own: ParticipantIndex) throws -> PackedMessage {
        for stream in recording.streams(recording.version.signProtocol) where stream.from == own {
            let request = try BroadcastSignRequest(decoding: stream.message(), valueBytesMax: 1 << 20)
            if request.id == id.rawValue { return request.message }
        }
        throw Missing()
    }
}
