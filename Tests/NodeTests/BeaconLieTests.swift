import BeaconAPI
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Node

/// Answers that are well formed and wrong, of a beacon node that is faster than an honest one.
@Suite("lies of one of two beacon nodes", .timeLimit(.minutes(1)))
struct BeaconLieTests {
    private typealias Answer = FakeBeaconNode.Answer

    private let scene: DutyScene
    private let due = Bytes20(padding: [7])
    private let reveal = SignatureBytes(padding: [3])

    init() throws { scene = try DutyScene() }

    /// The outcome of a request that every node is asked, the honest one after the liar.
    private func outcome(of effect: Effect, lie: Answer, truth: Answer) async throws -> Event? {
        let lied = Gate()
        return try await FakeBeaconNode.with(
            { _ in
                defer { lied.open() }
                return lie
            },
            { _ in
                await lied.wait()
                return truth
            }
        ) { liar, honest in
            let events = try await EffectHands.outcomes(
                of: [effect], try DutyScene(), beacon: [liar.url, honest.url],
                configure: { $0.makeshiftPatience = .seconds(30) })
            #expect(events.count == 1)
            return events.first
        }
    }

    // MARK: Blocks

    enum Lie: CaseIterable, Sendable { case slot, proposer, fork, reveal, payee, builder }

    private func block<Fork: BlockFork>(_: Fork.Type, _ lie: Lie? = nil) -> VersionedProposal {
        guard lie != .builder else {
            var block = BlindedBeaconBlock<Fork>()
            block.slot = scene.slot
            block.proposerIndex = 7
            block.body.randaoReveal = reveal
            block.body.executionPayload.feeRecipient = due
            return VersionedProposal(block)
        }
        var contents = BlockContents<Fork>()
        contents.block.slot = lie == .slot ? scene.slot + 1 : scene.slot
        contents.block.proposerIndex = lie == .proposer ? 8 : 7
        contents.block.body.randaoReveal = lie == .reveal ? .zero : reveal
        contents.block.body.executionPayload.feeRecipient = lie == .payee ? Bytes20(padding: [9]) : due
        return VersionedProposal(contents)
    }

    private func block(_ lie: Lie? = nil) -> VersionedProposal {
        lie == .fork ? block(Electra.self) : block(Fulu.self, lie)
    }

    private func answer(_ block: VersionedProposal) -> Answer {
        Answer(
            headers: [
                HeaderName.contentType: MediaType.ssz, HeaderName.consensusVersion: "\(block.fork)",
                HeaderName.executionPayloadBlinded: "\(block.isBlinded)",
            ], body: block.objectBytes())
    }

    private var proposal: Effect {
        let request = ProposalRequest(
            randaoReveal: reveal, graffiti: .zero, wantsBuilder: false, proposer: 7, feeRecipient: due)
        return .fetch(Duty(slot: scene.slot, type: .proposer), .proposal(request))
    }

    private func expect(_ event: Event?, _ block: VersionedProposal) {
        guard case .fetched(_, .proposal(block))? = event else {
            Issue.record("\(String(describing: event))")
            return
        }
    }

    @Test("the block that keeps the rules and the wishes wins over a faster one that does not", arguments: Lie.allCases)
    func blocks(lie: Lie) async throws {
        expect(try await outcome(of: proposal, lie: answer(block(lie)), truth: answer(block())), block())
    }

    @Test("a block that only pays another, or is a builder's, is better than none", arguments: [Lie.payee, .builder])
    func makeshift(lie: Lie) async throws {
        for bad in [Lie.slot, .proposer, .fork, .reveal] {
            let event = try await outcome(of: proposal, lie: answer(block(bad)), truth: answer(block(lie)))
            expect(event, block(lie))
        }
    }

    @Test("if every block is a lie the node asks again")
    func nothing() async throws {
        let event = try await outcome(of: proposal, lie: answer(block(.proposer)), truth: answer(block(.fork)))
        guard case .fetchFailed(_, let failure)? = event else {
            Issue.record("\(String(describing: event))")
            return
        }
        #expect(failure.isTemporary && ["fork electra", "proposer 8"].contains { failure.reason.contains($0) })
    }

    // MARK: Votes

    private func answer(_ data: AttestationData) -> Answer { .json((["data": data.json()] as JSONValue).text()) }

    @Test("attestation data with another target, a source beyond it or another committee lose")
    func votes() async throws {
        let truth = scene.data()
        var target = truth
        target.target.epoch = DutyScene.epoch + 1
        var source = truth
        source.source.epoch = DutyScene.epoch
        for lie in [target, source, scene.data(of: 3)] {
            let event = try await outcome(
                of: .fetch(scene.duty, .attestationData([0])), lie: answer(lie), truth: answer(truth))
            guard case .fetched(scene.duty, .attestationData(let data))? = event else {
                Issue.record("\(String(describing: event))")
                continue
            }
            #expect(data == [0: truth])
        }
    }

    @Test("an aggregate that names another fork, or that nobody voted for, loses")
    func aggregates() async throws {
        let data = scene.data()
        func aggregate(_ fork: String, votes: [Int] = [1]) -> Answer {
            let attestation = AttestationElectra(
                aggregationBits: Bitlist(count: 64, setting: votes), data: data, signature: .zero,
                committeeBits: Bitvector(count: Preset.mainnet.maxCommitteesPerSlot, setting: [0]))
            return .json((["version": .string(fork), "data": attestation.json()] as JSONValue).text())
        }
        let request = AggregateRequest(dataRoot: data.hashTreeRoot(), committee: 0)
        let duty = Duty(slot: scene.slot, type: .aggregator)
        for lie in [aggregate("electra"), aggregate("fulu", votes: [])] {
            let event = try await outcome(
                of: .fetch(duty, .aggregates([request])), lie: lie, truth: aggregate("fulu"))
            guard case .fetched(duty, .aggregates(let aggregates))? = event else {
                Issue.record("\(String(describing: event))")
                continue
            }
            #expect(aggregates[request]?.fork == .fulu && aggregates[request]?.aggregationBits.setCount == 1)
        }
    }
}
