import BLS
import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Demo

@Suite("Demo chain: blocks and exits")
struct DemoBlockTests {
    @Test("takes the block that it made, full or blinded, and its copies", arguments: [Slot(2), Slot(3)])
    func good(slot: Slot) async throws {
        let scene = try DemoChainScene()
        let block = try await scene.block(slot)
        #expect(block.isBlinded == (slot == 3))
        let signed = scene.signed(block)
        #expect(await scene.submit(signed, at: scene.time(slot, 100)) == nil)
        #expect(await scene.submit(signed, at: scene.time(slot, 4000)) == nil)
        #expect(await scene.copies(.proposer, slot) == [2])
        #expect(await scene.chain.blockRoot(slot) == block.messageRoot)
        #expect(await scene.chain.isBlinded(slot) == (slot == 3))
        #expect(await scene.rejections().isEmpty)
    }

    @Test("gives the same block for the same wishes, unless it changes its mind", arguments: [false, true])
    func again(changesItsMind: Bool) async throws {
        let scene = try DemoChainScene { $0.changesItsMind = changesItsMind }
        let (one, other) = (try await scene.block(2), try await scene.block(2))
        #expect((one == other) != changesItsMind)
        #expect(await scene.submit(scene.signed(one), at: scene.time(2, 100)) == nil)
        if changesItsMind { #expect(await scene.submit(scene.signed(other), at: scene.time(2, 200)) != nil) }
    }

    @Test("a block comes back the same from SSZ and JSON, and blinded has the root of the full one")
    func forms() throws {
        let maker = DemoBlockMaker(
            slot: 9, proposer: 3, parentRoot: Root(padding: [7]),
            wishes: BlockWishes(randao: .zero, graffiti: .zero), feeRecipient: Bytes20(padding: [1]), timestamp: 5,
            payload: .small)
        let (full, blinded) = (VersionedProposal(maker.contents()), VersionedProposal(maker.blinded()))
        #expect(full.messageRoot == blinded.messageRoot)
        #expect(full.feeRecipient == Bytes20(padding: [1]))
        for block in [full, blinded] {
            let (fork, isBlinded) = (block.fork, block.isBlinded)
            let bytes = block.objectBytes()
            #expect(try VersionedProposal(fork: fork, blinded: isBlinded, objectBytes: bytes) == block)
            #expect(try VersionedProposal(fork: fork, blinded: isBlinded, json: block.json) == block)
        }
    }

    @Test("makes no block for a foreign randao reveal, and none out of turn")
    func production() async throws {
        let scene = try DemoChainScene()
        let foreign = BlockWishes(randao: scene.sign(9, scene.chain.spec.randao(.zero)), graffiti: .zero)
        await #expect(throws: DemoChain.Rejection.self) {
            try await scene.chain.produceBlock(4, foreign) { scene.time(4) }
        }
        #expect(await scene.rejections() == ["the randao reveal is not that of validator 4"])
        for (slot, time) in [(Slot(4), scene.time(5)), (4, scene.time(3)), (0, scene.time(0))] {
            let wishes = try scene.wishes(slot)
            await #expect(throws: DemoChain.Rejection.self) {
                try await scene.chain.produceBlock(slot, wishes) { time }
            }
        }
    }

    @Test(
        "refuses a block that breaks a rule",
        arguments: [
            ("signature", "a signature does not verify"), ("proposer", "validator 5 does not propose in slot 4"),
            ("content", "a block that this chain did not make"), ("blobs", "a block that this chain did not make"),
            ("over", "a block of slot 4, which is over"), ("future", "a block of slot 4, which is in the future"),
        ])
    func bad(fault: String, why: String) async throws {
        let scene = try DemoChainScene()
        let made = try await scene.block(4)
        var contents = try BlockContents<Fulu>(ssz: made.objectBytes())
        switch fault {
        case "proposer": contents.block.proposerIndex = 5
        case "content": contents.block.body.graffiti = Bytes32(padding: [9])
        case "blobs": contents.blobs = Blobs()
        default: break
        }
        let block = VersionedProposal(contents)
        let signed = scene.signed(block, by: fault == "signature" ? 3 : nil)
        let time =
            switch fault {
            case "over": scene.time(5, 10)
            case "future": scene.time(4, -10)
            default: scene.time(4, 100)
            }
        #expect(await scene.submit(signed, at: time) == why)
        #expect(await scene.rejections() == [why])
        #expect(await scene.chain.blockRoot(4) == nil)
    }

    @Test("one block a slot: a second one is slashable, in whatever order they were made")
    func double() async throws {
        let scene = try DemoChainScene()
        let (first, second) = (try await scene.block(4), try await scene.block(4, graffiti: 1))
        #expect(first.messageRoot != second.messageRoot)
        #expect(await scene.submit(scene.signed(second), at: scene.time(4, 100)) == nil)
        let fault = await scene.submit(scene.signed(first), at: scene.time(4, 200))
        #expect(fault == "another block of slot 4 (slashable)")
        #expect(await scene.chain.blockRoot(4) == second.messageRoot)
    }

    @Test("a block that comes after a third of its slot is the head in the next one")
    func late() async throws {
        let scene = try DemoChainScene()
        let first = try await scene.propose(4)
        let second = try await scene.propose(5, after: 1001)
        let heads = [await scene.chain.head(in: 4), await scene.chain.head(in: 5), await scene.chain.head(in: 6)]
        #expect(heads == [first, first, second])
        #expect(await scene.chain.blockRoot(5) == second)
        #expect(try await scene.block(6).summary.parentRoot == second)
    }

    @Test("a block that came in time, but was verified too late, is late as well: voters must not see two heads")
    func slow() async throws {
        let scene = try DemoChainScene()
        let signed = scene.signed(try await scene.block(4))
        let before = await scene.chain.head(in: 4)
        #expect(await scene.chain.submit(signed, at: scene.time(4, 990)) { scene.time(4, 1010) } == nil)
        #expect(await scene.chain.head(in: 4) == before)
        #expect(await scene.chain.blockRoot(4) == signed.messageRoot)
    }

    @Test("blocks pay whom the proposer was prepared for")
    func feeRecipient() async throws {
        let scene = try DemoChainScene()
        let preparation = ProposerPreparation(validatorIndex: 4, feeRecipient: Bytes20(padding: [0xfe]))
        await scene.chain.prepare([preparation])
        #expect(try await scene.block(4).feeRecipient == Bytes20(padding: [0xfe]))
    }

    @Test(
        "takes an exit once it is due and signed by the validator",
        arguments: [
            (Epoch(1), ValidatorIndex(3), ValidatorIndex(3), nil), (0, 3, 3, nil),
            (2, 3, 3, "epoch 2 is in the future"), (1, 3, 4, "a signature does not verify"),
            (1, 99, 3, "unknown validator 99"),
        ])
    func exits(epoch: Epoch, index: ValidatorIndex, signer: ValidatorIndex, why: String?) async throws {
        let scene = try DemoChainScene()
        let message = VoluntaryExit(epoch: epoch, validatorIndex: index)
        let exit = Signed(message: message, signature: scene.sign(signer, scene.chain.spec.exit(message)))
        #expect(await scene.chain.submit(exit, at: scene.time(9)) == why)
        #expect(await scene.rejections() == (why.map { [$0] } ?? []))
        let rows = await scene.chain.validators(["3"], at: scene.time(9))
        #expect(rows.map(\.status) == [why == nil ? .activeExiting : .activeOngoing])
        #expect(rows.map(\.validator.exitEpoch) == [why == nil ? 6 : .farFuture])
    }
}
