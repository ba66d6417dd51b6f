import Dispatch
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Storage

@Suite struct JournalTests {
    private let folder = Folder()
    private let duty = Duty.attester(slot: 10)

    @Test("gives back after a restart what was written before")
    func restart() async throws {
        let journal = try folder.open()
        #expect(journal.isNew)
        try await journal.commit(records(10))
        try await journal.commit(records(11))
        await journal.close()

        let reopened = try folder.open()
        #expect(!reopened.isNew)
        let contents = Contents(try await reopened.load(where: everything))
        let set = values(10, 2)
        let hash = set.valueHash()
        #expect(contents.votes[duty] == [vote(.prepare, hash), vote(.commit, hash, justified: 3)])
        #expect(contents.voteValues[duty] == [hash: .duties(set)])
        #expect(contents.unsigned == [duty: set, .attester(slot: 11): values(11, 2)])
        #expect(contents.partials.count == 8)
        #expect(contents.partials.allSatisfy { $0.status == .aggregated })
        #expect(contents.partials.contains { $0.partial == partials(10, share: 2)[entry(0)] && $0.duty == duty })
        #expect(contents.aggregated[duty] == [entry(0): signed(10, signature: 9), entry(1): signed(10, signature: 9)])
        #expect(contents.broadcast[duty] == [entry(0)])
        #expect(contents.watermarks == [key(0): watermark(3, 11, 8), key(1): watermark(3, 11, 8)])
    }

    @Test("loads only the duties that are asked for, and every watermark")
    func loadsLive() async throws {
        let journal = try folder.open()
        for slot in 10...12 { try await journal.commit(records(Slot(UInt64(slot)))) }
        let snapshot = try await journal.load { $0.slot == 11 }
        let only: Set<Duty> = [.attester(slot: 11)]
        #expect(Set(snapshot.votes.keys) == only)
        #expect(Set(snapshot.voteValues.keys) == only)
        #expect(Set(snapshot.unsigned.keys) == only)
        #expect(Set(snapshot.partials.map(\.duty)) == only)
        #expect(Set(snapshot.aggregated.keys) == only)
        #expect(Set(snapshot.broadcast.keys) == only)
        #expect(snapshot.watermarks.count == 2)
    }

    @Test("changes nothing when records are applied again, in one call or in several")
    func idempotent() async throws {
        let journal = try folder.open()
        try await journal.commit(records(10))
        let once = Contents(try await journal.load(where: everything))
        try await journal.commit(records(10) + records(10))
        for record in records(10) { try await journal.commit([record]) }
        #expect(Contents(try await journal.load(where: everything)) == once)
        #expect(journal.metrics.refused == 0)
    }

    @Test("takes the same vote again with other justifications and keeps the first")
    func sameVote() async throws {
        let journal = try folder.open()
        try await journal.commit([.vote(duty, vote(.commit, justified: 3), values: [:])])
        try await journal.commit([.vote(duty, vote(.commit), values: [:])])
        #expect(try await journal.load(where: everything).votes[duty] == [vote(.commit, justified: 3)])
    }

    @Test("blocks come back as those of their chain, whose limits may not be mainnet's")
    func presets() async throws {
        let duty = Duty(slot: 9, type: .proposer)
        let proposal = GnosisBlock.proposal(slot: 9)
        let set: UnsignedDataSet = [key(0): .proposal(proposal)]
        let signed = SignedData.proposal(proposal.signed(with: SignatureBytes(padding: [5])))
        let folder = Folder()
        let journal = try folder.open(preset: GnosisBlock.preset)
        try await journal.commit([
            .vote(duty, vote(.prepare, set.valueHash()), values: [set.valueHash(): .duties(set)]),
            .unsigned(duty, set),
            .partials(duty, [entry(0): ParSignedData(data: signed, shareIndex: share(1))], .internal),
            .aggregated(duty, [entry(0): signed]),
        ])
        await journal.close()
        let reopened = try folder.open(preset: GnosisBlock.preset)
        let snapshot = try await reopened.load(where: everything)
        #expect(snapshot.unsigned[duty] == set && snapshot.voteValues[duty] == [set.valueHash(): .duties(set)])
        #expect(snapshot.partials.map(\.partial.data) == [signed] && snapshot.aggregated[duty] == [entry(0): signed])
        await reopened.close()
        // Who has no chain at hand reads them as well.
        #expect(try JournalVerifier.verify(folder.journal).problems.filter { $0.kind == .damaged }.isEmpty)
        #expect(try JournalListing.read(folder.journal, .init()).duties.map(\.duty) == [duty])
        let plain = try folder.open(nil, preset: nil)
        #expect(try await plain.load(where: everything).unsigned[duty] == set)
        await plain.close()
    }

