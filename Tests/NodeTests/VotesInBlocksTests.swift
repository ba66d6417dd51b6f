import BeaconAPI
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Node

@Suite("what a node finds in the chain's blocks", .timeLimit(.minutes(1)))
struct VotesInBlocksTests {
    private typealias Answer = FakeBeaconNode.Answer

    private static let block = Root(padding: [7])
    private let scene: DutyScene

    init() throws { scene = try DutyScene() }

    /// A node whose chain has one block, with one attestation of this fork; committees 0 and 2 have 3 and 5 members.
    private func found(
        _ fork: ForkName, bits: Bitlist, committees: Int = 200
    ) async throws -> (answer: BlockAnswer?, asked: [String]) {
        var data = AttestationData()
        data.slot = scene.slot
        let block = Slot(scene.slot.rawValue + 1)
        let attestation: JSONValue
        if fork.usesElectraAttestations {
            let some = Bitvector(count: Preset.mainnet.maxCommitteesPerSlot, setting: [0, 2])
            attestation =
                AttestationElectra(aggregationBits: bits, data: data, signature: .zero, committeeBits: some).json()
        } else {
            attestation = AttestationPhase0(aggregationBits: bits, data: data, signature: .zero).json()
        }
        let slot = scene.slot
        return try await FakeBeaconNode.with({ request in
            let path = request.target.split(separator: "?")[0]
            switch path {
            case "/eth/v1/beacon/blocks/\(block)/root":
                let root: JSONValue = ["data": ["root": Self.block.json()]]
                return .json(root.text())
            case "/eth/v2/beacon/blocks/\(Self.block)/attestations":
                let body: JSONValue = ["version": .string(fork.name), "data": [attestation]]
                return .json(body.text())
            case "/eth/v1/beacon/states/head/committees":
                let rows = [(0, 3), (2, 5)].map { index, count -> JSONValue in
                    [
                        "index": .string("\(index)"), "slot": slot.json(),
                        "validators": .array((0..<count).map { .string("\($0)") }),
                    ]
                }
                return .json((["data": .array(rows)] as JSONValue).text(), status: committees)
            default: return .json(APIErrorBody(code: 404, message: "no").json().text(), status: 404)
            }
        }) { node in
            let events = try await EffectHands.outcomes(
                of: [.checkInclusion(block)], count: 1, scene, beacon: [node.url])
            guard case .blockSeen(block, let answer)? = events.first else { return (nil, node.requests.map(\.target)) }
            return (answer, node.requests.map(\.target))
        }
    }

    /// Expects a block with one attestation, and returns its members.
    private func members(_ answer: BlockAnswer?) throws -> [CommitteeIndex: Bitlist] {
        guard case .block(Self.block, let votes)? = answer else {
            Issue.record("\(String(describing: answer))")
            return [:]
        }
        var data = AttestationData()
        data.slot = scene.slot
        #expect(votes.map(\.data) == [data.hashTreeRoot()])
        return try #require(votes.first).members
    }

    @Test("votes of one committee are read without asking for committees")
    func single() async throws {
        let bits = Bitlist(count: 4, setting: [1])
        let (answer, asked) = try await found(.deneb, bits: bits)
        #expect(try members(answer) == [0: bits])
        #expect(!asked.contains { $0.contains("committees") })
    }

    @Test("votes of several committees are taken apart by the committees of their slot")
    func several() async throws {
        let (answer, asked) = try await found(.electra, bits: Bitlist(count: 8, setting: [1, 3, 7]))
        #expect(
            try members(answer) == [0: Bitlist(count: 3, setting: [1]), 2: Bitlist(count: 5, setting: [0, 4])])
        #expect(
            asked.last == "/eth/v1/beacon/states/head/committees?epoch=\(DutyScene.epoch)&slot=\(scene.slot)")
    }

    @Test("bits that fit no committees are no votes, and the block is there all the same")
    func misfit() async throws {
        let (answer, _) = try await found(.electra, bits: Bitlist(count: 9, setting: [1]))
        #expect(answer == .block(root: Self.block, votes: []))
    }

    @Test("without the committees nothing is known of the block")
    func blind() async throws {
        let (answer, _) = try await found(.electra, bits: Bitlist(count: 8, setting: [1]), committees: 400)
        guard case .unknown? = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
    }
}
