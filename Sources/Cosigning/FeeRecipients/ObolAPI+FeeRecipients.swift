import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Source: spec/cli-create.md §12.5.
extension ObolAPI {
    /// Hands over registrations signed with this operator's key shares.
    func submit(_ registrations: [SignedValidatorRegistration], _ seat: Seat) async throws {
        _ = try await call(
            "hand over partial registrations", .post,
            "/fee_recipient/partial/\(seat.cluster.lock.lockHash)/\(seat.shareIndex)",
            body: ["partial_registrations": .array(registrations.map { $0.json() })])
    }

    /// What there is of these validators' registrations.
    ///
    /// - Parameter pubKeys: none: of all.
    func registrations(of pubKeys: [PubKey], in cluster: VerifiedCluster) async throws -> CollectedRegistrations {
        let nodes = cluster.keys.operators.count
        let bytesMax = CollectedRegistrations.answerBytesMax(validators: cluster.pubKeys.count, nodes: nodes)
        let reply = try await call(
            "fetch partial registrations", .query, "/fee_recipient/\(cluster.lock.lockHash)",
            body: ["pubkeys": .array(pubKeys.map { .string($0.hex) })], answerBytesMax: bytesMax)
        switch reply {
        case .body(let bytes):
            return try CollectedRegistrations(json: bytes, of: Set(cluster.pubKeys), nodes: nodes)
        case .absent(let text) where text.contains("no partial registrations found"): return .none
        case .absent(let text) where text.contains("lock not found"):
            throw AnswerFault(nil, "it does not know this cluster's lock; publish the lock first")
        case .absent(let text): throw AnswerFault(nil, "there is no such thing (\(text)); is --publish-address right?")
        }
    }
}
