import Secp256k1
import SSZ

/// Messages that everybody gets alike, or nobody does: a message counts only with all participants' signatures, and each
/// participant signs one message only for each sender and id, ever.
///
/// Own messages: `start`, send the request to everybody, `collect` the answers, send the message that results. Others':
/// `sign` what they ask for, `accept` what they deliver. Requests and deliveries may be repeated, by us and by others:
/// the same again has the same answer. Source: spec/dkg.md §3.
package struct ReliableBroadcast: Sendable {
    private struct Slot: Hashable {
        let sender: ParticipantIndex
        let id: BroadcastID
    }

    package let version: BroadcastVersion
    package let own: ParticipantIndex
    private let session: Bytes32
    private let identities: [Secp256k1.PublicKey]
    private let key: PrivateKey
    private let ids: Set<BroadcastID>

    private var broadcasts: [BroadcastID: OwnBroadcast] = [:]
    /// What we have signed for others: at most one digest for each participant and id.
    private var signed: [Slot: Bytes32] = [:]
    private var accepted: Set<Slot> = []

    /// - Parameters:
    ///   - session: definition hash, or the current lock's hash in an edit.
    ///   - identities: of all participants in their order.
    ///   - key: whose public key is `identities[own]`.
    ///   - ids: what this kind of ceremony broadcasts.
    package init(
        version: BroadcastVersion, session: Bytes32, identities: [Secp256k1.PublicKey], own: ParticipantIndex,
        key: PrivateKey, ids: Set<BroadcastID>
    ) {
        precondition(identities[own] == key.publicKey, "the identity key of participant \(own)")
        self.version = version
        self.session = session
        self.identities = identities
        self.own = own
        self.key = key
        self.ids = ids
    }

    // MARK: Own messages

    /// - Returns: what to send to every other participant. The same for the same message.
    /// - Precondition: no other message was started under this id.
    package mutating func start(_ id: BroadcastID, _ message: PackedMessage) -> BroadcastSignRequest {
        precondition(ids.contains(id) && message.typeURL == PackedMessage.prefix + id.messageName)
        if let started = broadcasts[id] {
            precondition(started.message == message, "one message for each id")
        } else {
            let digest = version.digest(session: session, id: id, message)
            var signatures = [Bytes65?](repeating: nil, count: identities.count)
            signatures[own] = key.sign(digest: digest)
            broadcasts[id] = OwnBroadcast(message: message, digest: digest, signatures: signatures)
        }
        return BroadcastSignRequest(id: id.rawValue, message: message)
    }

    /// Who has not signed yet; to be asked again after a pause.
    package func unsigned(_ id: BroadcastID) -> [ParticipantIndex] { broadcasts[id]?.unsigned ?? [] }

    /// Takes the answer to our request.
    ///
    /// - Throws: for another id or a signature that is not the participant's over our message, at once.
    package mutating func collect(
        _ response: BroadcastSignResponse, for id: BroadcastID, from peer: ParticipantIndex
    ) throws(CeremonyFault) {
        guard let broadcast = broadcasts[id], response.id == id.rawValue else {
            throw CeremonyFault(peer, .malformed(.broadcast, "an answer to another request"))
        }
        guard broadcast.signatures[peer] == nil else { return }
        guard identities[peer].verify(digest: broadcast.digest, signature65: response.signature) else {
            throw CeremonyFault(peer, .unsigned(.broadcast))
        }
        broadcasts[id]?.signatures[peer] = response.signature
    }

    /// The message to deliver, once everybody has signed it.
    package func message(_ id: BroadcastID) -> BroadcastMessage? {
        guard let broadcast = broadcasts[id], broadcast.unsigned.isEmpty else { return nil }
        return BroadcastMessage(
            id: id.rawValue, message: broadcast.message, signatures: broadcast.signatures.compactMap { $0 })
    }

    /// The delivery to a peer has succeeded.
    package mutating func delivered(_ id: BroadcastID, to peer: ParticipantIndex) {
        broadcasts[id]?.delivered.insert(peer)
    }

    /// Who has to get the message yet.
    package func undelivered(_ id: BroadcastID) -> [ParticipantIndex] {
        guard let broadcast = broadcasts[id] else { return [] }
        return identities.indices.filter { $0 != own && !broadcast.delivered.contains($0) }
    }

    // MARK: Others' messages

    /// Signs that `peer` sends this message.
    ///
    /// - Throws: for an id that this ceremony has not, a message of another type, and a second message of the peer under
    ///   one id, which no participant may ever sign.
    package mutating func sign(
        _ request: BroadcastSignRequest, from peer: ParticipantIndex
    ) throws(CeremonyFault) -> BroadcastSignResponse {
        let id = try admit(request.id, request.message, from: peer)
        let digest = version.digest(session: session, id: id, request.message)
        let slot = Slot(sender: peer, id: id)
        guard (signed[slot] ?? digest) == digest else { throw CeremonyFault(peer, .equivocated(id.ceremonyMessage)) }
        signed[slot] = digest
        return BroadcastSignResponse(id: request.id, signature: key.sign(digest: digest))
    }

    /// A message of a peer that everybody has signed.
    package struct Delivery: Equatable, Sendable {
        package let id: BroadcastID
        package let sender: ParticipantIndex
        package let message: PackedMessage
    }

    /// - Returns: nil if it was accepted before.
    /// - Throws: unless we have signed this very message for this sender, and everybody else has signed it.
    package mutating func accept(
        _ message: BroadcastMessage, from peer: ParticipantIndex
    ) throws(CeremonyFault) -> Delivery? {
        let id = try admit(message.id, message.message, from: peer)
        let slot = Slot(sender: peer, id: id)
        let digest = version.digest(session: session, id: id, message.message)
        // The digest does not say who sends: without this a peer could deliver another's message as its own.
        guard signed[slot] == digest else {
            throw CeremonyFault(
                peer, .malformed(id.ceremonyMessage, "delivered without this node's signature for its sender"))
        }
        guard !accepted.contains(slot) else { return nil }
        guard message.signatures.count == identities.count,
            zip(identities, message.signatures).allSatisfy({ $0.verify(digest: digest, signature65: $1) })
        else { throw CeremonyFault(peer, .unsigned(id.ceremonyMessage)) }
        accepted.insert(slot)
        return Delivery(id: id, sender: peer, message: message.message)
    }

    private func admit(
        _ id: String, _ message: PackedMessage, from peer: ParticipantIndex
    ) throws(CeremonyFault) -> BroadcastID {
        guard peer != own, identities.indices.contains(peer) else {
            throw CeremonyFault(nil, .malformed(.broadcast, "of no other participant"))
        }
        guard let known = BroadcastID(rawValue: id), ids.contains(known) else {
            throw CeremonyFault(peer, .malformed(.broadcast, "an id that this ceremony has not"))
        }
        guard message.typeURL == PackedMessage.prefix + known.messageName else {
            throw CeremonyFault(peer, .malformed(known.ceremonyMessage, "of another type than its id says"))
        }
        return known
    }

    /// Senders whose message under this id has not come yet.
    package func missing(_ id: BroadcastID) -> [ParticipantIndex] {
        identities.indices.filter { $0 != own && !accepted.contains(Slot(sender: $0, id: id)) }
    }
}

extension BroadcastID {
    /// As faults call it.
    package var ceremonyMessage: CeremonyFault.Message {
        switch self {
        case .frostCasts: .casts
        case .frostResults: .results
        case .nodeSignature: .nodeSignature
        case .nodeKey: .nodeKey
        }
    }
}
