import Ethereum
import SSZ

/// What others say, from their bytes to where it is kept.
extension Ceremony {
    mutating func take(_ event: CeremonyEvent) throws(CeremonyFault) {
        switch event {
        case .syncMessage(let peer, let bytes, let stream):
            try takeSync(bytes, from: peer, stream: stream)
        case .syncStreamEnded(let peer, let stream): sync.streamEnded(from: peer, stream: stream, at: now)
        case .syncReached(let peer):
            sync.reached(peer)
            // What was on its way when the connection broke may be lost.
            deliveries.cameBack(peer)
        case .syncAnswer(let peer, let bytes):
            let answer: SyncResponse
            do throws(WireFault) { answer = try SyncResponse(decoding: bytes) } catch {
                throw error.ceremonyFault(.sync, from: peer)
            }
            sync.receive(answer, from: peer)
        case .syncLost(let peer): sync.lost(peer)
        case .message(let peer, let protocolID, let bytes):
            // Nothing that comes after the end changes it.
            guard failure == nil, !isFinished else { return }
            try take(bytes, protocolID, from: peer)
        case .sent(let id, let answer): try sent(id, answer)
        case .sendFailed(let id, let reason, let isUnknownProtocol):
            try sendFailed(id, reason, isUnknownProtocol)
        case .worked(let result):
            guard failure == nil else { return }
            switch result {
            case .success(let value): try worked(value)
            case .failure(let fault as CeremonyFault): throw fault
            case .failure(let error):
                fail(CeremonyFailure(culprit: nil, isForGood: true, "\(error); start again on all nodes"))
            }
        case .written(let result): written(result)
        case .tick: if case .pedersen = stage, failure == nil { try pedersenTime() }
        }
    }

    // MARK: Sync

    /// What our sync streams say now: at once, then every 100 ms after the answer to the one before, and when
    /// `announced` changes.
    package mutating func syncMessage(to peer: ParticipantIndex, at now: Instant) -> [UInt8] {
        sync.message(to: peer, at: now).encoded()
    }

    /// What others wait for. Said at once when it changes: each barrier would take up to 100 ms more otherwise.
    package var announced: (step: Int, isGoodbye: Bool) { (sync.step, sync.isShuttingDown) }

    /// Whether our sync stream to a peer is to be opened again when it is lost.
    package func wantsSyncStream(to peer: ParticipantIndex) -> Bool { sync.wantsStream(to: peer) }

    private mutating func takeSync(
        _ bytes: [UInt8], from peer: ParticipantIndex, stream: Int
    ) throws(CeremonyFault) {
        let message: SyncMessage
        do throws(WireFault) { message = try SyncMessage(decoding: bytes) } catch {
            throw error.ceremonyFault(.sync, from: peer)
        }
        if let failure, failure.isForGood {
            let answer = SyncResponse(timestamp: message.timestamp, error: SyncFault.printable(failure.description))
            effects.append(.answerSync(answer.encoded(), ends: false))
            return
        }
        // A new stream: perhaps it was away, and had not noted down all that was sent to it.
        if let known = sync.peers[peer].stream, known != stream { deliveries.cameBack(peer) }
        let reply = sync.receive(message, from: peer, stream: stream, at: now)
        if let reported = sync.peers[peer].step {
            let everybody = plan.others.reduce(reported) { min($0, sync.peers[$1].step ?? 0) }
            deliveries.reached(peer, step: reported, everybody: everybody)
        }
        effects.append(.answerSync(reply.response.encoded(), ends: reply.endsStream))
    }

    // MARK: Messages

    private mutating func take(
        _ bytes: [UInt8], _ protocolID: CeremonyProtocol, from peer: ParticipantIndex
    ) throws(CeremonyFault) {
        switch protocolID {
        case .sync: return
        case .broadcastSign1, .broadcastSign2:
            guard protocolID == broadcasts.version.signProtocol else { return }
            try sign(bytes, from: peer)
            return
        case .broadcastDeliver1, .broadcastDeliver2:
            guard protocolID == broadcasts.version.deliverProtocol else { return }
            try deliver(bytes, from: peer)
        case .frostShares:
            guard plan.algorithm == .frost else { return }
            if let known = inbox.shares[peer] {
                guard known == bytes else { throw CeremonyFault(peer, .equivocated(.shares)) }
                return
            }
            // Read when the casts are there too.
            guard bytes.count <= FrostSharesMessage.bytesMax(validators: plan.validators) else {
                throw CeremonyFault(peer, .malformed(.shares, "\(bytes.count) bytes"))
            }
            inbox.shares[peer] = bytes
            note(.message(peer, protocolID, bytes))
        case .partialSignatures:
            let digest = SHA256.hash(bytes)
            // One message has it all; nobody needs more than one for each validator.
            guard inbox.partials[peer]?.contains(digest) != true,
                inbox.partials[peer]?.count ?? 0 < plan.signedValidatorsMax
                    * (plan.definition.signedDepositAmounts.count + 2)
            else { return }
            let set = try exchange.decode(bytes, from: peer)
            try exchange.receive(set, from: peer)
            inbox.partials[peer, default: []].insert(digest)
            note(.message(peer, protocolID, bytes))
            lookAtExchange()
        case .dealBundle, .responseBundle, .justificationBundle, .keyShare:
            guard plan.algorithm == .pedersen else { return }
            try takePedersen(bytes, protocolID, from: peer)
        }
        if protocolID.answer == .empty { effects.append(.answer([])) }
    }

