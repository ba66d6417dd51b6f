import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport

@testable import DKG

/// A recorded key generation or edit, with all secrets and what came out of it.
struct RecordedCeremony {
    struct Missing: Error {}

    let recording: Recording
    let folder: String
    /// Of the cluster as it was, in an edit.
    let definition: Definition
    let old: LockFile?
    private let secrets: JSONValue
    private let keystores: JSONValue

    init(_ name: String) throws {
        recording = try Recording(name)
        folder = "dkg/\(name)"
        old =
            Vectors.has("\(folder)/old-cluster-lock.json")
            ? try LockFile(Lock(json: Vectors.data("\(folder)/old-cluster-lock.json"))) : nil
        definition =
            try old?.lock.definition ?? Definition(json: Vectors.data("\(folder)/definition.json"))
        secrets = try Vectors.json("\(folder)/test-keys.json")
        keystores = try Vectors.json("\(folder)/keystores.json")
    }

    var isFrost: Bool { secrets["frost"] != nil }

    /// As secrets and keystores are named.
    private func node(_ own: ParticipantIndex) -> String { "\(recording.nodes[own])" }

    func plan(_ own: ParticipantIndex) throws -> CeremonyPlan {
        if let old { return try plan(own, editing: old) }
        return try CeremonyPlan(
            definition, network: .hoodi, identity: recording.keys[own],
            release: recording.version == .v1 ? .v1_10 : .v1_11, timeout: .seconds(60))
    }

    /// The polynomials and nonces of a node.
    func frostSecrets(_ own: ParticipantIndex) throws -> [(
        coefficients: [SecretKey], nonce: SecretKey
    )] {
        try (secrets["frost"]?[node(own)]?.array ?? []).map { entry in
            (try (entry["coefficients"]?.array ?? []).map(Self.key), try Self.key(entry["nonce"]))
        }
    }

    func nodeKey(_ own: ParticipantIndex) throws -> SecretKey {
        try Self.key(secrets["pedersen"]?[node(own)]?["node_private_key"])
    }

    /// The polynomial of a node in one run, and the randomness of its encryption to the others, by ascending index.
    ///
    /// - Parameter seat: where we receive; nil if we leave.
    /// - Returns: nil if the node has nothing to deal.
    func dealing(_ own: ParticipantIndex, run: Int, seat: Int?) throws -> PedersenDealing? {
        guard let entry = secrets["pedersen"]?[node(own)]?["runs"]?.array?[run] else { throw Missing() }
        guard let coefficients = try entry["coefficients"]?.array?.map(Self.key), !coefficients.isEmpty
        else { return nil }
        var ephemerals = try (entry["ecies"]?.array ?? []).map { try Self.key($0["r"]) }
        // Nobody encrypts to themselves.
        if let seat { ephemerals.insert(SecretKey.random(), at: seat) }
        return try PedersenDealing(coefficients: coefficients, ephemerals: ephemerals)
    }

    /// The key shares of a node, by validator.
    func shares(_ own: ParticipantIndex) throws -> [[UInt8]] {
        try (keystores[node(own)]?.array ?? []).map { try Self.key($0).exposedBytes() }
    }

    // MARK: Edits

    private func plan(_ own: ParticipantIndex, editing old: LockFile) throws -> CeremonyPlan {
        guard let new = recording.lock else { throw Missing() }
        let identity = recording.keys[own]
        let shares = try secrets["old_share_secrets"]?[node(own)]?.array?.map(Self.key)
        guard recording.name.hasPrefix("add-validators") else {
            let plan = try ResharePlan(edit(old.lock, new), old, identity: identity.publicKey)
            return CeremonyPlan(
                reshare: plan, shares: shares, network: .hoodi, identity: identity, release: .v1_11)
        }
        var request = ValidatorAddition.Request()
        let added = new.definition.validators.dropFirst(old.lock.validators.count)
        request.count = added.count
        request.feeRecipients = added.map(\.feeRecipient)
        request.withdrawals = added.map(\.withdrawal)
        let addition = try ValidatorAddition(
            request, old, customNetwork: nil, identity: identity.publicKey)
        let base = isFrost ? "frost-v1.11-dev" : "pedersen-v1.11-dev"
        guard let directory = Vectors.root?.appendingPathComponent("dkg/\(base)").path else {
            throw Missing()
        }
        let files = try DepositDataFile.load(
            directory, amounts: addition.amounts, network: .hoodi, validators: old.lock.validators)
        return try CeremonyPlan(
            addition: addition, shares: shares, depositFiles: files, identity: identity, release: .v1_11)
    }

    /// The flags the recording was made with.
    private func edit(_ old: Lock, _ new: Lock) throws -> ReshareEdit {
        let (old, new) = (old.definition.operators.map(\.enr), new.definition.operators.map(\.enr))
        return switch recording.name {
        case "add-operators": .addOperators(enrs: Array(new.dropFirst(old.count)))
        case "replace-operator": .replaceOperator(old: old[1], new: new[1])
        case "remove-operators": .removeOperators(enrs: [old[1]], participating: [], threshold: nil)
        case "recreate-private-keys": .recreatePrivateKeys
        default: throw Missing()
        }
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
