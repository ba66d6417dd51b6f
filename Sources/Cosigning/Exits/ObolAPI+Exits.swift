import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Source: spec/cli-create.md §12.3.
extension ObolAPI {
    /// Hands over this operator's part.
    func submit(_ exits: PartialExits, _ seat: Seat) async throws {
        let signature = seat.sign(try exits.root())
        _ = try await call(
            "hand over partial exits", .post, "/exp/partial_exits/\(seat.cluster.lock.lockHash)",
            body: exits.body(signature: signature))
    }

    /// What there is of a validator's exit; nil if nobody has signed it.
    func exit(of pubKey: PubKey, _ seat: Seat) async throws -> CollectedExit? {
        let reply = try await call(
            "fetch the exit of validator \(pubKey)", .get,
            "/exp/exit/\(seat.cluster.lock.lockHash)/\(seat.shareIndex)/\(pubKey)",
            bearer: seat.authorization(for: pubKey), answerBytesMax: CollectedExit.answerBytesMax)
        guard case .body(let bytes) = reply else { return nil }
        return try CollectedExit(json: bytes, of: pubKey)
    }

    /// Takes back this operator's part of a validator's exit.
    ///
    /// - Returns: false if there was none.
    func deleteExit(of pubKey: PubKey, _ seat: Seat) async throws -> Bool {
        let reply = try await call(
            "delete the partial exit of validator \(pubKey)", .delete,
            "/exp/partial_exits/\(seat.cluster.lock.lockHash)/\(seat.shareIndex)/\(pubKey)",
            bearer: seat.authorization(for: pubKey))
        if case .body = reply { return true }
        return false
    }
}
