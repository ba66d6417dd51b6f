import BLS
import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

/// Takes the place of each operator in recorded ceremonies of Charon: hears what it heard, with its secrets, and must say
/// what it said and end with its files.
@Suite(.enabled(if: Vectors.has("dkg"))) struct RecordedCeremonyTests {
    @Test(
        "in each operator's place we say what Charon said",
        arguments: [
            "frost-v1.10.3", "frost-v1.11-dev", "frost-v1.11-dev-deposits", "pedersen-v1.11-dev",
            "add-operators",
            "replace-operator", "remove-operators", "recreate-private-keys", "add-validators-frost",
            "add-validators-pedersen",
        ])
    func same(folder: String) throws {
        let recorded = try RecordedCeremony(folder)
        for own in recorded.recording.keys.indices {
            var replay = try Replay(recorded, own)
            try replay.run()
        }
    }
}

extension RecordedCeremonyTests {
    /// Operator 1 was made to deal a wrong share to operator 2: it is published, and all wait until time is over.
    @Test("a complaint, in the place of those who did nothing wrong", arguments: [0, 2])
    func complaint(own: ParticipantIndex) throws {
        var replay = try Replay(RecordedCeremony("pedersen-complaint"), own)
        try replay.run()
    }
}

/// One operator's part, played by us.
private struct Replay {
    let recorded: RecordedCeremony
    let own: ParticipantIndex
    let plan: CeremonyPlan
    var ceremony: Ceremony
    /// Streams of ours in the recording that we have not said yet.
    var unsaid: [Recording.Stream]
    var now = Instant(unixSeconds: 1_795_878_600)
    var outcome: CeremonyOutcome?

    init(_ recorded: RecordedCeremony, _ own: ParticipantIndex) throws {
        self.recorded = recorded
        self.own = own
        plan = try recorded.plan(own)
        ceremony = Ceremony(plan, seed: CeremonySeed(), at: now)
        unsaid = recorded.recording.streams.filter { $0.from == own && $0.kind != .sync }
        guard !recorded.isFrost else { return }
        let nodeKey = try recorded.nodeKey(own)
        let seat = plan.seat(of: own)
        let dealings = try (0..<plan.validators).map { try recorded.dealing(own, run: $0, seat: seat) }
        let sharings = (0..<plan.validators).map { plan.sharing($0) }
        ceremony.nodeKey = nodeKey
        ceremony.makeRun = { roster, number throws(CeremonyFault) in
            try PedersenRun(
                roster, validator: number, nodeKey: nodeKey, dealing: dealings[number],
                sharing: sharings[number])
        }
    }

    mutating func run() throws {
        for peer in plan.others {
            try take(.syncReached(peer))
            try sync(peer, step: 0)
        }
        // As it was: what we said before it is said before it.
        for stream in recorded.recording.streams where stream.to == own && stream.kind != .sync {
            try goOn { unsaid in unsaid.contains { $0.ended < stream.began } }
            let effects = try take(.message(stream.from, stream.kind, stream.message()))
            var answer: [UInt8]?
            for case .answer(let bytes) in effects { answer = bytes }
            let expected = stream.response.isEmpty ? nil : try stream.answer()
            #expect(answer == expected, "\(stream.kind) from \(stream.from) to \(own)")
        }
        try goOn { _ in true }
        #expect(ceremony.failure == nil)
        let outcome = try #require(outcome)
        #expect(try outcome.lock.encoded() == Vectors.data("\(recorded.folder)/cluster-lock.json"))
        #expect(outcome.shares.map { $0.exposedBytes() } == (try recorded.shares(own)))
        for file in outcome.depositFiles {
            #expect(file.encoded() == (try Vectors.data("\(recorded.folder)/\(file.name)")))
        }
        #expect(unsaid.isEmpty, "\(unsaid.map { "\($0.kind) to \($0.to)" })")
    }

    /// Lets time go on, with all peers at our step, while something is still to come.
    private mutating func goOn(_ isWaiting: ([Recording.Stream]) -> Bool) throws {
        for _ in 0..<400 where !ceremony.isFinished && isWaiting(unsaid) {
            for peer in plan.others { try sync(peer, step: ceremony.view.step) }
            now = now + .milliseconds(100)
            try take(.tick)
        }
    }

