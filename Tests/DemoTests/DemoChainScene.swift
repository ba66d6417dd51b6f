import BLS
import BeaconAPI
import DutyWorkflow
import Ethereum
import Node
import SSZ

@testable import Demo

/// A chain of 16 validators whose keys the test has, and what they would sign.
struct DemoChainScene {
    let keys: [SecretKey]
    let chain: DemoChain

    init(_ change: (inout DemoChain.Options) -> Void = { _ in }) throws {
        keys = (0..<16).map { _ in SecretKey.random() }
        var options = DemoChain.Options(
            pubKeys: keys.map { $0.publicKey.bytes }, genesis: Instant(unixSeconds: 1_700_000_000),
            slotDuration: .seconds(3), slotsPerEpoch: 8)
        change(&options)
        chain = try DemoChain(options, verifier: SignatureVerifier(threads: CryptoThreads(threads: 1)))
    }

    /// So many milliseconds into a slot.
    func time(_ slot: Slot, _ milliseconds: Int = 0) -> Instant {
        chain.clock.start(of: slot) + .milliseconds(milliseconds)
    }

    func sign(_ index: ValidatorIndex, _ root: Root) -> SignatureBytes {
        keys[Int(index.rawValue)].sign(root).bytes
    }

    // MARK: Blocks

    func wishes(_ slot: Slot, graffiti: UInt8 = 0) throws -> BlockWishes {
        let proposer = chain.proposer(of: slot) ?? .zero
        let randao = sign(proposer, chain.spec.randao(chain.clock.epoch(of: slot)))
        return BlockWishes(randao: randao, graffiti: Bytes32(padding: [graffiti]))
    }

    func block(_ slot: Slot, graffiti: UInt8 = 0) async throws -> VersionedProposal {
        try await chain.produceBlock(slot, wishes(slot, graffiti: graffiti)) { chain.clock.start(of: slot) }
    }

    func signed(_ block: VersionedProposal, by index: ValidatorIndex? = nil) -> VersionedSignedProposal {
        let root = chain.spec.signingRoot(block.messageRoot, .proposer)
        return block.signed(with: sign(index ?? block.proposerIndex, root))
    }

    /// Puts a block into a slot, so many milliseconds after its start.
    @discardableResult func propose(_ slot: Slot, after milliseconds: Int = 100) async throws -> Root {
        let block = try await block(slot)
        _ = await submit(signed(block), at: time(slot, milliseconds))
        return block.messageRoot
    }

    func submit(_ signed: VersionedSignedProposal, at time: Instant) async -> String? {
        await chain.submit(signed, at: time) { time }
    }

    // MARK: Votes

    func attestation(
        _ duty: AttesterDuty, _ change: (inout SingleAttestation) -> Void = { _ in }
    ) async -> SingleAttestation {
        var attestation = SingleAttestation(
            committeeIndex: duty.committeeIndex, attesterIndex: duty.validatorIndex,
            data: await chain.attestationData(duty.slot), signature: .zero)
        change(&attestation)
        attestation.signature = sign(duty.validatorIndex, chain.spec.attestation(attestation.data))
        return attestation
    }

    /// Of the first slot from `slot` on in which a validator does, or does not, win the lottery.
    func attester(from slot: Slot, wins: Bool) -> AttesterDuty? {
        (slot.rawValue..<slot.rawValue + 64).lazy.flatMap { chain.duties(in: Slot($0)) }.first {
            chain.spec.isAggregator(sign($0.validatorIndex, chain.spec.selection($0.slot))) == wins
        }
    }

    func aggregate(
        _ duty: AttesterDuty, _ change: (inout AggregateAndProofElectra) -> Void = { _ in }
    ) async throws -> SignedAggregateAndProofElectra? {
        let data = await chain.attestationData(duty.slot)
        let aggregate = await chain.aggregate(
            duty.slot, committee: duty.committeeIndex, data: data.hashTreeRoot())
        guard let aggregate else { return nil }
        var message = AggregateAndProofElectra(
            aggregatorIndex: duty.validatorIndex, aggregate: aggregate,
            selectionProof: sign(duty.validatorIndex, chain.spec.selection(duty.slot)))
        change(&message)
        let root = chain.spec.signingRoot(message.hashTreeRoot(), .aggregateAndProof)
        return Signed(message: message, signature: sign(duty.validatorIndex, root))
    }

    // MARK: Sync committee

    func syncMessage(_ slot: Slot, _ index: ValidatorIndex, head: Root? = nil) async -> SyncCommitteeMessage {
        let current = await chain.head(in: slot)
        let root = head ?? current
        return SyncCommitteeMessage(
            slot: slot, beaconBlockRoot: root, validatorIndex: index,
            signature: sign(index, chain.spec.signingRoot(root, .syncCommittee)))
    }

    func wins(_ slot: Slot, _ index: ValidatorIndex) -> Bool {
        guard let subcommittee = chain.subcommittee(of: index) else { return false }
        return chain.spec.isSyncAggregator(sign(index, chain.spec.syncSelection(slot, subcommittee: subcommittee)))
    }

    func contribution(
        _ slot: Slot, _ index: ValidatorIndex, subcommittee: UInt64? = nil,
        _ change: (inout ContributionAndProof) -> Void = { _ in }
    ) async -> SignedContributionAndProof? {
        let own = chain.subcommittee(of: index) ?? 0
        let head = await chain.head(in: slot)
        let made = await chain.contribution(slot, subcommittee: subcommittee ?? own, blockRoot: head)
        guard let made else { return nil }
        var message = ContributionAndProof(
            aggregatorIndex: index, contribution: made,
            selectionProof: sign(index, chain.spec.syncSelection(slot, subcommittee: subcommittee ?? own)))
        change(&message)
        let root = chain.spec.signingRoot(message.hashTreeRoot(), .contributionAndProof)
        return Signed(message: message, signature: sign(index, root))
    }

    // MARK: What the chain says

    func rejections() async -> [String] { await chain.rejections.map(\.why) }

    func copies(_ type: DutyType, _ slot: Slot) async -> [Int] {
        await chain.inclusions(Duty(slot: slot, type: type)).map(\.copies)
    }
}
