import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four on validator 0, in and about slot 41: what each type of duty leaves on disk, and what a restart makes
/// of it. Columns of the table in ARCHITECTURE.md.
@Suite("every duty is durable")
struct DurableDutyTests {
    /// A type of duty that operators sign, with two different messages of one validator in one duty.
    struct Sample: Sendable, CustomStringConvertible {
        let duty: Duty
        let first: SignedData
        let second: SignedData
        /// What the cluster decided, of which `first` is the signed form.
        var decided: UnsignedData?
        var key: EntryKey { EntryKey(Fixture.pubKey(0), subcommittee: first.subcommittee) }
        var description: String { duty.type.name }

        func set(_ data: SignedData, share: Int = 1) -> ParSignedDataSet {
            let data = data.with(signature: Fixture.signature(UInt8(share)))
            return [key: ParSignedData(data: data, shareIndex: Fixture.share(share))]
        }

        var others: JournalSnapshot {
            get throws {
                var journal = JournalSnapshot()
                if let decided { try journal.apply(.unsigned(duty, [key.pubKey: decided])) }
                return journal
            }
        }
    }

    /// Nil for types that nobody signs in a running cluster.
    static func sample(_ type: DutyType) throws -> Sample? {
        let slot = Slot(41)
        func of(_ first: SignedData, _ second: SignedData, _ decided: UnsignedData? = nil, at slot: Slot = Slot(41))
            -> Sample
        {
            Sample(duty: Duty(slot: slot, type: type), first: first, second: second, decided: decided)
        }
        func aggregate(_ block: UInt8) throws -> VersionedAttestation {
            let attestation = AttestationElectra(
                aggregationBits: Bitlist(count: 64, setting: [0]), data: Fixture.data(slot: 41, block: block),
                signature: .zero, committeeBits: Bitvector(count: 64, setting: [0]))
            return try VersionedAttestation(fork: .fulu, form: .electra(attestation))
        }
        func block(_ graffiti: UInt8) -> VersionedProposal {
            var contents = BlockContents<Fulu>()
            contents.block.slot = slot
            contents.block.body.graffiti = Bytes32(padding: [graffiti])
            return VersionedProposal(contents)
        }
        func contribution(_ root: UInt8) -> SyncCommitteeContribution {
            SyncCommitteeContribution(
                slot: slot, beaconBlockRoot: Fixture.root(root), subcommitteeIndex: 2,
                aggregationBits: Bitvector(count: 128, setting: [0]), signature: .zero)
        }
        switch type {
        case .signature, .builderProposer, .infoSync: return nil
        case .proposer:
            return of(
                .proposal(block(1).signed(with: .zero)), .proposal(block(2).signed(with: .zero)), .proposal(block(1)))
        case .attester:
            return of(
                try Fixture.partial(0, share: 1, data: Fixture.data(slot: 41)).data,
                try Fixture.partial(0, share: 1, data: Fixture.data(slot: 41, block: 2)).data,
                .attester(Fixture.data(slot: 41), Fixture.row(0, slot: 41)))
        case .exit:
            func exit(_ index: UInt64) -> SignedData {
                let message = VoluntaryExit(epoch: 1, validatorIndex: ValidatorIndex(index))
                return .exit(Signed(message: message, signature: .zero))
            }
            return of(exit(100), exit(101), at: Slot(32))
        case .builderRegistration:
            func registration(_ gas: UInt64) -> SignedData {
                let message = ValidatorRegistration(
                    feeRecipient: Bytes20(padding: [0xfe]), gasLimit: gas, timestamp: 492, pubKey: Fixture.pubKey(0))
                return .registration(Signed(message: message, signature: .zero))
            }
            return of(registration(30_000_000), registration(36_000_000))
        case .randao:
            return of(
                .randao(SignedEpoch(epoch: 1, signature: .zero)), .randao(SignedEpoch(epoch: 2, signature: .zero)))
        case .prepareAggregator:
            func selection(_ slot: UInt64) -> SignedData {
                .committeeSelection(
                    BeaconCommitteeSelection(
                        validatorIndex: ValidatorIndex(100), slot: Slot(slot), selectionProof: .zero))
            }
            return of(selection(41), selection(42))
        case .aggregator:
            func proof(_ block: UInt8) throws -> SignedData {
                .aggregateAndProof(
                    VersionedAggregateAndProof(
                        aggregatorIndex: 100, aggregate: try aggregate(block), selectionProof: .zero))
            }
            return of(try proof(1), try proof(2), .aggregate(try aggregate(1)))
        case .syncMessage:
            func message(_ root: UInt8) -> SignedData {
                .syncMessage(
                    SyncCommitteeMessage(
                        slot: slot, beaconBlockRoot: Fixture.root(root), validatorIndex: ValidatorIndex(100),
                        signature: .zero))
            }
            return of(message(1), message(2))
        case .prepareSyncContribution:
            func selection(_ slot: UInt64) -> SignedData {
                .syncSelection(
                    SyncCommitteeSelection(
                        validatorIndex: ValidatorIndex(100), slot: Slot(slot), subcommitteeIndex: 2,
                        selectionProof: .zero))
            }
            return of(selection(41), selection(42))
        case .syncContribution:
            func proof(_ root: UInt8) -> SignedData {
                let message = ContributionAndProof(
                    aggregatorIndex: ValidatorIndex(100), contribution: contribution(root), selectionProof: .zero)
                return .contributionAndProof(Signed(message: message, signature: .zero))
            }
            return of(proof(1), proof(2), .contributions(Contributions(contribution(1))))
        }
    }

