import Ethereum
import Secp256k1
import SSZ

/// Who is there and how far: one step number a participant, told to everybody ten times a second.
///
///     step 0 ── all connected ──► 1 ── work, barrier ──► 2 … ──► last ── goodbyes ──► finished
///
/// Each participant holds a stream to each other one; a peer's stream tells us its step, our stream tells it ours. The
/// ceremony goes on when a barrier holds: everybody has reported the own step or the next. A peer whose stream ends is
/// away, which is no fault: it may come back with the step it had, or a later one. Source: spec/dkg.md §2.
package struct SyncState: Sendable {
    package let own: ParticipantIndex
    package private(set) var step = 0
    package private(set) var isShuttingDown = false
    /// The first reason why this ceremony cannot go on; kept, whatever comes after.
    package private(set) var fault: SyncFault?
    /// By participant; our own entry stays as it is.
    package private(set) var peers: [SyncPeer]

    private let terms: SyncTerms
    private let identities: [Secp256k1.PublicKey]

    /// - Parameters:
    ///   - identities: of all participants in their order, our own included.
    ///   - step: where a restarted node was when it stopped.
    package init(
        terms: SyncTerms, identities: [Secp256k1.PublicKey], own: ParticipantIndex, step: Int = 0
    ) {
        self.terms = terms
        self.identities = identities
        self.own = own
        self.step = step
        // Before it stopped, all had reported the step before ours.
        peers = identities.map { _ in SyncPeer(step: step > 0 ? step - 1 : nil) }
    }

    // MARK: The stream of a peer to us

    package struct Reply: Equatable, Sendable {
        package let response: SyncResponse
        /// Close the stream after the response, as Charon's server does.
        package let endsStream: Bool
    }

    /// - Parameter stream: any number that tells a peer's streams apart.
    package mutating func receive(
        _ message: SyncMessage, from peer: ParticipantIndex, stream: Int, at now: Instant
    ) -> Reply {
        do throws(SyncFault) {
            try admit(message, from: peer)
        } catch {
            // Charon keeps the stream open here: a message later may be better, the ceremony is not.
            return refuse(message, error, endsStream: false)
        }
        peers[peer].stream = stream
        peers[peer].presence = message.shutdown ? .finished : .here
        peers[peer].nickname = SyncFault.printable(message.nickname)
        do throws(SyncFault) {
            try peers[peer].report(message.step, from: peer)
        } catch {
            return refuse(message, error, endsStream: true)
        }
        return Reply(response: SyncResponse(timestamp: message.timestamp), endsStream: message.shutdown)
    }

    private func admit(_ message: SyncMessage, from peer: ParticipantIndex) throws(SyncFault) {
        guard terms.hasSameMinor(message.version) else {
            throw .version(peer: peer, theirs: message.version, ours: terms.minorVersion)
        }
        let hash = terms.definitionHash.bytes
        guard identities[peer].verifyDER(message: hash, signature: message.hashSignature) else {
            throw .definition(peer: peer)
        }
    }

    private mutating func refuse(_ message: SyncMessage, _ reason: SyncFault, endsStream: Bool) -> Reply {
        fault = fault ?? reason
        return Reply(
            response: SyncResponse(timestamp: message.timestamp, error: reason.answer), endsStream: endsStream)
    }

    package mutating func streamEnded(from peer: ParticipantIndex, stream: Int, at now: Instant) {
        // An older stream may end after a newer one began.
        guard peers[peer].stream == stream, peers[peer].presence == .here else { return }
        peers[peer].presence = .away(since: now)
    }

    // MARK: Our stream to a peer

    package mutating func reached(_ peer: ParticipantIndex) { peers[peer].isReached = true }

    /// What to send at once and then every 100 ms, each after the response to the one before.
    package mutating func message(to peer: ParticipantIndex, at now: Instant) -> SyncMessage {
        if isShuttingDown { peers[peer].isGoodbyeSent = true }
        return SyncMessage(
            timestamp: SyncTimestamp(now), hashSignature: terms.hashSignature, shutdown: isShuttingDown,
            version: terms.minorVersion, step: step, nickname: terms.nickname)
    }

    package mutating func receive(_ response: SyncResponse, from peer: ParticipantIndex) {
        guard response.error.isEmpty else {
            fault = fault ?? .refused(by: peer, SyncFault.printable(response.error))
            return
        }
        if peers[peer].isGoodbyeSent { peers[peer].isGoodbyeTold = true }
    }

    package mutating func lost(_ peer: ParticipantIndex) { peers[peer].isReached = false }

    /// Whether to open our stream to the peer again when it is lost: until it has answered our goodbye.
    package func wantsStream(to peer: ParticipantIndex) -> Bool {
        peer != own && !peers[peer].isGoodbyeTold && fault == nil
    }

    // MARK: The ceremony

    private var others: [ParticipantIndex] { peers.indices.filter { $0 != own } }

    /// Whether all streams in both directions are open: where a ceremony begins.
    package var isEverybodyHere: Bool {
        others.allSatisfy { peers[$0].isReached && peers[$0].presence == .here }
    }

    /// The work of a step is done.
    package mutating func advance() { step += 1 }

    /// The barrier of our step: whether each peer has reported it or the next one.
    package var isEverybodyAtStep: Bool {
        others.allSatisfy { index in peers[index].step.map { $0 >= step } ?? false }
    }

    /// Peers that have not reported our step yet.
    package var missingAtStep: [ParticipantIndex] {
        others.filter { index in peers[index].step.map { $0 < step } ?? true }
    }

    /// To be asked at a barrier: a peer two steps ahead went on without us.
    package mutating func checkBarrier() {
        guard let ahead = others.first(where: { (peers[$0].step ?? 0) >= step + 2 }) else { return }
        fault = fault ?? .apart(peer: ahead, step: peers[ahead].step ?? 0, ours: step)
    }

    /// After the last barrier: from here on our messages say goodbye.
    package mutating func shutDown() { isShuttingDown = true }

    /// Whether everybody has said goodbye and heard ours. Who is gone after both may have answered in vain.
    package var isFinished: Bool {
        isShuttingDown
            && others.allSatisfy { index in
                let peer = peers[index]
                return peer.presence == .finished && (peer.isGoodbyeTold || peer.isGoodbyeSent && !peer.isReached)
            }
    }
}
