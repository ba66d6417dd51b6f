import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Demo

@Suite("Demo chain: attestations and aggregates")
struct DemoChainTests {
    @Test("takes a good attestation, and its copies from other nodes")
    func good() async throws {
        let scene = try DemoChainScene()
        let duty = scene.chain.duty(of: 2, in: 1)
        let now = scene.time(duty.slot, 1000)
        let attestation = await scene.attestation(duty)
        #expect(await scene.chain.submit([attestation], at: now).isEmpty)
        #expect(await scene.chain.submit([attestation], at: now).isEmpty)
        #expect(await scene.copies(.attester, duty.slot) == [2])
        #expect(await scene.rejections().isEmpty)
    }

    @Test(
        "refuses and records an attestation that breaks a rule",
        arguments: [
            ("signature", "a signature does not verify"), ("committee", "validator 2 sits in committee 1"),
            ("validator", "unknown validator 77"), ("block root", "data that differ from this chain's"),
            ("slot", "validator 2 attests in slot 11"), ("future", "of slot 11, which is in the future"),
        ])
    func bad(fault: String, why: String) async throws {
        let scene = try DemoChainScene()
        let duty = scene.chain.duty(of: 2, in: 1)
        var attestation = await scene.attestation(duty) { attestation in
            switch fault {
            case "committee": attestation.committeeIndex = attestation.committeeIndex + 1
            case "validator": attestation.attesterIndex = 77
            case "block root": attestation.data.beaconBlockRoot = .zero
            case "slot": attestation.data.slot = attestation.data.slot - 1
            default: break
            }
        }
        if fault == "signature" { attestation.signature = scene.sign(1, .zero) }
        let now = fault == "future" ? scene.time(duty.slot, -1000) : scene.time(duty.slot, 1000)
        #expect(await scene.chain.submit([attestation], at: now).map(\.message) == [why])
        #expect(await scene.rejections() == [why])
        #expect(await scene.copies(.attester, duty.slot).isEmpty)
    }

    @Test("takes votes from before the block of a slot came, but not a second vote")
    func early() async throws {
        let scene = try DemoChainScene()
        let duty = scene.chain.duty(of: 2, in: 1)
        let early = await scene.attestation(duty)
        let root = try await scene.propose(duty.slot)
        let late = await scene.attestation(duty)
        #expect(late.data.beaconBlockRoot == root && early.data != late.data)
        #expect(await scene.chain.submit([early], at: scene.time(duty.slot, 500)).isEmpty)
        #expect(await scene.chain.submit([late], at: scene.time(duty.slot, 1000)).count == 1)
        #expect(await scene.rejections() == ["signed something else for this duty before"])
    }

    @Test("a chain that changes its mind gives other data each time, takes any of them, and no second vote")
    func changes() async throws {
        let scene = try DemoChainScene { $0.changesItsMind = true }
        let duty = scene.chain.duty(of: 2, in: 1)
        let (one, other) = (await scene.attestation(duty), await scene.attestation(duty))
        #expect(one.data != other.data && one.data.target.epoch == other.data.target.epoch)
        let now = scene.time(duty.slot, 1000)
        #expect(await scene.chain.submit([one], at: now).isEmpty)
        #expect(
            await scene.chain.submit([other], at: now).map(\.message) == ["signed something else for this duty before"])
    }

    @Test("all members of a committee have places of their own, however many validators there are")
    func places() throws {
        let keys = (0..<300).map { _ in SecretKey.random().publicKey.bytes }
        let chain = try DemoChainScene { $0.pubKeys = keys }.chain
        for slot in (0..<16).map({ Slot($0) }) {
            let duties = chain.duties(in: slot)
            let places = Set(duties.map { [$0.committeeIndex.rawValue, $0.validatorCommitteeIndex] })
            #expect(places.count == duties.count)
            #expect(duties.allSatisfy { $0.validatorCommitteeIndex < $0.committeeLength })
        }
    }

    @Test("an aggregate holds the votes that came, verifies, and is taken back from an aggregator")
    func aggregate() async throws {
        let scene = try DemoChainScene()
        let duty = try #require(scene.attester(from: 8, wins: true))
        let now = scene.time(duty.slot, 2000)
        let colleagues = scene.chain.duties(in: duty.slot).filter { $0.committeeIndex == duty.committeeIndex }
        for colleague in colleagues {
            let attestation = await scene.attestation(colleague)
            #expect(await scene.chain.submit([attestation], at: now).isEmpty)
        }
        let signed = try #require(try await scene.aggregate(duty))
        let made = signed.message.aggregate
        #expect(made.aggregationBits.setCount == colleagues.count)
        let keys = colleagues.map { scene.keys[Int($0.validatorIndex.rawValue)].publicKey }
        let root = scene.chain.spec.attestation(made.data)
        #expect(try Signature(made.signature).fastAggregateVerify(keys, over: root))
        #expect(await scene.chain.submit([signed], at: now).isEmpty)
        #expect(await scene.copies(.aggregator, duty.slot) == [1])
    }

    @Test(
        "refuses an aggregate that breaks a rule",
        arguments: [
            ("no aggregator", "is no aggregator"), ("proof", "a signature does not verify"),
            ("signature", "a signature does not verify"), ("votes", "an aggregate that this chain did not make"),
            ("validator", "unknown validator 99"),
        ])
    func badAggregate(fault: String, why: String) async throws {
        let scene = try DemoChainScene()
        let duty = try #require(scene.attester(from: 8, wins: fault != "no aggregator"))
        let now = scene.time(duty.slot, 2000)
        let attestation = await scene.attestation(duty)
        #expect(await scene.chain.submit([attestation], at: now).isEmpty)
        // Somebody else's proof that wins as well.
        let foreign = (0..<64).lazy.map { scene.sign(3, SHA256.hash([$0])) }.first { scene.chain.spec.isAggregator($0) }
        var signed = try #require(
            try await scene.aggregate(duty) { message in
                switch fault {
                case "proof": message.selectionProof = foreign ?? .zero
                case "votes": message.aggregate.signature = .zero
                case "validator": message.aggregatorIndex = 99
                default: break
                }
            })
        if fault == "signature" { signed.signature = scene.sign(3, .zero) }
        let faults = await scene.chain.submit([signed], at: now)
        #expect(faults.count == 1 && faults[0].message.hasSuffix(why), "\(faults)")
        #expect(await scene.rejections().count == 1)
        #expect(await scene.copies(.aggregator, duty.slot).isEmpty)
    }

    @Test("a chain for attesting has a block in every slot and nothing else to do")
    func attester() async throws {
        let scene = try DemoChainScene { $0.duties = .attester }
        #expect(await scene.chain.blockRoot(5) == scene.chain.head(in: 5))
        #expect(scene.chain.proposer(of: 5) == nil && scene.chain.syncMembers.isEmpty)
        let duty = scene.chain.duty(of: 2, in: 1)
        let attestation = await scene.attestation(duty)
        #expect(await scene.chain.submit([attestation], at: scene.time(duty.slot, 1000)).isEmpty)
    }
}
