import BLS
import DKG
import Ethereum
import SSZ

/// What participants of a key ceremony send each other.
enum CeremonyFuzz {
    private static let session = Root.zero
    private static let start = Instant(unixSeconds: 1_700_000_000)

    // MARK: Messages

    /// Of four participants, threshold 2, two validators, as the first of them reads what the second sends.
    private static let decoders: [@Sendable ([UInt8]) throws -> [UInt8]] = [
        { try SyncMessage(decoding: $0).encoded() },
        { try SyncResponse(decoding: $0).encoded() },
        { try BroadcastSignRequest(decoding: $0, valueBytesMax: 1024).encoded() },
        { try BroadcastSignResponse(decoding: $0).encoded() },
        { try BroadcastMessage(decoding: $0, valueBytesMax: 1024, participants: 4).encoded() },
        { try FrostCastsMessage(decoding: $0, source: 2, threshold: 2, validators: 2).encoded() },
        { try FrostSharesMessage(decoding: $0, source: 2, target: 1, validators: 2).encoded() },
        { try FrostResultCastsMessage(decoding: $0, source: 2, validators: 2).encoded() },
        { try NodeSignatureMessage(decoding: $0, from: 1).encoded() },
        { try NodeKeyMessage(decoding: $0, session: session, validators: 2).encoded() },
        { try DealBundleMessage(decoding: $0, participants: 4).encoded() },
        { try ResponseBundleMessage(decoding: $0, participants: 4).encoded() },
        { try JustificationBundleMessage(decoding: $0, participants: 4).encoded() },
        { try KeyShareMessage(decoding: $0, session: session).encoded() },
        { try PartialSignatureSet(decoding: $0, share: 2, validators: 2).encoded() },
    ]

    /// Byte 0: which message; then its bytes. What is taken is the same, or refused, when it is sent on.
    static func message(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(decoders.count)
        let wire = source.rest()
        return outcome {
            let again = try decoders[kind](wire)
            if let third = try? decoders[kind](again) { precondition(third == again, "a message changes when sent on") }
            return "message \(kind)"
        }
    }

    // MARK: Synchronisation

    private static func terms(_ node: Int, version: String = "v1.11") -> SyncTerms {
        SyncTerms(definitionHash: session, minorVersion: version, nickname: "", key: Known.keys[node])
    }
    private static let peers = (0..<Known.nodes).map {
        SyncState(terms: terms($0), identities: Known.keys.map(\.publicKey), own: $0)
    }

    /// Events of one node's synchronisation. Steps never fall, and the first fault stays.
    static func sync(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        var state = peers[0]
        var frames = SyncFrames(bytesMax: SyncMessage.bytesMax)
        while !source.isEmpty {
            let before = state
            let peer = 1 + source.choice(Known.nodes - 1)
            switch source.choice(7) {
            case 0: state.receive(SyncResponse(timestamp: SyncTimestamp(start)), from: peer)
            case 1: state.reached(peer)
            case 2: state.streamEnded(from: peer, stream: source.choice(3), at: start)
            case 3: state.lost(peer)
            case 4:
                if state.isEverybodyAtStep { state.advance() }
                state.checkBarrier()
            case 5:
                guard let messages = try? frames.receive(source.take(source.choice(200))) else { return "frames" }
                for wire in messages {
                    guard let message = try? SyncMessage(decoding: wire) else { return "message" }
                    _ = state.receive(message, from: peer, stream: 1, at: start)
                }
            default:
                let honest = peers[peer]
                var sender = honest
                let message = sender.message(to: 0, at: start)
                let step = Int(truncatingIfNeeded: Int64(bitPattern: source.number()))
                let changed = SyncMessage(
                    timestamp: message.timestamp, hashSignature: message.hashSignature, shutdown: source.choice(8) == 7,
                    version: source.choice(16) == 15 ? "v1.1" : message.version, step: step, nickname: "\u{1b}[1m")
                _ = state.receive(changed, from: peer, stream: source.choice(3), at: start)
            }
            for (old, new) in zip(before.peers, state.peers) {
                precondition((old.step ?? 0) <= (new.step ?? 0), "a step fell")
            }
            precondition(before.fault == nil || before.fault == state.fault, "the first fault changed")
        }
        return "\(state.fault.map { word($0) } ?? "well") \(state.isEverybodyAtStep)"
    }

