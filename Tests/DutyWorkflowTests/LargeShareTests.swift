import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// What one operator's shares make a node hold, in bytes: of what only that operator says, little.
@Suite("Large shares")
struct LargeShareTests {
    private let due: Set<PubKey> = [Fixture.pubKey(0)]
    private let key = Fixture.key(0)

    private func db() throws -> ParSigDB { ParSigDB(configuration: try Fixture.configuration()) }

    private func duty(_ slot: UInt64) -> Duty { Duty(slot: Slot(slot), type: .proposer) }

    /// With blobs of 128 KiB.
    private func block(_ slot: UInt64, blobs: Int = 20, graffiti: UInt8 = 1) -> VersionedProposal {
        var contents = BlockContents<Fulu>()
        contents.block.slot = Slot(slot)
        contents.block.body.graffiti = Bytes32(padding: [graffiti])
        contents.blobs = Blobs([UInt8](repeating: 0, count: blobs * Blobs.blobBytes)[...])
        return VersionedProposal(contents)
    }

    private func share(_ share: Int, of block: VersionedProposal) -> ParSignedDataSet {
        let data = SignedData.proposal(block.signed(with: Fixture.signature(UInt8(share))))
        return [key: ParSignedData(data: data, shareIndex: Fixture.share(share))]
    }

    private func send(
        _ share: Int, _ block: VersionedProposal, to db: inout ParSigDB, decided: VersionedProposal? = nil
    ) -> [Signal] {
        var values: UnsignedDataSet = [:]
        if let decided { values[Fixture.pubKey(0)] = .proposal(decided) }
        let duty = Duty(slot: block.slot, type: .proposer)
        return db.storeExternal(
            duty, self.share(share, of: block), due: due, decided: values, at: .slot(block.slot.rawValue))
    }

    private func isKept(_ signals: [Signal]) -> Bool { signals.effectNames.contains("note partials broadcasted") }

    // MARK: Aggregates

    private func aggregate(bits: Int, share: Int, block: UInt8 = 1) throws -> ParSignedDataSet {
        let attestation = AttestationElectra(
            aggregationBits: Bitlist(count: bits, setting: [0]), data: Fixture.data(slot: 41, block: block),
            signature: .zero, committeeBits: Bitvector(count: 64, setting: [0]))
        let object = VersionedAggregateAndProof(
            aggregatorIndex: 100, aggregate: try VersionedAttestation(fork: .fulu, form: .electra(attestation)),
            selectionProof: .zero)
        let data = SignedData.aggregateAndProof(object).with(signature: Fixture.signature(UInt8(share)))
        return [key: ParSignedData(data: data, shareIndex: Fixture.share(share))]
    }

    @Test("an aggregate of one committee is small; what has room for all committees of a slot is refused")
    func aggregates() throws {
        for (bits, isTaken) in [(512, true), (2048, true), (2049, false), (131_072, false)] {
            var workflow = Workflow(configuration: try Fixture.configuration()) { _, message in message }
            let set = try aggregate(bits: bits, share: 2)
            #expect(set.values.allSatisfy { $0.data.isLarge == (bits > 8192) }, "\(bits)")
            let effects = workflow.receive(
                .peerPartials(Duty(slot: Slot(41), type: .aggregator), set), at: .slot(41, plus: 9))
            #expect(effects.work == (isTaken ? ["note partials broadcasted"] : []), "\(bits)")
            #expect(effects.reports.isEmpty == isTaken, "\(bits)")
        }
    }

    // MARK: Blocks

    @Test("blocks of one operator are kept up to a bound, until their duties are over; others have their own room")
    func bound() throws {
        var db = try db()
        #expect(isKept(send(2, block(41), to: &db)) && isKept(send(2, block(42), to: &db)))
        let third = send(2, block(43), to: &db)
        #expect(!isKept(third) && third.tracked.contains { if case .malformedShare = $0 { true } else { false } })
        #expect(db.heldBytes < ParSigDB.heldPerShareMax + 4096)
        #expect(isKept(send(3, block(43, graffiti: 2), to: &db)))
        #expect(isKept(send(2, block(43, graffiti: 2), to: &db)), "what somebody else has brought costs nothing")
        db.expire(duty(41))
        #expect(isKept(send(2, block(44), to: &db)))
        #expect(!isKept(send(4, block(45, blobs: 100), to: &db)))
    }

    @Test("what is taken out gives its room back")
    func discarded() throws {
        var db = try db()
        _ = send(2, block(41), to: &db)
        _ = send(2, block(42), to: &db)
        _ = db.discard(duty(41), key, [Fixture.share(2)])
        #expect(send(2, block(43), to: &db).effectNames == ["verify"])
        #expect(isKept(db.verified(Fixture.share(2), true, isOver: { _ in false }, at: .slot(43))))
    }