    /// With the words of the peer itself.
    private mutating func sync(_ peer: ParticipantIndex, step: Int) throws {
        let message = SyncMessage(
            timestamp: SyncTimestamp(now),
            hashSignature: recorded.recording.keys[peer].signDER(message: plan.session.bytes),
            shutdown: step == plan.works.count + 2,
            version: plan.release.announced, step: step, nickname: "")
        try take(.syncMessage(peer, message.encoded(), stream: peer))
        try take(.syncAnswer(peer, SyncResponse(timestamp: SyncTimestamp(now)).encoded()))
        _ = ceremony.syncMessage(to: peer, at: now)
    }

    @discardableResult
    private mutating func take(_ event: CeremonyEvent) throws -> [CeremonyEffect] {
        let effects = ceremony.receive(event, at: now)
        for effect in effects {
            switch effect {
            case .send(let id, let to, let protocolID, let bytes):
                let answer = try said(bytes, protocolID, to)
                try take(.sent(id, answer: answer))
            case .work(let work):
                let secrets = try recorded.frostSecrets(own)
                let result = try work.perform(plan) { try FrostRound1($0, secrets: secrets) }
                try take(.worked(.success(try asRecorded(result))))
            case .write(let outcome, _):
                self.outcome = outcome
                try take(.written(.success(())))
            case .failed(let failure): Issue.record("\(failure)")
            case .record, .answer, .answerSync, .finished, .warning: break
            }
        }
        return effects
    }

    /// Charon's order of the entries is random, and signatures of others are over it: ours, in its order.
    private func asRecorded(_ result: CeremonyWork.Result) throws -> CeremonyWork.Result {
        let (threshold, validators) = (plan.threshold, plan.validators)
        switch result {
        case .frostBegun(let cast, let shares):
            let recorded = try recorded.broadcast(.frostCasts, of: own)
            let (ours, theirs) = try both((cast, recorded)) {
                try FrostCastsMessage(
                    unpacking: $0, source: own + 1, threshold: threshold, validators: validators)
            }
            #expect(ours == theirs)
            return .frostBegun(cast: recorded, shares: shares)
        case .frostContinued(let round, let result):
            let recorded = try recorded.broadcast(.frostResults, of: own)
            let (ours, theirs) = try both((result, recorded)) {
                try FrostResultCastsMessage(unpacking: $0, source: own + 1, validators: validators)
            }
            #expect(ours == theirs)
            return .frostContinued(round, result: recorded)
        default: return result
        }
    }

    /// - Returns: the recorded answer.
    private mutating func said(
        _ bytes: [UInt8], _ protocolID: CeremonyProtocol, _ to: ParticipantIndex
    ) throws -> [UInt8]? {
        let place = try #require(
            try unsaid.firstIndex {
                try $0.kind == protocolID && $0.to == to && isSame($0.message(), bytes, protocolID, to)
            }, "\(own) says \(protocolID) to \(to), which Charon did not")
        let stream = unsaid.remove(at: place)
        return stream.response.isEmpty ? nil : try stream.answer()
    }

    /// Byte for byte, but for the order of map and bundle entries.
    private func isSame(
        _ recorded: [UInt8], _ ours: [UInt8], _ protocolID: CeremonyProtocol, _ to: ParticipantIndex
    ) -> Bool {
        switch protocolID {
        case .partialSignatures:
            func read(_ bytes: [UInt8]) -> PartialSignatureSet? {
                try? PartialSignatureSet(
                    decoding: bytes, share: plan.shareIndex(of: own), validators: plan.signedValidatorsMax)
            }
            return read(recorded) == read(ours) && recorded.count == ours.count
        case .frostShares:
            func read(_ bytes: [UInt8]) -> [[UInt8]]? {
                try? FrostSharesMessage(
                    decoding: bytes, source: own + 1, target: to + 1, validators: plan.validators
                ).shares.map { $0.exposedBytes() }
            }
            return read(recorded) == read(ours) && recorded.count == ours.count
        default: return recorded == ours
        }
    }
}

private func both<A, B>(_ pair: (A, A), _ body: (A) throws -> B) rethrows -> (B, B) {
    (try body(pair.0), try body(pair.1))
}