    // MARK: Corpus

    /// One message of each kind; nothing in them has to verify.
    static let messageSeeds: [[UInt8]] = {
        guard let one = try? SecretKey(bytes: scalar(1)) else { preconditionFailure("one is a key") }
        let point = one.publicKey.bytes
        let any = PackedMessage(
            typeURL: "type.googleapis.com/dkg.dkgpb.v1.MsgNodeSig",
            value: NodeSignatureMessage(signature: nil, participant: 1).encoded())
        let id = BroadcastID.nodeSignature.rawValue
        let (signature, time) = (
            Bytes65([UInt8](repeating: 7, count: 65)) ?? .zero, SyncTimestamp(seconds: 1_700_000_000, nanoseconds: 5)
        )
        let messages: [[UInt8]] = [
            SyncMessage(
                timestamp: time, hashSignature: [0x30, 6, 2, 1, 1, 2, 1, 1], shutdown: true, version: "v1.11", step: 3,
                nickname: "node 1"
            ).encoded(),
            SyncResponse(timestamp: time, error: "no").encoded(),
            BroadcastSignRequest(id: id, message: any).encoded(),
            BroadcastSignResponse(id: id, signature: signature).encoded(),
            BroadcastMessage(id: id, message: any, signatures: Array(repeating: signature, count: 4)).encoded(),
            frost(target: 0) { entry in
                entry.field(2, scalar(1))
                entry.field(3, scalar(2))
                for _ in 0..<2 { entry.field(4, point.bytes) }
            },
            frost(target: 1) { entry in
                entry.varint(2, 1)
                entry.field(3, scalar(1))
            },
            frost(target: 0) { entry in
                entry.field(2, point.bytes)
                entry.field(3, point.bytes)
            },
            NodeSignatureMessage(signature: signature, participant: 1).encoded(),
            NodeKeyMessage(session: session, key: point, publicShares: [point, point]).encoded(),
            DealBundleMessage(
                dealerIndex: 1,
                deals: [0, 2, 3].map { .init(shareIndex: $0, encryptedShare: [UInt8](repeating: 5, count: 96)) },
                publicPoints: [point, point], session: session, signature: Known.signature
            ).encoded(),
            ResponseBundleMessage(
                shareIndex: 1, responses: (0..<4).map { .init(dealerIndex: $0, isGood: $0 != 2) }, session: session,
                signature: Known.signature
            ).encoded(),
            JustificationBundleMessage(
                dealerIndex: 1, justifications: [.init(shareIndex: 0, share: session)], session: session,
                signature: Known.signature
            ).encoded(),
            KeyShareMessage(session: session, publicShare: point).encoded(),
            PartialSignatureSet(kind: .lockHash, share: 2, signatures: [Known.pubKeys[0]: Known.signature]).encoded(),
        ]
        return messages.enumerated().map { [UInt8($0.offset)] + $0.element }
    }()

    private static func scalar(_ value: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: 31) + [value] }

    /// One entry for each of two validators, from the second operator.
    private static func frost(target: UInt64, _ write: (inout ProtobufBytes) -> Void) -> [UInt8] {
        ProtobufBytes.message { message in
            for validator in 0..<2 {
                message.field(
                    1,
                    ProtobufBytes.message { entry in
                        entry.field(
                            1,
                            ProtobufBytes.message { key in
                                key.varint(1, UInt64(validator))
                                key.varint(2, 2)
                                key.varint(3, target)
                            })
                        write(&entry)
                    })
            }
        }
    }
}