    @Test("a suspect's sets that wait for their check are bounded in bytes, with what was kept")
    func suspects() throws {
        var db = try db()
        _ = send(2, block(41), to: &db)
        _ = db.discard(duty(41), key, [Fixture.share(2)])
        func check(_ isGood: Bool) -> [Signal] {
            db.verified(Fixture.share(2), isGood, isOver: { _ in false }, at: .slot(43))
        }
        func isIgnored(_ signals: [Signal]) -> Bool {
            signals.tracked.contains { if case .suspectIgnored = $0 { true } else { false } }
        }
        #expect(send(2, block(42), to: &db).effectNames == ["verify"])
        #expect(send(2, block(43), to: &db).isEmpty, "it waits")
        #expect(isIgnored(send(2, block(44), to: &db)))
        let kept = check(true)
        #expect(isKept(kept) && kept.effectNames.contains("verify"))
        #expect(isIgnored(send(2, block(44), to: &db)), "one is kept, one is being checked")
        #expect(send(2, block(45, blobs: 1), to: &db).isEmpty, "it waits")
        db.expire(duty(45))
        let bad = check(false)
        #expect(bad.tracked == [.badSet(Fixture.share(2))])
        #expect(send(2, block(44), to: &db).effectNames == ["verify"])
        #expect(db.heldBytes < ParSigDB.heldPerShareMax + 4096)
    }

    @Test("a decided block costs nothing, however large; our copy is kept, and no other block is taken")
    func decided() throws {
        var db = try db()
        let large = block(41, blobs: 60)
        for share in 2...3 { #expect(isKept(send(share, large, to: &db, decided: large))) }
        #expect(isKept(send(2, block(42), to: &db)) && isKept(send(2, block(43), to: &db)), "no room was used")
        // The same message, with blobs of its own.
        let spoilt = send(4, block(41, blobs: 70), to: &db, decided: large)
        #expect(isKept(spoilt))
        for groups in spoilt.thresholds { #expect(groups[key]?.data == share(2, of: large)[key]?.data) }

        var other = try self.db()
        let refused = send(2, block(41, graffiti: 9), to: &other, decided: large)
        #expect(!isKept(refused) && other.heldBytes == 0)
        #expect(refused.tracked.contains { if case .malformedShare = $0 { true } else { false } })
        #expect(isKept(send(2, large, to: &other, decided: large)), "the good one may still come")
        let second = send(2, block(41, graffiti: 9), to: &other, decided: large)
        #expect(second.tracked == [.equivocatedShare(Fixture.pubKey(0), Fixture.share(2))])
    }

    @Test("votes over something else than the cluster decided are the operator's fault, and take nobody's place")
    func votes() throws {
        let decided = Fixture.unsigned([0, 1], slot: 41, Fixture.data(slot: 41))
        let duty = Duty.attester(slot: Slot(41))
        var db = try db()
        func send(_ validators: [Int], block: UInt8) throws -> [Signal] {
            let set = try Fixture.partials(validators, share: 2, data: Fixture.data(slot: 41, block: block))
            return db.storeExternal(duty, set, due: set.keys.pubKeys, decided: decided, at: .slot(41))
        }
        let bad = try send([0, 1], block: 2)
        #expect(!isKept(bad) && bad.tracked.count == 2)
        #expect(isKept(try send([0, 1], block: 1)))
        #expect(isKept(try send([2], block: 2)), "of a validator that was not decided nothing is known here")
    }

    @Test("what lies between a block and its header is read over, and not kept")
    func gap() throws {
        let signed = SignedData.proposal(block(41, blobs: 0).signed(with: Fixture.signature(2)))
        let bytes = signed.wireBytes()
        let offset: [UInt8] = [0xf5, 0x03, 0, 0]
        var wide = Array(bytes[..<9])
        wide += offset
        wide += [UInt8](repeating: 7, count: 1000)
        wide += bytes[13...]
        let read = try SignedData(wire: wide, type: .proposer)
        #expect(read == signed && read.heldBytes == signed.heldBytes)
    }

    // MARK: On disk

    @Test("a block is recorded for our own share only, and peers' shares of it after that")
    func recorded() throws {
        var journal = JournalSnapshot()
        let duty = self.duty(41)
        let block = self.block(41)
        try journal.apply(.partials(duty, share(2, of: block), .broadcasted))
        try journal.apply(.partials(duty, share(3, of: self.block(41, graffiti: 2)), .broadcasted))
        #expect(journal.partials.isEmpty && journal.partialBytes == 0)
        try journal.apply(.partials(duty, share(1, of: block), .internal))
        try journal.apply(.partials(duty, share(4, of: block), .broadcasted))
        #expect(journal.partials.map(\.partial.shareIndex.rawValue) == [1, 4])
        #expect((1..<2).contains(journal.partialBytes / block.byteCount), "once for all shares of it")
        let group = SignedData.proposal(block.signed(with: Fixture.groupSignature))
        try journal.apply(.aggregated(duty, [key: group]))
        #expect(journal.aggregated[duty] == [key: group])
    }
}
