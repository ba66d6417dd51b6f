import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

@Suite("synchronisation")
struct SyncStateTests {
    private static let keys: [PrivateKey] = {
        var generator = SeededGenerator(seed: 5)
        return (0..<3).map { _ in PrivateKey.random(using: &generator) }
    }()
    private static let hash = Bytes32(padding: [7])
    private static let now = Instant(unixSeconds: 1_700_000_000)

    private static func terms(
        _ node: Int, hash: Bytes32 = hash, version: String = "v1.11", nickname: String = ""
    ) -> SyncTerms {
        SyncTerms(definitionHash: hash, minorVersion: version, nickname: nickname, key: keys[node])
    }

    private static func state(_ own: Int = 0, step: Int = 0) -> SyncState {
        SyncState(terms: terms(own), identities: keys.map(\.publicKey), own: own, step: step)
    }

    private static func message(
        from node: Int, step: Int, version: String = "v1.11", hash: Bytes32 = hash, nickname: String = "",
        shutdown: Bool = false, key: Int? = nil
    ) -> SyncMessage {
        let terms = terms(key ?? node, hash: hash)
        return SyncMessage(
            timestamp: SyncTimestamp(now), hashSignature: terms.hashSignature, shutdown: shutdown, version: version,
            step: step, nickname: nickname)
    }

    /// The texts of the responses to peer 1 reporting these steps, on one stream each.
    private static func errors(_ steps: Int...) -> (state: SyncState, errors: [String]) {
        var state = state()
        let errors = steps.enumerated().map { stream, step in
            state.receive(message(from: 1, step: step), from: 1, stream: stream, at: now).response.error
        }
        return (state, errors)
    }

    @Test(
        "a peer begins at 0 or 1, stays, goes on, and may leave out a step",
        arguments: [[0], [1], [0, 0, 1, 1], [0, 1, 2, 4, 6], [0, 2], [1, 3]])
    func honest(steps: [Int]) {
        var state = Self.state()
        for step in steps {
            let reply = state.receive(Self.message(from: 1, step: step), from: 1, stream: 1, at: Self.now)
            #expect(reply.response == SyncResponse(timestamp: SyncTimestamp(Self.now)) && !reply.endsStream)
        }
        #expect(state.fault == nil && state.peers[1].step == steps.last)
    }

    @Test("a peer that restarts at its step is taken back")
    func restarted() {
        var state = Self.state()
        for (stream, step) in [(1, 0), (1, 1), (1, 2), (2, 2), (2, 3)] {
            if stream == 2 { state.streamEnded(from: 1, stream: 1, at: Self.now) }
            let reply = state.receive(Self.message(from: 1, step: step), from: 1, stream: stream, at: Self.now)
            #expect(reply.response.error.isEmpty)
        }
        #expect(state.fault == nil && state.peers[1].presence == .here)
    }

    @Test("a node that restarts takes its peers where they may be", arguments: 1...8)
    func restartedSelf(step: Int) {
        for reported in step - 1...step + 1 {
            var state = Self.state(step: step)
            #expect(state.message(to: 1, at: Self.now).step == step)
            _ = state.receive(Self.message(from: 1, step: reported), from: 1, stream: 1, at: Self.now)
            state.checkBarrier()
            #expect(state.fault == nil)
        }
        for reported in [step - 2, step + 2] {
            var state = Self.state(step: step)
            _ = state.receive(Self.message(from: 1, step: reported), from: 1, stream: 1, at: Self.now)
            #expect(state.fault != nil)
        }
    }

