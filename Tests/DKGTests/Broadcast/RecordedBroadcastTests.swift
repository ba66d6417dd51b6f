import SSZ
import Secp256k1
import Testing

@testable import DKG

@Suite("recorded ceremonies: reliable broadcast", .enabled(if: Recording.areThere, "needs shared/vectors/dkg"))
struct RecordedBroadcastTests {
    private static let recordings = Recording.all.filter { !$0.streams(.broadcastSign1, .broadcastSign2).isEmpty }

    private static func machines(_ recording: Recording) -> [ReliableBroadcast] {
        recording.nodes.indices.map {
            ReliableBroadcast(
                version: recording.version, session: recording.session, identities: recording.identities, own: $0,
                key: recording.keys[$0], ids: Set(BroadcastID.allCases))
        }
    }

    @Test("machines send, sign and accept what was recorded, byte for byte", arguments: recordings)
    func replay(recording: Recording) throws {
        var machines = Self.machines(recording)
        var accepted = 0
        for stream in recording.streams {
            let (from, to) = (stream.from, stream.to)
            switch stream.kind {
            case .broadcastSign1, .broadcastSign2:
                #expect(stream.kind == recording.version.signProtocol)
                let bytes = try stream.message()
                let request = try BroadcastSignRequest(decoding: bytes, valueBytesMax: recording.valueBytesMax)
                let id = try #require(BroadcastID(rawValue: request.id))
                let started = machines[from].start(id, request.message)
                #expect(started.encoded() == bytes)
                let answer = try machines[to].sign(request, from: from)
                let again = try machines[to].sign(request, from: from)
                #expect(try answer.encoded() == stream.answer() && again == answer, "line \(stream.line)")
                #expect(machines[from].unsigned(id).contains(to))
                try machines[from].collect(answer, for: id, from: to)
                #expect(!machines[from].unsigned(id).contains(to))
            case .broadcastDeliver1, .broadcastDeliver2:
                #expect(stream.kind == recording.version.deliverProtocol)
                let bytes = try stream.message()
                let message = try BroadcastMessage(
                    decoding: bytes, valueBytesMax: recording.valueBytesMax, participants: recording.nodes.count)
                let id = try #require(BroadcastID(rawValue: message.id))
                #expect(machines[from].message(id)?.encoded() == bytes, "line \(stream.line)")
                #expect(machines[to].missing(id).contains(from))
                let delivery = try machines[to].accept(message, from: from)
                #expect(delivery == .init(id: id, sender: from, message: message.message))
                #expect(try machines[to].accept(message, from: from) == nil)
                #expect(machines[from].undelivered(id).contains(to))
                machines[from].delivered(id, to: to)
                #expect(!machines[to].missing(id).contains(from) && !machines[from].undelivered(id).contains(to))
                accepted += 1
            default: break
            }
        }
        let n = recording.nodes.count
        #expect(accepted > 0 && accepted.isMultiple(of: n * (n - 1)))
    }

    @Test("signatures bind the session of 2.0.0, and none of 1.0.0", arguments: recordings)
    func session(recording: Recording) throws {
        let stream = try #require(recording.streams(recording.version.deliverProtocol).first)
        let message = try BroadcastMessage(
            decoding: stream.message(), valueBytesMax: recording.valueBytesMax, participants: recording.nodes.count)
        let id = try #require(BroadcastID(rawValue: message.id))
        var foreign = ReliableBroadcast(
            version: recording.version, session: .zero, identities: recording.identities, own: stream.to,
            key: recording.keys[stream.to], ids: [id])
        _ = try foreign.sign(BroadcastSignRequest(id: message.id, message: message.message), from: stream.from)
        switch recording.version {
        case .v1: #expect(try foreign.accept(message, from: stream.from) != nil)
        case .v2:
            #expect(throws: CeremonyFault(stream.from, .unsigned(id.ceremonyMessage))) {
                try foreign.accept(message, from: stream.from)
            }
        }
    }
}
