import BLS
import BeaconAPI
import BeaconTestSupport
import Dispatch
import DutyWorkflow
import Ethereum
import PeerProtocols
import QBFT
import SSZ
import TestSupport
import Testing

@testable import Node

/// Work that stays in the house or goes to peers. Towards beacon nodes: BeaconEffectsTests.
@Suite("effects of a node", .timeLimit(.minutes(1)))
struct NodeEffectsTests {
    private let scene: DutyScene

    init() throws { scene = try DutyScene() }

    private var entries: [EntryKey] { scene.validators.map(\.entry).sorted() }

    // MARK: Peers

    private func vote() -> ConsensusMessage {
        let value = scene.decided
        let hash = value.valueHash()
        let vote = QBFT.Message(.prepare, round: 1, source: 0, value: hash)
        return ConsensusMessage(
            duty: scene.duty, message: ConsensusCodec.seal(scene.duty, vote, with: scene.operators[0]),
            values: [hash: .duties(value)])
    }

    @Test("a consensus message goes to everybody else, or to the one it is for")
    func consensus() async throws {
        let network = EffectHands.Network()
        let codec = ConsensusCodec(operators: scene.operators.map(\.publicKey), validators: 2)
        let events = try await EffectHands.run(scene, network: network) { hands in
            hands.perform(.sendConsensus(vote()))
            hands.perform(.sendConsensusTo(PeerIndex(2), vote()))
            // Comes back when all before it are on their way.
            hands.perform(.shareWithPeers(scene.duty, try scene.partials()))
            await hands.events.wait(for: 1)
        }
        let sent = network.letters.filter { $0.protocolID == ConsensusProtocol.id }
        #expect(sent.map(\.peer.rawValue) == [1, 2, 3, 2])
        for letter in sent { #expect(try codec.decode(letter.bytes) { _ in true } == vote()) }
        #expect(events.count == 1, "what is sent of consensus has no outcome")
    }

    @Test(
        "shares go to all peers, and count as shared when all were tried, whoever is down",
        arguments: [[], [2], [1, 2, 3]])
    func shares(down: [Int]) async throws {
        let network = EffectHands.Network(unreachable: Set(down.map { PeerIndex($0) }))
        let set = try scene.partials()
        let events = try await EffectHands.outcomes(of: [.shareWithPeers(scene.duty, set)], scene, network: network)
        guard events.count == 1, case .shared(scene.duty, entries) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(network.letters.map(\.peer.rawValue) == [1, 2, 3].filter { !down.contains($0) })
        let codec = ParSigExCodec(validators: Set(scene.validators.map(\.pubKey)), nodes: 4)
        for letter in network.letters {
            #expect(letter.protocolID == ParSigExProtocol.id)
            #expect(try codec.decode(letter.bytes) { _ in true }.set == set)
        }
    }

    @Test(
        "shares of a validator in two sync subcommittees go in two messages, and count as shared once",
        arguments: [[], [2]])
    func twoSubcommittees(down: [Int]) async throws {
        let network = EffectHands.Network(unreachable: Set(down.map { PeerIndex($0) }))
        let duty = Duty(slot: scene.slot, type: .prepareSyncContribution)
        var set: ParSignedDataSet = [:]
        for subcommittee in [0, 2] as [UInt64] {
            let selection = SyncCommitteeSelection(
                validatorIndex: 7, slot: scene.slot, subcommitteeIndex: subcommittee,
                selectionProof: SignatureBytes(padding: [1, UInt8(subcommittee)]))
            set[EntryKey(scene.validators[0].pubKey, subcommittee: subcommittee)] = ParSignedData(
                data: .syncSelection(selection), shareIndex: ShareIndex(DutyScene.own))
        }
        let events = try await EffectHands.outcomes(of: [.shareWithPeers(duty, set)], scene, network: network)
        guard events.count == 1, case .shared(duty, let keys) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(keys == set.keys.sorted())
        let codec = ParSigExCodec(validators: Set(scene.validators.map(\.pubKey)), nodes: 4)
        for peer in [1, 2, 3] where !down.contains(peer) {
            let letters = network.letters.filter { $0.peer.rawValue == peer }
            #expect(letters.count == 2)
            var taken: ParSignedDataSet = [:]
            for letter in letters { taken.merge(try codec.decode(letter.bytes) { _ in true }.set) { $1 } }
            #expect(taken == set)
        }
    }

    // MARK: Signing

    @Test("what was decided comes back signed by this operator's shares")
    func signs() async throws {
        let events = try await EffectHands.outcomes(of: [.sign(scene.duty, try scene.objects())], scene)
        guard events.count == 1, case .localPartials(let partials, nil) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(partials == [LocalPartials(scene.duty, try scene.partials())])
    }

    @Test("a missing key is told beside the shares of the others; without any share there is only that")
    func missingKey() async throws {
        let stranger = SecretKey.random().publicKey.bytes
        var set = try scene.objects()
        let strange = EntryKey(stranger)
        set[strange] = set[scene.validators[0].entry]
        let both = try await EffectHands.outcomes(of: [.sign(scene.duty, set)], count: 2, scene)
        guard both.count == 2, case .localPartials(let partials, nil) = both[0],
            case .signFailed(scene.duty, let reason) = both[1]
        else {
            Issue.record("\(both)")
            return
        }
        #expect(partials.map { $0.set.count } == [2] && reason.contains("\(stranger)"))
        let other = try DutyScene()
        let alone = try await EffectHands.outcomes(of: [.sign(scene.duty, set.filter { $0.key == strange })], other)
        guard alone.count == 1, case .signFailed = alone[0] else {
            Issue.record("\(alone)")
            return
        }
    }

    @Test("a node whose validator client signs says so when it is asked to sign")
    func noSigner() async throws {
        let events = try await EffectHands.outcomes(
            of: [.sign(scene.duty, try scene.objects())], scene, hasSigner: false)
        guard events.count == 1, case .signFailed(scene.duty, "no signer is configured") = events[0] else {
            Issue.record("\(events)")
            return
        }
    }

    // MARK: Verification and recovery

    /// Of four sets of shares, what `.verify` says.
    private func verdict(_ share: ShareIndex, _ set: ParSignedDataSet) async throws -> Bool? {
        let events = try await EffectHands.outcomes(of: [.verify(share, scene.duty, set)], scene)
        guard events.count == 1, case .verified(share, let isGood) = events[0] else { return nil }
        return isGood
    }

    @Test("a suspect's shares are checked under its own public shares")
    func verify() async throws {
        #expect(try await verdict(ShareIndex(PeerIndex(2)), scene.partials(of: PeerIndex(2))) == true)
    }

    @Test("another operator's signatures in its name do not hold")
    func verifyForged() async throws {
        let forged = try scene.partials(of: PeerIndex(2), signedBy: PeerIndex(3))
        #expect(try await verdict(ShareIndex(PeerIndex(2)), forged) == false)
    }

    @Test("one bad share of many, or one of no validator of ours, and the set does not hold", arguments: [false, true])
    func verifyMixed(isStranger: Bool) async throws {
        var set = try scene.partials(of: PeerIndex(2))
        let forged = try scene.partials(of: PeerIndex(2), signedBy: PeerIndex(1))
        let key = isStranger ? EntryKey(SecretKey.random().publicKey.bytes) : entries[1]
        set[key] = forged[entries[1]]
        #expect(try await verdict(ShareIndex(PeerIndex(2)), set) == false)
    }

    @Test("more of one suspect's than can be checked is refused at once, and everything else still is answered")
    func verifyTooMuch() async throws {
        let share = ShareIndex(PeerIndex(2))
        let set = try scene.partials(of: PeerIndex(2))
        let gate = DispatchSemaphore(value: 0)
        let events = try await EffectHands.run(scene) { hands in
            // Both threads are busy, so that nothing is checked meanwhile.
            for _ in 0..<2 { scene.threads.submit(.own) { gate.wait() } }
            for _ in 0..<70 { hands.perform(.verify(share, scene.duty, set)) }
            await hands.events.wait(for: 6)
            for _ in 0..<2 { gate.signal() }
            await hands.events.wait(for: 70)
        }
        let verdicts = events.compactMap { if case .verified(share, let isGood) = $0 { isGood } else { nil } }
        #expect(verdicts == Array(repeating: false, count: 6) + Array(repeating: true, count: 64))
    }

    private func groups(but bad: ShareIndex? = nil) throws -> [EntryKey: PartialGroup] {
        var groups: [EntryKey: PartialGroup] = [:]
        for peer in (1...3).map({ PeerIndex($0) }) {
            let isBad = ShareIndex(peer) == bad
            for (key, partial) in try scene.partials(of: peer, signedBy: isBad ? PeerIndex(0) : nil) {
                groups[key, default: PartialGroup(data: partial.data, signatures: [:])]
                    .signatures[partial.shareIndex] = partial.data.signature
            }
        }
        return groups
    }

    @Test("three shares become the group's signature, decoded ahead or not", arguments: [false, true])
    func recovers(ahead: Bool) async throws {
        let groups = try groups()
        let events = try await EffectHands.run(scene) { hands in
            if ahead { hands.perform(.decodeAhead(groups.values.flatMap { $0.signatures.values })) }
            hands.perform(.recover(scene.duty, groups))
            await hands.events.wait(for: 1)
        }
        guard events.count == 1, case .recovered(scene.duty, let results) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(results == (try scene.signed().mapValues { .signature($0.signature) }))
    }

    @Test("a share that does not belong is named")
    func badShare() async throws {
        let share = ShareIndex(PeerIndex(3))
        let events = try await EffectHands.outcomes(of: [.recover(scene.duty, try groups(but: share))], scene)
        guard events.count == 1, case .recovered(_, let results) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(results == Dictionary(uniqueKeysWithValues: entries.map { ($0, .badShares([share])) }))
    }

    // MARK: The rest

    @Test("reports reach the log; what is the driver's is left to it")
    func reports() async throws {
        let report = Report.started(scene.duty, validators: 2)
        let events = try await EffectHands.run(scene) { hands in
            hands.perform(.persist(.expired(scene.duty)))
            hands.perform(.note(.expired(scene.duty)))
            hands.perform(.answer(Ticket(1), .attesters([])))
            hands.perform(.report(report))
            await hands.reports.wait(for: 1)
            #expect(hands.reports.all == [report])
        }
        #expect(events.isEmpty)
    }

    @Test("crypto work given after the threads have ended is dropped without a word")
    func afterTheEnd() async throws {
        try await scene.threads.shutdown()
        let events = try await EffectHands.run(scene) { hands in
            hands.perform(.sign(scene.duty, try scene.objects()))
            hands.perform(.recover(scene.duty, try groups()))
            hands.perform(.verify(ShareIndex(PeerIndex(2)), scene.duty, try scene.partials(of: PeerIndex(2))))
            hands.perform(.report(.started(scene.duty, validators: 2)))
            await hands.reports.wait(for: 1)
        }
        #expect(events.isEmpty)
    }
}
