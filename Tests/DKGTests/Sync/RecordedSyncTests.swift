import Ethereum
import SSZ
import TestSupport
import Testing

@testable import DKG

/// What one node of a recording saw and said in its sync streams, in the order of the senders' clocks.
private struct SyncHistory {
    enum Event {
        /// A peer's message, and what was answered: nil if the server was killed before it answered.
        case received(SyncMessage, SyncResponse?, from: ParticipantIndex, stream: Int)
        case sent(SyncMessage, SyncResponse?, to: ParticipantIndex)
    }

    let events: [Event]

    init(_ recording: Recording, node: ParticipantIndex) throws {
        var events: [(SyncTimestamp, Event)] = []
        for stream in recording.streams(.sync) where stream.from == node || stream.to == node {
            let messages = try Recording.Stream.frames(stream.request).map { try SyncMessage(decoding: $0) }
            let responses = try Recording.Stream.frames(stream.response).map { try SyncResponse(decoding: $0) }
            for (place, message) in messages.enumerated() {
                let response = place < responses.count ? responses[place] : nil
                let event =
                    stream.to == node
                    ? Event.received(message, response, from: stream.from, stream: stream.line)
                    : .sent(message, response, to: stream.to)
                events.append((message.timestamp, event))
            }
        }
        self.events = events.sorted { ($0.0.seconds, $0.0.nanoseconds) < ($1.0.seconds, $1.0.nanoseconds) }.map(\.1)
    }
}

extension SyncTimestamp {
    fileprivate var instant: Instant { Instant(nanoseconds: seconds * 1_000_000_000 + Int64(nanoseconds)) }
}

@Suite("recorded ceremonies: synchronisation", .enabled(if: Recording.areThere, "needs shared/vectors/dkg"))
struct RecordedSyncTests {
    /// The definition of a node; in one recording they differ.
    private static func hash(_ recording: Recording, _ node: ParticipantIndex) throws -> Bytes32 {
        guard recording.name == "sync-definition-mismatch", node == 1 else { return recording.definitionHash }
        return try Vectors.json("dkg/\(recording.name)/definition-of-node-1.json").hash("definition_hash")
    }

    private static func state(_ recording: Recording, _ node: ParticipantIndex, nickname: String) throws -> SyncState {
        let terms = SyncTerms(
            definitionHash: try hash(recording, node), minorVersion: recording.minorVersion, nickname: nickname,
            key: recording.keys[node])
        return SyncState(terms: terms, identities: recording.identities, own: node)
    }

    @Test(
        "each node of a whole ceremony answers as recorded, passes its barriers and finishes",
        arguments: Recording.complete)
    func whole(recording: Recording) throws {
        for node in recording.nodes.indices {
            var state = try Self.state(recording, node, nickname: "")
            for peer in recording.nodes.indices where peer != node { state.reached(peer) }
            for event in try SyncHistory(recording, node: node).events {
                switch event {
                case .received(let message, let response, let peer, let stream):
                    let reply = state.receive(message, from: peer, stream: stream, at: message.timestamp.instant)
                    #expect(reply.response == response)
                    #expect(reply.endsStream == message.shutdown)
                case .sent(let message, let response, let peer):
                    while state.step < message.step {
                        #expect(state.step > 0 ? state.isEverybodyAtStep : state.isEverybodyHere)
                        state.checkBarrier()
                        state.advance()
                    }
                    if message.shutdown { state.shutDown() }
                    // Charon's clients begin to say goodbye one after the other.
                    if message.shutdown || !state.isShuttingDown {
                        #expect(state.message(to: peer, at: message.timestamp.instant) == message)
                    }
                    if let response { state.receive(response, from: peer) }
                }
            }
            #expect(state.fault == nil && state.isFinished && state.step == (recording.isReshare ? 6 : 8))
        }
    }

    @Test("every message signs the definition hash, and signing again gives the same bytes", arguments: Recording.all)
    func signatures(recording: Recording) throws {
        for stream in recording.streams(.sync) {
            for bytes in try Recording.Stream.frames(stream.request) {
                let message = try SyncMessage(decoding: bytes)
                let hash = try Self.hash(recording, stream.from)
                let key = recording.keys[stream.from]
                #expect(key.publicKey.verifyDER(message: hash.bytes, signature: message.hashSignature))
                #expect(key.signDER(message: hash.bytes) == message.hashSignature)
            }
        }
    }

    @Test(
        "nodes of a failing ceremony answer as recorded and know whose fault it is",
        arguments: [
            ("sync-version-mismatch", 1, SyncFault.version(peer: 0, theirs: "v1.10", ours: "v1.11")),
            ("sync-definition-mismatch", 1, SyncFault.definition(peer: 0)),
            ("sync-restart", 1, SyncFault.behind(peer: 0, step: 0, last: 1)),
            ("sync-restart", 2, SyncFault.behind(peer: 0, step: 0, last: 1)),
        ])
    func failing(name: String, node: ParticipantIndex, fault: SyncFault) throws {
        let recording = try #require(Recording.all.first { $0.name == name })
        var state = try Self.state(recording, node, nickname: "")
        var answers = 0
        for event in try SyncHistory(recording, node: node).events {
            guard case .received(let message, let response, let peer, let stream) = event else { continue }
            let reply = state.receive(message, from: peer, stream: stream, at: message.timestamp.instant)
            if let response {
                answers += 1
                #expect(reply.response == response)
            }
            #expect(message.nickname.isEmpty || state.peers[peer].nickname == message.nickname)
        }
        #expect(answers > 0 && state.fault == fault)
    }

    @Test("the restarted node is told the fault, and blames nobody else")
    func restarted() throws {
        let recording = try #require(Recording.all.first { $0.name == "sync-restart" })
        var state = try Self.state(recording, 0, nickname: "")
        for case .sent(_, let response?, let peer) in try SyncHistory(recording, node: 0).events {
            state.receive(response, from: peer)
            if state.fault != nil { break }
        }
        guard case .refused(let peer, let text) = state.fault else {
            Issue.record("no fault")
            return
        }
        #expect(peer != 0 && text.hasSuffix("peer reported step is behind the last known step"))
    }
}

extension Recording {
    /// Edits that change keys have fewer steps than those that make some.
    var isReshare: Bool {
        ["add-operators", "remove-operators", "replace-operator", "recreate-private-keys"].contains(name)
    }
}