    /// What is durable first, what contradicts it, and what the refusal is about.
    static let contradictions: [(first: Record, second: Record, subject: JournalConflict.Subject)] = {
        let duty = Duty.attester(slot: 10)
        return [
            (.unsigned(duty, values(10)), .unsigned(duty, values(10, head: 2)), .unsigned),
            (
                .aggregated(duty, [entry(0): signed(10)]), .aggregated(duty, [entry(0): signed(10, signature: 6)]),
                .aggregated
            ),
            (
                .partials(duty, partials(10, share: 1), .internal),
                .partials(duty, partials(10, share: 1, signature: 6), .internal), .ownPartial
            ),
            (.vote(duty, vote(.commit, root(1)), values: [:]), .vote(duty, vote(.commit, root(2)), values: [:]), .vote),
            (
                .vote(duty, vote(.prepare, root(1)), values: [:]), .vote(duty, vote(.prepare, root(2)), values: [:]),
                .vote
            ),
            (
                .vote(duty, vote(.prepare), values: [root(1): .duties(values(10))]),
                .vote(duty, vote(.prepare), values: [root(1): .duties(values(10, head: 2))]), .value
            ),
            (
                .attestationWatermark(key(9), watermark(1, 2, 3)), .attestationWatermark(key(9), watermark(1, 2, 4)),
                .watermark
            ),
        ]
    }()

    @Test("refuses a second, different value and keeps the first", arguments: contradictions.indices)
    func conflict(row: Int) async throws {
        let (first, second, subject) = Self.contradictions[row]
        let journal = try folder.open()
        try await journal.commit([first])
        let before = Contents(try await journal.load(where: everything))
        let error = await #expect(throws: JournalError.self) { try await journal.commit(records(20) + [second]) }
        guard case .conflict(let conflict)? = error else {
            Issue.record("expected a conflict")
            return
        }
        #expect(conflict.subject == subject)
        if subject != .watermark {
            #expect(conflict.duty == duty)
            #expect(conflict.description.contains("10/attester"))
        }
        if subject == .unsigned { #expect(conflict.description.contains(key(0).hex)) }
        // All or nothing: the good records of the refused call are not there either.
        #expect(Contents(try await journal.load(where: everything)) == before)
        #expect(journal.metrics.refused == 1)
        try await journal.commit(records(30))
    }

    @Test("keeps the first partial of a peer that sends two, without failing")
    func peerEquivocates() async throws {
        let journal = try folder.open()
        try await journal.commit([.partials(duty, partials(10, share: 2), .broadcasted)])
        try await journal.commit([.partials(duty, partials(10, share: 2, signature: 6), .broadcasted)])
        let rows = try await journal.load(where: everything).partials
        #expect(rows.map(\.partial) == [partials(10, share: 2)[entry(0)]])
        #expect(journal.metrics.partialsIgnored == 1)
    }

    @Test("raises the status of partials and never lowers it; sending concerns our share alone")
    func status() async throws {
        let journal = try folder.open()
        func statuses() async throws -> [Int: PartialStatus] {
            let rows = try await journal.load(where: everything).partials
            return Dictionary(uniqueKeysWithValues: rows.map { ($0.partial.shareIndex.rawValue, $0.status) })
        }
        try await journal.commit([
            .partials(duty, partials(10, share: 1), .internal), .partials(duty, partials(10, share: 2), .broadcasted),
        ])
        #expect(try await statuses() == [1: .internal, 2: .broadcasted])
        try await journal.commit([.partialStatus(duty, [entry(0)], .broadcasted)])
        #expect(try await statuses() == [1: .broadcasted, 2: .broadcasted])
        try await journal.commit([.partialStatus(duty, [entry(0)], .aggregated)])
        // A late partial is kept; it does not make the others younger.
        try await journal.commit([.partials(duty, partials(10, share: 3), .broadcasted)])
        try await journal.commit([.partialStatus(duty, [entry(0)], .broadcasted)])
        #expect(try await statuses() == [1: .aggregated, 2: .aggregated, 3: .broadcasted])
        try await journal.commit([.expired(duty)])
        #expect(try await statuses().isEmpty)
    }

    @Test("never lets a watermark fall")
    func watermarks() async throws {
        let journal = try folder.open()
        let steps: [(AttestationWatermark, AttestationWatermark)] = [
            (watermark(5, 10, 1), watermark(5, 10, 1)),
            (watermark(4, 11, 2), watermark(5, 11, 2)),  // source stays
            (watermark(7, 9, 3), watermark(7, 11, 2)),  // target and its root stay
            (watermark(7, 11, 2), watermark(7, 11, 2)),
            (watermark(0, 0, 9), watermark(7, 11, 2)),
            (watermark(8, 11, 0), watermark(8, 11, 0)),  // it may have been another vote: none is signed again
            (watermark(8, 12, 0), watermark(8, 12, 0)),
        ]
        for (new, expected) in steps {
            try await journal.commit([.attestationWatermark(key(1), new)])
            #expect(try await journal.watermarks() == [key(1): expected])
        }
        await #expect(throws: JournalError.self) {
            try await journal.commit([.attestationWatermark(key(1), watermark(8, 12, 1))])
        }
    }

