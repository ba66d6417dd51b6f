import BLS
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import DKG

/// Any message of a recording, decoded as its receiver does it.
enum RecordedMessage {
    struct UnknownID: Error {}

    /// Decodes one stream's message and encodes it again.
    ///
    /// - Parameter bytes: instead of the stream's.
    static func recoded(_ bytes: [UInt8], _ stream: Recording.Stream, _ recording: Recording) throws -> [UInt8] {
        let (n, m) = (recording.nodes.count, recording.validators)
        switch stream.kind {
        case .sync: return try SyncMessage(decoding: bytes).encoded()
        case .broadcastSign1, .broadcastSign2:
            let request = try BroadcastSignRequest(decoding: bytes, valueBytesMax: recording.valueBytesMax)
            let message = PackedMessage(
                typeURL: request.message.typeURL,
                value: try value(request.id, request.message, from: stream.from, recording))
            return BroadcastSignRequest(id: request.id, message: message).encoded()
        case .broadcastDeliver1, .broadcastDeliver2:
            let delivery = try BroadcastMessage(
                decoding: bytes, valueBytesMax: recording.valueBytesMax, participants: n)
            let message = PackedMessage(
                typeURL: delivery.message.typeURL,
                value: try value(delivery.id, delivery.message, from: stream.from, recording))
            return BroadcastMessage(id: delivery.id, message: message, signatures: delivery.signatures).encoded()
        case .frostShares:
            return try FrostSharesMessage(
                decoding: bytes, source: recording.share(stream.from), target: recording.share(stream.to),
                validators: m
            ).encoded()
        case .dealBundle: return try DealBundleMessage(decoding: bytes, participants: n).encoded()
        case .responseBundle: return try ResponseBundleMessage(decoding: bytes, participants: n).encoded()
        case .justificationBundle: return try JustificationBundleMessage(decoding: bytes, participants: n).encoded()
        case .keyShare: return try KeyShareMessage(decoding: bytes, session: recording.definitionHash).encoded()
        case .partialSignatures:
            return try PartialSignatureSet(
                decoding: bytes, share: recording.share(stream.from), validators: recording.signing
            ).encoded()
        }
    }

    /// What is broadcast, decoded and encoded again.
    private static func value(
        _ id: String, _ message: PackedMessage, from sender: ParticipantIndex, _ recording: Recording
    ) throws -> [UInt8] {
        let source = recording.share(sender)
        // No `#require`: damaged ids come here too.
        guard let id = BroadcastID(rawValue: id) else { throw UnknownID() }
        switch id {
        case .frostCasts:
            return try FrostCastsMessage(
                unpacking: message, source: source, threshold: recording.threshold, validators: recording.validators
            ).packed.value
        case .frostResults:
            return try FrostResultCastsMessage(
                unpacking: message, source: source, validators: recording.validators
            ).packed.value
        case .nodeSignature: return try NodeSignatureMessage(unpacking: message, from: sender).packed.value
        case .nodeKey:
            return try NodeKeyMessage(
                unpacking: message, session: recording.definitionHash, validators: recording.validators
            ).packed.value
        }
    }

    /// Whether Charon writes the entries of this message in random order.
    static func isInAnyOrder(_ bytes: [UInt8], _ stream: Recording.Stream) -> Bool {
        switch stream.kind {
        case .frostShares, .partialSignatures: true
        case .broadcastSign1, .broadcastSign2, .broadcastDeliver1, .broadcastDeliver2:
            String(decoding: bytes.prefix(64), as: UTF8.self).contains("/charon/dkg/frost/")
        default: false
        }
    }
}

extension Recording {
    var valueBytesMax: Int {
        BroadcastID.allCases.map { $0.valueBytesMax(threshold: threshold, validators: validators) }.max() ?? 0
    }

    /// Validators that sign the lock hash: old ones too when some are added.
    var signing: Int { lock?.validators.count ?? validators }
}

@Suite("recorded ceremonies: bytes", .enabled(if: Recording.areThere, "needs shared/vectors/dkg"))
struct RecordedMessageTests {
    @Test("all recordings are there, and each kind of message is in one of them")
    func found() {
        #expect(Recording.all.count == 14 && Recording.names.count == 14)
        let kinds = Set(Recording.all.flatMap { $0.streams.map(\.kind) })
        #expect(kinds == Set(CeremonyProtocol.allCases))
    }

    @Test("every message decodes, nothing left over, and encodes to the same bytes", arguments: Recording.all)
    func recoded(recording: Recording) throws {
        #expect(!recording.streams.isEmpty)
        for stream in recording.streams {
            if stream.kind == .sync {
                for bytes in try Recording.Stream.frames(stream.request) {
                    #expect(try SyncMessage(decoding: bytes).encoded() == bytes, "line \(stream.line)")
                }
                for bytes in try Recording.Stream.frames(stream.response) {
                    #expect(try SyncResponse(decoding: bytes).encoded() == bytes, "line \(stream.line)")
                }
                continue
            }
            let bytes = try stream.message()
            let again = try RecordedMessage.recoded(bytes, stream, recording)
            if RecordedMessage.isInAnyOrder(bytes, stream) {
                // The same entries in another order: as many bytes of each value, and stable from here on.
                #expect(again.sorted() == bytes.sorted(), "line \(stream.line)")
                #expect(try RecordedMessage.recoded(again, stream, recording) == again, "line \(stream.line)")
            } else {
                #expect(again == bytes, "line \(stream.line)")
            }
        }
    }

    @Test("servers answer as recorded", arguments: Recording.all)
    func answers(recording: Recording) throws {
        for stream in recording.streams where stream.kind != .sync {
            switch stream.kind.answer {
            case .message:
                let answer = try stream.answer()
                #expect(try BroadcastSignResponse(decoding: answer).encoded() == answer, "line \(stream.line)")
            case .empty: #expect(stream.response == [0], "line \(stream.line)")
            case .nothing: #expect(stream.response.isEmpty, "line \(stream.line)")
            }
        }
    }

    @Test("messages are within their bounds, and a byte more than the bound is refused", arguments: Recording.all)
    func bounds(recording: Recording) throws {
        for stream in recording.streams where stream.kind != .sync {
            let bytes = try stream.message()
            // An unknown field of any length is tolerated up to the bound.
            var padded = bytes
            padded += FieldWriter.message { $0.element(1000, [UInt8](repeating: 0, count: 1 << 17)) }
            #expect(throws: WireFault.self) { try RecordedMessage.recoded(padded, stream, recording) }
            let unknown = bytes + FieldWriter.message { $0.number(1000, 7) }
            #expect(
                try RecordedMessage.recoded(unknown, stream, recording)
                    == RecordedMessage.recoded(bytes, stream, recording), "line \(stream.line)")
        }
    }
}
