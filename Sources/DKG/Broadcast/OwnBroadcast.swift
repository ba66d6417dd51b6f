import SSZ

/// One message of ours on its way to everybody.
struct OwnBroadcast: Sendable {
    let message: PackedMessage
    let digest: Bytes32
    /// By participant; ours from the beginning.
    var signatures: [Bytes65?]
    /// Participants that have it.
    var delivered: Set<ParticipantIndex> = []

    var unsigned: [ParticipantIndex] { signatures.indices.filter { signatures[$0] == nil } }
}
