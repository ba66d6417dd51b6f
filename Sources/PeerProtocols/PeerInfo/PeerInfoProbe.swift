import Libp2p

/// What a relay wants to know of those it serves: the cluster. Source: protocols.md §3, p2p.md §8.7.
package enum PeerInfoProbe {
    /// Asks with an empty message, as relays do.
    ///
    /// - Returns: the lock hash that the peer claims; empty if it claims none.
    package static func lockHash(of peer: PeerID, on host: Host) async throws -> [UInt8] {
        let (answer, _) = try await PeerStream.request(
            [], to: peer, protocols: [PeerInfoProtocol.id], answerBytesMax: PeerInfo.messageBytesMax, host: host)
        return try PeerInfo(wire: answer).lockHash
    }
}
