import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// Blocks that the chain made for one slot.
struct DemoProduction: Sendable {
    struct Request: Hashable, Sendable {
        let wishes: BlockWishes
        let branch: UInt8
    }

    var proposals: [Request: VersionedProposal] = [:]
    /// When a node got one first.
    let handedOut: Instant
}

/// Making blocks, and taking them back signed.
extension DemoChain {
    /// A block for a proposer to sign: the same for the same wishes, unless the chain changes its mind.
    ///
    /// - Throws: unless it is the proposer's slot and the randao reveal is the proposer's.
    package func produceBlock(
        _ slot: Slot, _ wishes: BlockWishes, now: @Sendable () -> Instant
    ) async throws(Rejection) -> VersionedProposal {
        let duty = Duty(slot: slot, type: .proposer)
        func refusal(_ why: String) -> Rejection { Rejection(duty: duty, validator: proposer(of: slot), why: why) }
        guard let proposer = proposer(of: slot) else { throw refusal("nobody proposes in slot \(slot)") }
        guard clock.slot(at: now()) == slot else { throw refusal("slot \(slot) is not now") }
        let request = DemoProduction.Request(wishes: wishes, branch: nextBranch())
        if let known = productions[slot]?.proposals[request] { return known }
        guard await verdicts([claim(proposer, wishes.randao, spec.randao(clock.epoch(of: slot)))]) == [true] else {
            let refusal = refusal("the randao reveal is not that of validator \(proposer)")
            refuse(refusal)
            throw refusal
        }
        // The verification was awaited: another node may have asked for the same.
        if let known = productions[slot]?.proposals[request] { return known }
        let maker = DemoBlockMaker(
            slot: slot, proposer: proposer, parentRoot: head(before: slot), wishes: wishes,
            feeRecipient: feeRecipients[proposer] ?? .zero, timestamp: UInt64(clock.start(of: slot).unixSeconds),
            payload: options.payload, branch: request.branch)
        let isBlinded = options.makesBlindedBlocks && !slot.rawValue.isMultiple(of: 2)
        let proposal = isBlinded ? VersionedProposal(maker.blinded()) : VersionedProposal(maker.contents())
        productions[slot, default: DemoProduction(handedOut: now())].proposals[request] = proposal
        return proposal
    }

    /// Whether it is late is decided when it has been verified: a moment later it is the head, or it is not.
    ///
    /// - Parameters:
    ///   - now: when it came.
    ///   - verifiedAt: tells the time.
    /// - Returns: why the block is refused.
    package func submit(
        _ signed: VersionedSignedProposal, at now: Instant, verifiedAt: @Sendable () -> Instant
    ) async -> String? {
        let (slot, isFirst) = (signed.slot, blocks[signed.slot] == nil)
        let faults = await take([candidate(signed, at: now)], at: now)
        if let fault = faults.first { return fault.message }
        guard isFirst, blocks[slot] == nil else { return nil }
        blocks[slot] = DemoBlock(
            root: signed.messageRoot, isBlinded: signed.isBlinded,
            isLate: verifiedAt() >= clock.start(of: slot) + options.slotDuration / 3)
        announce(DemoHead(slot: slot, root: signed.messageRoot))
        return nil
    }

    private func candidate(_ signed: VersionedSignedProposal, at now: Instant) -> Result<Candidate, Rejection> {
        let (slot, index) = (signed.slot, signed.proposerIndex)
        let duty = Duty(slot: slot, type: .proposer)
        if let why = fault(in: signed, at: now) {
            return .failure(Rejection(duty: duty, validator: index, why: why))
        }
        return .success(
            Candidate(
                duty: duty, part: Part(validator: index), identity: signed.messageRoot,
                claims: [claim(index, signed.signature, spec.signingRoot(signed.messageRoot, .proposer))]))
    }

    private func fault(in signed: VersionedSignedProposal, at now: Instant) -> String? {
        let slot = signed.slot
        guard proposer(of: slot) == signed.proposerIndex else {
            return "validator \(signed.proposerIndex) does not propose in slot \(slot)"
        }
        guard now >= clock.start(of: slot) else { return "a block of slot \(slot), which is in the future" }
        if let block = blocks[slot], block.root != signed.messageRoot {
            return "another block of slot \(slot) (slashable)"
        }
        // A copy may come later.
        guard blocks[slot] != nil || now < clock.start(of: slot + 1) else {
            return "a block of slot \(slot), which is over"
        }
        // Parts that nobody signs, proofs and blobs, are compared too.
        guard productions[slot]?.proposals.values.contains(signed.proposal) == true else {
            return "a block that this chain did not make"
        }
        return nil
    }

    /// Whether the block of a slot is blinded; nil without one.
    package func isBlinded(_ slot: Slot) -> Bool? { blocks[slot]?.isBlinded }

    /// From the moment the first node could have a slot's block until the first node handed it in, signed.
    package func fetchToBroadcast(_ slot: Slot) -> Duration? {
        guard let inclusion = inclusions(Duty(slot: slot, type: .proposer)).first,
            let handedOut = productions[slot]?.handedOut
        else { return nil }
        return inclusion.arrival - handedOut
    }

    /// Whom the blocks of validators are to pay.
    func prepare(_ preparations: [ProposerPreparation]) {
        for preparation in preparations where exists(preparation.validatorIndex) {
            feeRecipients[preparation.validatorIndex] = preparation.feeRecipient
        }
    }
}

/// Exits.
extension DemoChain {
    /// - Returns: why the exit is refused.
    package func submit(_ exit: SignedVoluntaryExit, at now: Instant) async -> String? {
        let message = exit.message
        let index = message.validatorIndex
        let duty = Duty(slot: clock.firstSlot(of: message.epoch), type: .exit)
        let current = clock.epoch(of: clock.slot(at: now) ?? .zero)
        let object: Result<Candidate, Rejection>
        if !exists(index) {
            object = .failure(Rejection(duty: duty, validator: index, why: "unknown validator \(index)"))
        } else if message.epoch > current {
            object = .failure(Rejection(duty: duty, validator: index, why: "epoch \(message.epoch) is in the future"))
        } else {
            object = .success(
                Candidate(
                    duty: duty, part: Part(validator: index), identity: message.hashTreeRoot(),
                    claims: [claim(index, exit.signature, spec.exit(message))]))
        }
        let faults = await take([object], at: now)
        // Source: consensus-specs, `compute_activation_exit_epoch`.
        if faults.isEmpty, exitEpochs[index] == nil { exitEpochs[index] = current + 5 }
        return faults.first?.message
    }
}