    @Test("closes an expired duty for good and keeps its votes until the sweep")
    func expired() async throws {
        let journal = try folder.open()
        try await journal.commit(records(10) + records(11) + [.expired(duty)])
        await journal.close()
        let reopened = try folder.open()
        let snapshot = try await reopened.load(where: everything)
        #expect(snapshot.closed == [duty])
        #expect(Set(snapshot.votes.keys) == [.attester(slot: 11)])
        #expect(Set(snapshot.unsigned.keys) == [.attester(slot: 11)])
        #expect(Set(snapshot.partials.map(\.duty)) == [.attester(slot: 11)])
        let error = await #expect(throws: JournalError.self) {
            try await reopened.commit([.vote(duty, vote(.commit, root(9)), values: [:])])
        }
        guard case .conflict? = error else {
            Issue.record("the vote was forgotten: \(String(describing: error))")
            return
        }
        try await reopened.commit(records(12) + [.expired(Duty(slot: 10, type: .exit))])
        try await reopened.housekeep(at: 12)
        #expect(try await reopened.load(where: everything).closed.isEmpty)
    }

    @Test("tells of duties past their time that they are closed, so that a clock stepping back finds none open")
    func pastIsClosed() async throws {
        let journal = try folder.open()
        try await journal.commit(records(10) + records(11))
        #expect(try await journal.load { $0.slot == 11 }.closed == [duty])
    }

    @Test("sweeps by what was voted and decided: a clock that is ahead takes nothing")
    func clockAhead() async throws {
        let journal = try folder.open(keptSlots: 5)
        for slot in 10..<20 { try await journal.commit(records(Slot(UInt64(slot)))) }
        func slots() async throws -> Set<UInt64> {
            Set(try await journal.load(where: everything).votes.keys.map(\.slot.rawValue))
        }
        try await journal.housekeep(at: 1_000_000)
        #expect(try await slots() == Set(14..<20))
        try await journal.housekeep(at: 10)
        #expect(try await slots() == Set(14..<20))
    }

    @Test("sweeps what is older than a slot, in steps, but never a watermark")
    func sweep() async throws {
        let journal = try folder.open()
        for slot in 10..<30 { try await journal.commit(records(Slot(UInt64(slot)), validators: 16)) }
        let watermarks = try await journal.watermarks()
        try await journal.housekeep(at: 29)
        let snapshot = try await journal.load(where: everything)
        let left: Set<Duty> = [.attester(slot: 29)]
        #expect(Set(snapshot.votes.keys) == left)
        #expect(Set(snapshot.unsigned.keys) == left)
        #expect(Set(snapshot.partials.map(\.duty)) == left)
        #expect(Set(snapshot.aggregated.keys) == left)
        #expect(snapshot.watermarks == watermarks)
        #expect(watermarks.count == 16)
        // 19 slots of 2 votes, 1 value, 16 values, 32 partials over 16 objects and 16 aggregates: more than one step.
        #expect(journal.metrics.rowsSwept == 19 * 83)
        try await journal.housekeep(at: 29)
        #expect(journal.metrics.rowsSwept == 19 * 83)
    }

    @Test("refuses what SQLite cannot hold, and goes on")
    func unrecordable() async throws {
        let journal = try folder.open()
        let tooFar = Duty.attester(slot: Slot(UInt64.max))
        await #expect(throws: JournalError.unrecordable("slot \(UInt64.max)")) {
            try await journal.commit([.unsigned(tooFar, values(10))])
        }
        await #expect(throws: JournalError.unrecordable("attester value in duty 10/proposer")) {
            try await journal.commit([.unsigned(Duty(slot: 10, type: .proposer), values(10))])
        }
        try await journal.commit([.unsigned(duty, [key(0): value(10, key(0), committee: .max)])])
        #expect(try await journal.load(where: everything).unsigned[duty]?.count == 1)
    }

    @Test("fails every later write after the disk refused one")
    func stops() async throws {
        let journal = try folder.open(bytesMax: 200_000)
        var written = 0
        var refusal: JournalError?
        while refusal == nil, written < 1000 {
            do {
                try await journal.commit(records(Slot(UInt64(written)), validators: 20))
                written += 1
            } catch { refusal = error }
        }
        guard case .file(_, _, let reason)? = refusal else {
            Issue.record("expected a refusal by SQLite, got \(String(describing: refusal))")
            return
        }
        #expect(reason.contains("full"))
        await #expect(throws: JournalError.stopped(path: folder.journal, reason: refusal?.description ?? "")) {
            try await journal.commit([.broadcast(duty, [])])
        }
        await journal.close()
        let reopened = try folder.open()
        #expect(try await reopened.load(where: everything).unsigned.count == written)
    }

    @Test("refuses to write after it was closed")
    func closed() async throws {
        let journal = try folder.open()
        await journal.close()
        await #expect(throws: JournalError.closed(path: folder.journal)) { try await journal.commit(records(1)) }
        await #expect(throws: JournalError.closed(path: folder.journal)) { try await journal.load(where: everything) }
    }
}