    @Test("a step back ends the ceremony with Charon's text")
    func behind() {
        let (state, errors) = Self.errors(0, 1, 2, 1)
        #expect(
            errors.last == "detected inconsistent peer sync state (node restarted mid-ceremony), ceremony aborted: all "
                + "operators must stop charon and restart the ceremony together: peer reported step is behind the last "
                + "known step")
        #expect(state.fault == .behind(peer: 1, step: 1, last: 2))
    }

    @Test("three steps at once and a late beginning end the ceremony")
    func ahead() {
        #expect(Self.errors(1, 4).state.fault == .ahead(peer: 1, step: 4, last: 1))
        #expect(Self.errors(2).state.fault == .initialStep(peer: 1, step: 2))
        #expect(Self.errors(-1).state.fault == .initialStep(peer: 1, step: -1))
        #expect(Self.errors(0, .max).state.fault == .ahead(peer: 1, step: .max, last: 0))
        #expect(Self.errors(0, .min).state.fault == .behind(peer: 1, step: .min, last: 0))
        #expect(Self.errors(0, .max).errors.last?.isEmpty == false)
    }

    @Test("the first fault stays, and the stream ends after one of steps only")
    func firstFault() {
        var state = Self.state()
        let wrong = state.receive(
            Self.message(from: 1, step: 0, version: "v1.10"), from: 1, stream: 1, at: Self.now)
        #expect(wrong.response.error == "mismatching charon version; expect=v1.11, got=v1.10" && !wrong.endsStream)
        #expect(state.peers[1].presence == .neverSeen && state.peers[1].step == nil)
        let late = state.receive(Self.message(from: 2, step: 5), from: 2, stream: 2, at: Self.now)
        #expect(late.endsStream)
        #expect(state.fault == .version(peer: 1, theirs: "v1.10", ours: "v1.11"))
        #expect(!state.wantsStream(to: 2))
    }

    @Test(
        "versions are of one minor",
        arguments: [
            ("v1.11", true), ("v1.11.3", true), ("v1.11-rc3", true), ("v1.11.0-rc3", true), ("v1.1", false),
            ("v1.110", false), ("v1.10", false), ("1.11", false), ("", false), ("v2.11", false),
        ])
    func versions(text: String, isTaken: Bool) {
        var state = Self.state()
        let reply = state.receive(Self.message(from: 1, step: 0, version: text), from: 1, stream: 1, at: Self.now)
        #expect(reply.response.error.isEmpty == isTaken)
    }

    @Test("another definition, another's signature and none are refused with Charon's text")
    func signatures() {
        let foreign = [
            Self.message(from: 1, step: 0, hash: .zero), Self.message(from: 1, step: 0, key: 2),
            SyncMessage(
                timestamp: SyncTimestamp(Self.now), hashSignature: [], shutdown: false, version: "v1.11", step: 0,
                nickname: ""),
        ]
        for message in foreign {
            var state = Self.state()
            let reply = state.receive(message, from: 1, stream: 1, at: Self.now)
            #expect(reply.response.error == "invalid definition hash signature" && !reply.endsStream)
            #expect(state.fault == .definition(peer: 1))
        }
    }

    @Test("a peer whose stream ends is away since then, unless it has a newer one or said goodbye")
    func away() {
        var state = Self.state()
        let later = Self.now + .seconds(9)
        _ = state.receive(Self.message(from: 1, step: 1), from: 1, stream: 1, at: Self.now)
        _ = state.receive(Self.message(from: 1, step: 1), from: 1, stream: 2, at: Self.now)
        state.streamEnded(from: 1, stream: 1, at: later)
        #expect(state.peers[1].presence == .here)
        state.streamEnded(from: 1, stream: 2, at: later)
        #expect(state.peers[1].presence == .away(since: later) && state.fault == nil)
        let goodbye = state.receive(Self.message(from: 1, step: 2, shutdown: true), from: 1, stream: 3, at: later)
        #expect(goodbye.endsStream && goodbye.response.error.isEmpty)
        state.streamEnded(from: 1, stream: 3, at: later)
        #expect(state.peers[1].presence == .finished)
    }

    @Test("a barrier holds when all are at our step or the next, and two steps ahead is a fault")
    func barrier() {
        var state = Self.state()
        #expect(!state.isEverybodyAtStep && state.missingAtStep == [1, 2])
        _ = state.receive(Self.message(from: 1, step: 0), from: 1, stream: 1, at: Self.now)
        _ = state.receive(Self.message(from: 2, step: 1), from: 2, stream: 2, at: Self.now)
        #expect(state.isEverybodyAtStep)
        state.advance()
        #expect(!state.isEverybodyAtStep && state.missingAtStep == [1])
        _ = state.receive(Self.message(from: 1, step: 2), from: 1, stream: 1, at: Self.now)
        state.checkBarrier()
        #expect(state.isEverybodyAtStep && state.fault == nil)
        _ = state.receive(Self.message(from: 1, step: 3), from: 1, stream: 1, at: Self.now)
        state.checkBarrier()
        #expect(state.fault == .apart(peer: 1, step: 3, ours: 1))
    }

    @Test("the ceremony begins when all streams are open in both directions")
    func beginning() {
        var state = Self.state()
        for peer in [1, 2] {
            #expect(!state.isEverybodyHere)
            state.reached(peer)
            #expect(!state.isEverybodyHere)
            _ = state.receive(Self.message(from: peer, step: 0), from: peer, stream: peer, at: Self.now)
        }
        #expect(state.isEverybodyHere)
        state.lost(1)
        #expect(!state.isEverybodyHere && state.wantsStream(to: 1) && !state.wantsStream(to: 0))
    }

    @Test("a ceremony is finished when goodbyes went both ways")
    func goodbye() {
        var state = Self.state(step: 8)
        for peer in [1, 2] { state.reached(peer) }
        state.shutDown()
        for peer in [1, 2] {
            #expect(!state.isFinished && state.wantsStream(to: peer))
            let message = state.message(to: peer, at: Self.now)
            #expect(message.shutdown && message.step == 8)
            _ = state.receive(
                Self.message(from: peer, step: 8, shutdown: true), from: peer, stream: peer, at: Self.now)
        }
        state.receive(SyncResponse(timestamp: SyncTimestamp(Self.now)), from: 1)
        #expect(!state.isFinished && !state.wantsStream(to: 1))
        // Peer 2 answered, or not; it is gone after both goodbyes.
        state.lost(2)
        #expect(state.isFinished)
    }

    @Test("what a peer's server refuses ends the ceremony, in printable text")
    func refused() {
        var state = Self.state()
        let text = "no\u{1b}[2J\n" + String(repeating: "x", count: 2000)
        state.receive(SyncResponse(timestamp: SyncTimestamp(Self.now), error: text), from: 2)
        let shown = "no?[2J?" + String(repeating: "x", count: 505)
        #expect(state.fault == .refused(by: 2, shown))
        #expect(state.fault?.ceremonyFault.culprit == 2)
        #expect(state.fault.map { "\($0.ceremonyFault)".contains("see what its operator's log says") } == true)
    }

    @Test("nicknames are at most 32 characters, and printable where they are shown")
    func nicknames() {
        let long = Self.terms(1, nickname: String(repeating: "n", count: 40))
        #expect(long.nickname.count == 32)
        var state = Self.state()
        _ = state.receive(
            Self.message(from: 1, step: 0, nickname: "a\u{202e}b"), from: 1, stream: 1, at: Self.now)
        #expect(state.peers[1].nickname == "a?b")
    }

    @Test("times are seconds and nanoseconds since the epoch, also before it")
    func timestamps() {
        #expect(SyncTimestamp(Instant(nanoseconds: 1_000_000_007)) == SyncTimestamp(seconds: 1, nanoseconds: 7))
        let before = SyncTimestamp(Instant(nanoseconds: -1))
        #expect(before == SyncTimestamp(seconds: -1, nanoseconds: 999_999_999))
        _ = SyncTimestamp(Instant(nanoseconds: .min))
    }
}
