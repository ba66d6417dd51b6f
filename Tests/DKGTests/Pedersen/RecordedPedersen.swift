import BLS
import Cluster
import SSZ
import TestSupport

@testable import DKG

/// The Pedersen part of a recording: who dealt to whom, with which secrets, and what they sent.
struct RecordedPedersen {
    struct Unreadable: Error {}

    let recording: Recording
    private let nodes: [PedersenNode]
    private let threshold: Int
    private let old: (threshold: Int, validators: [DistributedValidator])?
    private let secrets: JSONValue
    private let oldSecrets: JSONValue?
    private let stored: JSONValue

    init(_ recording: Recording) throws {
        self.recording = recording
        let folder = "dkg/\(recording.name)"
        let file = try Vectors.json("\(folder)/test-keys.json")
        secrets = try file.member("pedersen")
        // Added validators get keys of their own.
        oldSecrets = recording.name.hasPrefix("add-validators") ? nil : file["old_share_secrets"]
        stored = try Vectors.json("\(folder)/keystores.json")
        threshold = try Vectors.json("\(folder)/cluster-lock.json").member("cluster_definition").number("threshold")
        let (secrets, oldSecrets) = (secrets, oldSecrets)
        nodes = try recording.nodes.enumerated().map { participant, node in
            PedersenNode(
                participant: participant, index: node,
                key: try PublicKey(Bytes48(hex: secrets.member("\(node)").text("node_public_key"))),
                deals: oldSecrets == nil || oldSecrets?["\(node)"] != nil)
        }
        old =
            oldSecrets == nil
            ? nil
            : (recording.threshold, try Lock(json: Vectors.data("\(folder)/old-cluster-lock.json")).validators)
    }

    func nodeKey(_ participant: ParticipantIndex) throws -> SecretKey {
        try own(participant).secret("node_private_key")
    }

    func nonce(_ run: Int, of participant: ParticipantIndex) throws -> Bytes32 {
        try drawn(run, participant).hash("nonce")
    }

    func encryptions(_ run: Int, of participant: ParticipantIndex) throws -> [JSONValue] {
        try drawn(run, participant)["ecies"]?.array ?? []
    }

    /// A node's run with what it drew.
    func run(_ number: Int, of participant: ParticipantIndex) throws -> PedersenRun {
        let roster = try PedersenRoster(nodes, own: participant, threshold: threshold, oldThreshold: old?.threshold)
        var dealing: PedersenDealing?
        if roster.own.deals {
            var ephemerals = try encryptions(number, of: participant).map { try $0.secret("r") }
            // None for itself.
            if let receiver = roster.receiver(roster.own) {
                ephemerals.insert(try nodeKey(participant), at: receiver)
            }
            dealing = try PedersenDealing(
                coefficients: drawn(number, participant).secrets("coefficients"), ephemerals: ephemerals)
        }
        let sharing = try old.map { old in
            PedersenSharing(
                key: try PublicKey(bytes: old.validators[number].publicKey),
                publicShares: try Dictionary(
                    uniqueKeysWithValues: old.validators[number].publicShares.map { try PublicKey(bytes: $0) }
                        .enumerated().map { ($0.offset, $0.element) }),
                secret: roster.own.deals ? try oldSecrets?.secrets("\(roster.own.index)")[number] : nil)
        }
        return try PedersenRun(
            roster, validator: number, nodeKey: nodeKey(participant), dealing: dealing, sharing: sharing)
    }

    /// What each participant sent in a run, in phase order; it sent the same to all.
    func bundles(_ nonce: Bytes32) throws -> [(from: ParticipantIndex, bundle: PedersenBundle)] {
        let count = recording.keys.count
        var bundles: [(from: ParticipantIndex, bundle: PedersenBundle)] = []
        for kind in [CeremonyProtocol.dealBundle, .responseBundle, .justificationBundle] {
            for stream in recording.streams(kind) {
                let bytes = try stream.message()
                let bundle: PedersenBundle =
                    switch kind {
                    case .dealBundle: .deals(try DealBundleMessage(decoding: bytes, participants: count))
                    case .responseBundle: .responses(try ResponseBundleMessage(decoding: bytes, participants: count))
                    default: .justifications(try JustificationBundleMessage(decoding: bytes, participants: count))
                    }
                guard bundle.session == nonce else { continue }
                if let before = bundles.first(where: { $0.from == stream.from && $0.bundle.kind == bundle.kind }) {
                    guard before.bundle == bundle else { throw Unreadable() }
                } else {
                    bundles.append((stream.from, bundle))
                }
            }
        }
        return bundles
    }

    /// Whether this node was made to deal a wrong share.
    func isWrong(_ run: Int, _ participant: ParticipantIndex) -> Bool {
        recording.name == "pedersen-complaint" && run == 0 && participant == 1
    }

    /// Public shares that a participant sent after the runs, in their order.
    func keyShares(from participant: ParticipantIndex) -> [Bytes48?] {
        let streams = recording.streams(.keyShare).filter { $0.from == participant }
        let to = streams.first?.to
        return streams.filter { $0.to == to }.map { stream in
            try? KeyShareMessage(decoding: stream.message(), session: recording.definitionHash).publicShare
        }
    }

    /// Key shares that resulted, by run.
    func keystores(_ participant: ParticipantIndex) throws -> [SecretKey] {
        try stored.secrets("\(recording.nodes[participant])").suffix(recording.validators)
    }

    func validator(_ run: Int) throws -> DistributedValidator {
        guard let lock = recording.lock else { throw Unreadable() }
        return lock.validators.suffix(recording.validators)[lock.validators.count - recording.validators + run]
    }

    private func own(_ participant: ParticipantIndex) throws -> JSONValue {
        try secrets.member("\(recording.nodes[participant])")
    }

    private func drawn(_ run: Int, _ participant: ParticipantIndex) throws -> JSONValue {
        try own(participant).rows("runs")[run]
    }
}