/// Calls that arrive while the queue is busy. The gate is a predicate of `load`, which runs on the journal's queue.
@Suite struct GroupCommitTests {
    private let folder = Folder()

    /// Holds the queue while `calls` commits arrive, then lets go. - Returns: what each call threw.
    private func commitTogether(_ journal: Journal, _ calls: [[Record]]) async throws -> [JournalError?] {
        try await journal.commit([.unsigned(.attester(slot: 1), values(1))])
        let entered = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        async let load = journal.load { _ in
            entered.signal()
            gate.wait()
            return true
        }
        while entered.wait(timeout: .now()) == .timedOut { await Task.yield() }
        let errors = try await withThrowingTaskGroup(of: (Int, JournalError?).self) { group in
            for (i, records) in calls.enumerated() {
                group.addTask {
                    do {
                        try await journal.commit(records)
                        return (i, nil)
                    } catch let error as JournalError { return (i, error) }
                }
            }
            while journal.metrics.waiting < calls.count { await Task.yield() }
            gate.signal()
            var errors = [JournalError?](repeating: nil, count: calls.count)
            for try await (i, error) in group { errors[i] = error }
            return errors
        }
        _ = try await load
        return errors
    }

    @Test("merges calls that wait into one transaction")
    func merges() async throws {
        let journal = try folder.open()
        let errors = try await commitTogether(journal, (10..<60).map { records(Slot(UInt64($0))) })
        #expect(errors.allSatisfy { $0 == nil })
        #expect(journal.metrics.commits == 2)
        #expect(journal.metrics.largestGroup == 50)
        #expect(journal.metrics.records == 1 + 50 * records(10).count)
        #expect(journal.metrics.waiting == 0)
        #expect(try await journal.load(where: everything).unsigned.count == 51)
    }

    @Test("bounds a transaction")
    func bounded() async throws {
        let journal = try folder.open()
        let calls = (0..<40).map { _ in [Record](repeating: .broadcast(.attester(slot: 5), [entry(0)]), count: 64) }
        _ = try await commitTogether(journal, calls)
        #expect(journal.metrics.largestGroup == 16)
        #expect(journal.metrics.commits == 1 + 3)
    }

    @Test("fails only the contradicting call of a group")
    func isolates() async throws {
        let journal = try folder.open()
        var calls = (10..<20).map { records(Slot(UInt64($0))) }
        calls[4] += [.unsigned(.attester(slot: 1), values(1, head: 2))]
        let errors = try await commitTogether(journal, calls)
        for (i, error) in errors.enumerated() {
            if i == 4, case .conflict(let conflict)? = error {
                #expect(conflict.duty == .attester(slot: 1))
                #expect(conflict.pubKey == key(0))
            } else {
                #expect(error == nil && i != 4)
            }
        }
        #expect(journal.metrics.commits == 2)
        let slots = Set(try await journal.load(where: everything).unsigned.keys.map(\.slot.rawValue))
        #expect(slots == Set([1] + (10..<20).filter { $0 != 14 }))
    }

    @Test("lets the first of two contradicting calls of one group win")
    func firstWins() async throws {
        let journal = try folder.open()
        let duty = Duty.attester(slot: 9)
        let calls: [[Record]] = [[.unsigned(duty, values(9, head: 1))], [.unsigned(duty, values(9, head: 2))]]
        let errors = try await commitTogether(journal, calls)
        #expect(errors.count { $0 == nil } == 1)
        let stored = try await journal.load(where: everything).unsigned[duty]
        #expect(stored == values(9, head: errors[0] == nil ? 1 : 2))
    }
}