    private func workflow(_ journal: JournalSnapshot, at now: Instant) throws -> (Workflow, [Effect]) {
        var workflow = Workflow(configuration: try Fixture.configuration()) { _, message in message }
        let effects = workflow.restore(journal.live { _ in true }, at: now)
        return (workflow, effects)
    }

    private func submit(_ data: SignedData, _ sample: Sample, to workflow: inout Workflow, at now: Instant) -> [Effect]
    {
        workflow.receive(.localPartials([LocalPartials(sample.duty, sample.set(data))], Ticket(1)), at: now)
    }

    /// A journal with our own share at a status, and what else is on disk by then.
    private func journal(_ sample: Sample, _ status: PartialStatus) throws -> JournalSnapshot {
        var journal = try sample.others
        try journal.apply(.partials(sample.duty, sample.set(sample.first), .internal))
        if status != .internal { try journal.apply(.partialStatus(sample.duty, [sample.key], .broadcasted)) }
        if [.aggregated, .expired].contains(status) {
            let signed = sample.first.with(signature: Fixture.groupSignature)
            try journal.apply(.aggregated(sample.duty, [sample.key: signed]))
            try journal.apply(.partialStatus(sample.duty, [sample.key], .aggregated))
        }
        if status == .expired { try journal.apply(.expired(sample.duty)) }
        return journal
    }

    @Test("types without a signed form are those that nobody signs in a running cluster")
    func unsigned() throws {
        let without = try DutyType.allCases.filter { try Self.sample($0) == nil }
        #expect(without == [.signature, .builderProposer, .infoSync])
        #expect(without.allSatisfy { !$0.rules.isBroadcast && $0.rules.selects == nil })
    }

