import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Demo

@Suite("Demo chain: sync committee")
struct DemoSyncCommitteeTests {
    private static let slot = Slot(9)

    @Test("takes members' votes for the head, and a contribution made of them")
    func good() async throws {
        let scene = try DemoChainScene()
        let slot = Self.slot
        try await scene.propose(slot)
        var messages: [SyncCommitteeMessage] = []
        for index in scene.chain.syncMembers { messages.append(await scene.syncMessage(slot, index)) }
        #expect(await scene.chain.submit(messages, at: scene.time(slot, 1100)).isEmpty)
        #expect(await scene.copies(.syncMessage, slot) == Array(repeating: 1, count: 8))

        let index = try #require(scene.chain.syncMembers.first { scene.wins(slot, $0) })
        let signed = try #require(await scene.contribution(slot, index))
        let made = signed.message.contribution
        let colleagues = scene.chain.syncMembers.filter {
            scene.chain.subcommittee(of: $0) == made.subcommitteeIndex
        }
        #expect(colleagues.count == 2 && made.aggregationBits.setCount == 2)
        let keys = colleagues.map { scene.keys[Int($0.rawValue)].publicKey }
        let root = scene.chain.spec.signingRoot(made.beaconBlockRoot, .syncCommittee)
        #expect(try Signature(made.signature).fastAggregateVerify(keys, over: root))
        #expect(await scene.chain.submit([signed], at: scene.time(slot, 2100)).isEmpty)
        #expect(await scene.copies(.syncContribution, slot) == [1])
        #expect(await scene.rejections().isEmpty)
    }

    @Test(
        "refuses a vote that breaks a rule",
        arguments: [
            ("member", "validator 12 does not sit in the sync committee"),
            ("unknown", "validator 99 does not sit in the sync committee"),
            ("block", "a vote for another block than this chain's"), ("signature", "a signature does not verify"),
            ("over", "of slot 9, which is over"), ("future", "of slot 9, which is in the future"),
        ])
    func bad(fault: String, why: String) async throws {
        let scene = try DemoChainScene()
        var message = await scene.syncMessage(
            Self.slot, fault == "member" ? 12 : 1, head: fault == "block" ? Root(padding: [1]) : nil)
        if fault == "unknown" { message.validatorIndex = 99 }
        if fault == "signature" { message.signature = scene.sign(2, .zero) }
        let time =
            switch fault {
            case "over": scene.time(10, 1500)
            case "future": scene.time(9, -1)
            default: scene.time(9, 1100)
            }
        #expect(await scene.chain.submit([message], at: time).map(\.message) == [why])
        #expect(await scene.rejections() == [why])
        #expect(await scene.copies(.syncMessage, Self.slot).isEmpty)
    }

    @Test(
        "refuses a contribution that breaks a rule",
        arguments: [
            ("no aggregator", "is no aggregator of sync subcommittee"), ("seat", "does not sit in sync subcommittee"),
            ("votes", "a contribution that this chain did not make"), ("signature", "a signature does not verify"),
        ])
    func badContribution(fault: String, why: String) async throws {
        let scene = try DemoChainScene()
        let winner = fault != "no aggregator"
        let members = scene.chain.syncMembers
        // One of eight does or does not win in one of a few slots.
        let found = (8..<40).lazy.compactMap { number -> (Slot, ValidatorIndex)? in
            members.first { scene.wins(Slot(number), $0) == winner }.map { (Slot(number), $0) }
        }.first
        let (slot, index) = try #require(found)
        for member in members {
            let message = await scene.syncMessage(slot, member)
            #expect(await scene.chain.submit([message], at: scene.time(slot, 1100)).isEmpty)
        }
        let own = try #require(scene.chain.subcommittee(of: index))
        var signed = try #require(
            await scene.contribution(slot, index, subcommittee: fault == "seat" ? (own + 1) % 4 : nil) { message in
                if fault == "votes" { message.contribution.signature = .zero }
            })
        if fault == "signature" { signed.signature = scene.sign(9, .zero) }
        let faults = await scene.chain.submit([signed], at: scene.time(slot, 2100))
        #expect(faults.count == 1 && faults[0].message.contains(why), "\(faults)")
        #expect(await scene.rejections().count == 1)
        #expect(await scene.copies(.syncContribution, slot).isEmpty)
    }
}
