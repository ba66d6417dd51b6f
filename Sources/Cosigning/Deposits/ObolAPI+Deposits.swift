import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Source: spec/cli-create.md §12.4.
extension ObolAPI {
    /// Hands over deposits signed with this operator's key shares.
    func submit(_ deposits: [DepositData], _ seat: Seat) async throws {
        let rows: [JSONValue] = deposits.map { deposit in
            [
                "pubkey": .string(deposit.pubKey.hex),
                "withdrawal_credentials": .string(deposit.withdrawalCredentials.hex),
                "amount": .string("\(deposit.amount)"), "signature": .string(deposit.signature.hex),
            ]
        }
        _ = try await call(
            "hand over partial deposits", .post,
            "/deposit_data/partial_deposits/\(seat.cluster.lock.lockHash)/\(seat.shareIndex)",
            body: ["partial_deposit_data": .array(rows)])
    }

    /// What there is of a validator's deposits; nil if nobody has signed any.
    func deposits(of pubKey: PubKey, in cluster: VerifiedCluster) async throws -> CollectedDeposits? {
        let nodes = cluster.keys.operators.count
        let reply = try await call(
            "fetch the deposits of validator \(pubKey)", .get, "/deposit_data/\(cluster.lock.lockHash)/\(pubKey)",
            answerBytesMax: CollectedDeposits.answerBytesMax(nodes: nodes))
        guard case .body(let bytes) = reply else { return nil }
        return try CollectedDeposits(json: bytes, of: pubKey, nodes: nodes)
    }
}