    @Test("a share is on disk before peers see it and before it is called safe", arguments: DutyType.allCases)
    func order(type: DutyType) throws {
        guard let sample = try Self.sample(type) else { return }
        let now = Instant.slot(41, plus: 1)
        var (workflow, _) = try workflow(try sample.others, at: now)
        let effects = submit(sample.first, sample, to: &workflow, at: now)
        let slashable: Set<DutyType> = [.proposer, .attester]
        let watermark = type == .proposer ? "persist block watermark" : "persist watermark"
        #expect(
            effects.work == (slashable.contains(type) ? [watermark] : [])
                + ["persist partials internal", "share", "answer submitted"])
        var outbox = Outbox()
        #expect(outbox.add(effects).map(\.name).filter { $0 != "report" }.isEmpty, "all of it waits")
        let next = outbox.nextCommit()
        let commit = try #require(next?.id)
        #expect(outbox.durable(commit).map(\.name) == ["share", "answer submitted"])
    }

    @Test(
        "a restart at each status of our share: it goes out if it may not have, and never another",
        arguments: DutyType.allCases, [PartialStatus.internal, .broadcasted, .aggregated, .expired])
    func restart(type: DutyType, status: PartialStatus) throws {
        guard let sample = try Self.sample(type) else { return }
        let now = Instant.slot(41, plus: 1)
        var (workflow, effects) = try workflow(try journal(sample, status), at: now)
        let shared = effects.work.contains("share")
        #expect(shared == (status == .internal))
        // What was recovered and not handed over is handed over, by whom it is for.
        let handedOver = effects.work.contains("broadcast")
        #expect(handedOver == (status == .aggregated && type.rules.isBroadcast))

        let second = submit(sample.second, sample, to: &workflow, at: now)
        #expect(second.work == ["answer refused"], "never two")
        let again = submit(sample.first, sample, to: &workflow, at: now)
        #expect(again.records.isEmpty && !again.work.contains("share"))
        #expect(again.work == [status == .expired ? "answer refused" : "answer submitted"])

        // A peer that was away when it went out, and has no group signature to be told by anybody.
        let peer = workflow.receive(.peerConnected(PeerIndex(2)), at: now)
        let isOpen = [.internal, .broadcasted].contains(status)
        let isOwed = isOpen || status == .aggregated && type.rules.span != .endless
        #expect(peer.work.contains("share with 2") == (isOwed || status == .aggregated && type == .builderRegistration))
    }

    @Test(
        "shares of a quorum that are each on one disk only come together after all nodes died",
        arguments: DutyType.allCases)
    func allDied(type: DutyType) throws {
        guard let sample = try Self.sample(type), type.rules.isBroadcast, type != .proposer else { return }
        // In the next slot, if the duty has not ended by then.
        let now = Instant.slot(type.rules.span == .slots(1) ? 41 : 42, plus: 0.5)
        var (workflow, _) = try workflow(try journal(sample, .broadcasted), at: now)
        let effects = workflow.receive(.peerConnected(PeerIndex(2)), at: now)
        #expect(effects.work == ["share with 2"])
        var all: [Effect] = []
        for share in 2...3 {
            all += workflow.receive(.peerPartials(sample.duty, sample.set(sample.first, share: share)), at: now)
        }
        #expect(all.work.contains("recover"))
    }

    @Test(
        "a group signature is on disk before a beacon node, or who waits for it, gets it", arguments: DutyType.allCases)
    func recovered(type: DutyType) throws {
        guard let sample = try Self.sample(type) else { return }
        let now = Instant.slot(41, plus: 1)
        // Without a share of our own in it.
        var (workflow, _) = try workflow(try sample.others, at: now)
        _ = workflow.receive(Fixture.proposer(slot: 41), at: now)
        _ = workflow.receive(.query(Ticket(9), .signed(sample.duty, sample.key)), at: now)
        for share in 2...4 {
            _ = workflow.receive(.peerPartials(sample.duty, sample.set(sample.first, share: share)), at: now)
        }
        let effects = workflow.receive(
            .recovered(sample.duty, [sample.key: .signature(Fixture.groupSignature)]), at: now)
        #expect(effects.work.contains("persist aggregated"))
        var outbox = Outbox()
        let visible: Set<String> = ["broadcast", "answer signed"]
        #expect(outbox.add(effects).allSatisfy { !visible.contains($0.name) })
        let next = outbox.nextCommit()
        let commit = try #require(next?.id)
        let released = Set(outbox.durable(commit).map(\.name)).intersection(visible)
        #expect(released == (type.rules.isBroadcast ? visible : ["answer signed"]))

        // The disk is all that is left: it goes out again, and our client's other message does not.
        var journal = try sample.others
        for record in effects.records { try journal.apply(record) }
        var (second, restart) = try self.workflow(journal, at: now)
        #expect(restart.work.contains("broadcast") == type.rules.isBroadcast)
        if [.proposer, .attester].contains(type) {
            #expect(submit(sample.second, sample, to: &second, at: now).work == ["answer refused"])
        }
    }

    @Test("what the cluster signed without us binds us: no other vote for its target, no other block of its slot")
    func bound() throws {
        for type in [DutyType.proposer, .attester] {
            let sample = try #require(try Self.sample(type))
            let now = Instant.slot(41, plus: 1)
            var (workflow, _) = try workflow(JournalSnapshot(), at: now)
            _ = workflow.receive(Fixture.proposer(slot: 41), at: now)
            for share in 2...4 {
                _ = workflow.receive(.peerPartials(sample.duty, sample.set(sample.first, share: share)), at: now)
            }
            let effects = workflow.receive(
                .recovered(sample.duty, [sample.key: .signature(Fixture.groupSignature)]), at: now)
            var journal = JournalSnapshot()
            for record in effects.records { try journal.apply(record) }
            #expect(journal.watermarks.isEmpty == (type == .proposer), "\(type)")
            #expect(journal.proposalWatermarks.isEmpty == (type == .attester), "\(type)")
            // Even should a later decision name the other message.
            let other: UnsignedData =
                if case .proposal(let signed) = sample.second {
                    .proposal(signed.proposal)
                } else {
                    .attester(Fixture.data(slot: 41, block: 2), Fixture.row(0, slot: 41))
                }
            try journal.apply(.unsigned(sample.duty, [sample.key.pubKey: other]))
            var (second, _) = try self.workflow(journal, at: now)
            let refused = submit(sample.second, sample, to: &second, at: now)
            guard case .submitted(let verdicts)? = refused.answers.first else { return }
            #expect(verdicts.first?.refusals.values.first?.contains("slashing protection") == true, "\(type)")
        }
    }
}