    private var broadcastValueMax: Int {
        BroadcastID.allCases.reduce(0) {
            max($0, $1.valueBytesMax(threshold: plan.threshold, validators: plan.validators))
        }
    }

    private mutating func sign(_ bytes: [UInt8], from peer: ParticipantIndex) throws(CeremonyFault) {
        let request: BroadcastSignRequest
        do throws(WireFault) {
            request = try BroadcastSignRequest(decoding: bytes, valueBytesMax: broadcastValueMax)
        } catch {
            throw error.ceremonyFault(.broadcast, from: peer)
        }
        let response = try broadcasts.sign(request, from: peer)
        if inbox.requests.insert(Inbox.Request(peer: peer, id: request.id)).inserted {
            note(.message(peer, broadcasts.version.signProtocol, bytes))
        }
        effects.append(.answer(response.encoded()))
    }

    private mutating func deliver(_ bytes: [UInt8], from peer: ParticipantIndex) throws(CeremonyFault) {
        let message: BroadcastMessage
        do throws(WireFault) {
            message = try BroadcastMessage(
                decoding: bytes, valueBytesMax: broadcastValueMax, participants: plan.participants)
        } catch {
            throw error.ceremonyFault(.broadcast, from: peer)
        }
        guard let delivery = try broadcasts.accept(message, from: peer) else { return }
        note(.message(peer, broadcasts.version.deliverProtocol, bytes))
        try keep(delivery.id, delivery.message, of: peer)
    }

    /// Our own messages come the same way.
    mutating func keep(_ id: BroadcastID, _ message: PackedMessage, of peer: ParticipantIndex) throws(CeremonyFault) {
        switch id {
        case .frostCasts: inbox.casts[peer] = message
        case .frostResults: inbox.results[peer] = message
        case .nodeKey:
            inbox.nodeKeys[peer] = message
            if peer != plan.own { try goOnWithPedersen() }
        case .nodeSignature:
            let signature: NodeSignatureMessage
            do throws(WireFault) { signature = try NodeSignatureMessage(unpacking: message, from: peer) } catch {
                throw error.ceremonyFault(.nodeSignature, from: peer)
            }
            try nodeSignatures.receive(signature, from: peer)
        }
    }

    // MARK: What we say

    /// Begins one of our broadcasts, and keeps what it says as ours.
    mutating func broadcast(_ id: BroadcastID, _ message: PackedMessage, phase: Int) throws(CeremonyFault) {
        let request = broadcasts.start(id, message).encoded()
        deliveries.add(.request(id), to: plan.others, broadcasts.version.signProtocol, phase: phase) { _ in request }
        try keep(id, message, of: plan.own)
    }

    private mutating func sent(_ id: Int, _ answer: [UInt8]?) throws(CeremonyFault) {
        guard let item = deliveries.sent(id) else { return }
        switch item.content {
        case .request(let name):
            let response: BroadcastSignResponse
            do throws(WireFault) { response = try BroadcastSignResponse(decoding: answer ?? []) } catch {
                // Charon answers nothing when it refuses, or is ending.
                deliveries.failed(id, "no signature in the answer (\(error))", at: now)
                return
            }
            try broadcasts.collect(response, for: name, from: item.peer)
            guard let message = broadcasts.message(name)?.encoded() else { return }
            deliveries.add(
                .broadcast(name), to: plan.others, broadcasts.version.deliverProtocol, phase: item.phase
            ) { _ in message }
        case .broadcast(let name): broadcasts.delivered(name, to: item.peer)
        case .shares, .partials, .bundle, .keyShare: return
        }
    }

    private mutating func sendFailed(
        _ id: Int, _ reason: String, _ isUnknownProtocol: Bool
    ) throws(CeremonyFault) {
        guard let peer = deliveries.failed(id, reason, at: now), isUnknownProtocol, failure == nil else { return }
        fail(
            CeremonyFailure(
                culprit: peer, isForGood: true,
                "\(plan.name(of: peer)) runs software that does not know this ceremony's messages (\(reason)): all"
                    + " operators must run the same release of Charon, or give its minor version with --compat"
                    + " (here \(plan.release.rawValue))"))
    }
}
