import Secp256k1
import SSZ

/// The operators' signatures over the lock hash, as they come by reliable broadcast: some before we know our own lock
/// hash, kept until then. Source: spec/dkg.md §6.5.
package struct NodeSignatures: Sendable {
    private let identities: [Secp256k1.PublicKey]
    private let leaving: Set<ParticipantIndex>
    private var lockHash: Bytes32?
    private var messages: [ParticipantIndex: NodeSignatureMessage] = [:]

    /// - Parameters:
    ///   - identities: of all participants in their order, our own included.
    ///   - leaving: who leaves the cluster and signs nothing. Charon lets anybody sign nothing; the lock would lack a
    ///     signature then, and nobody would know why.
    package init(identities: [Secp256k1.PublicKey], leaving: Set<ParticipantIndex> = []) {
        self.identities = identities
        self.leaving = leaving
    }

    /// What we broadcast.
    package static func own(
        _ participant: ParticipantIndex, over lockHash: Bytes32?, key: PrivateKey
    ) -> NodeSignatureMessage {
        NodeSignatureMessage(signature: lockHash.map { key.sign(digest: $0) }, participant: participant)
    }

    /// Takes a participant's message; our own comes the same way. The same again is ignored.
    package mutating func receive(
        _ message: NodeSignatureMessage, from peer: ParticipantIndex
    ) throws(CeremonyFault) {
        guard message.participant == peer, identities.indices.contains(peer) else {
            throw CeremonyFault(peer, .malformed(.nodeSignature, "of another participant"))
        }
        guard (message.signature == nil) == leaving.contains(peer) else {
            let what = message.signature == nil ? "signs nothing, but stays" : "signs, but leaves"
            throw CeremonyFault(peer, .malformed(.nodeSignature, what))
        }
        guard (messages[peer] ?? message) == message else { throw CeremonyFault(peer, .equivocated(.nodeSignature)) }
        try check(message)
        messages[peer] = message
    }

    /// From now on it is known what is signed.
    ///
    /// - Throws: for the first signature that came before and is over something else. It is forgotten.
    package mutating func sign(over lockHash: Bytes32) throws(CeremonyFault) {
        self.lockHash = lockHash
        for (peer, message) in messages.sorted(by: { $0.key < $1.key }) {
            do {
                try check(message)
            } catch {
                messages[peer] = nil
                throw error
            }
        }
    }

    private func check(_ message: NodeSignatureMessage) throws(CeremonyFault) {
        guard let lockHash, let signature = message.signature else { return }
        guard identities[message.participant].verify(digest: lockHash, signature65: signature) else {
            throw CeremonyFault(message.participant, .unsigned(.nodeSignature))
        }
    }

    package var missing: [ParticipantIndex] { identities.indices.filter { messages[$0] == nil } }

    /// All signatures in participant order without those of operators that leave, verified; nil until they are there and
    /// the lock hash is known, or if we leave and never know it.
    package var complete: [Bytes65]? {
        guard lockHash != nil, missing.isEmpty else { return nil }
        return identities.indices.compactMap { messages[$0]?.signature }
    }
}
