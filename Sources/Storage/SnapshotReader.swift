import DutyWorkflow
import Ethereum
import GRDB
import SSZ

/// Reads the journal back into what the workflow starts from.
///
/// A row that does not decode means damage, or a program that wrote nonsense: both end the start-up, because a
/// journal that forgets one signature is worse than a node that stands still.
struct SnapshotReader {
    let db: Database
    let path: String
    /// Of the chain whose blocks it holds.
    let preset: Preset

    func read(where isLive: (Duty) -> Bool) throws -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        try forEach("closed_duty") { snapshot.closed.insert(try $0.duty()) }
        let closed = snapshot.closed
        var known: [Duty: Bool] = [:]
        func live(_ row: StoredRow) throws(JournalError) -> Duty? {
            let duty = try row.duty()
            let answer = known[duty] ?? (!closed.contains(duty) && isLive(duty))
            known[duty] = answer
            return answer ? duty : nil
        }

        try forEach("vote", order: "slot, duty_type, sequence") { row in
            guard let duty = try live(row) else { return }
            let message = try row.decode("message") { try VoteBlob.decode($0) }
            snapshot.votes[duty, default: []].append(message)
        }
        try forEach("vote_value") { row in
            guard let duty = try live(row) else { return }
            let value = try row.decode("data") { try ValueBlob.decode($0, type: duty.type, preset: preset) }
            snapshot.voteValues[duty, default: [:]][try row.fixed("value_hash")] = value
        }
        try forEach("duty_db") { row in
            guard let duty = try live(row) else { return }
            let value = try row.decode("data") { try UnsignedData(wire: $0, type: duty.type, preset: preset) }
            snapshot.unsigned[duty, default: [:]][try row.fixed("pub_key")] = value
        }
        try readPartials(live).forEach { snapshot.add($0) }
        try forEach("agg_sig_db") { row in
            guard let duty = try live(row) else { return }
            let key = try row.entryKey()
            snapshot.aggregated[duty, default: [:]][key] = try row.decode("data") {
                try SignedData(wire: $0, type: duty.type, preset: preset)
            }
            if try row.integer("broadcast") != 0 { snapshot.broadcast[duty, default: []].insert(key) }
        }
        snapshot.watermarks = try watermarks()
        snapshot.proposalWatermarks = try proposalWatermarks()
        snapshot.closed.formUnion(known.filter { !$0.value }.keys)
        snapshot.halt = try halt()
        snapshot.slashed = try slashed()
        snapshot.plannedSwitch = try plannedSwitch()
        return snapshot
    }

    func plannedSwitch() throws -> SwitchRecord? { try SwitchRow(db: db).read(in: path) }

    func halt() throws -> Halt? {
        var halt: Halt?
        try forEach("halt") { halt = Halt(duty: try $0.duty(), seen: try $0.text("seen")) }
        return halt
    }

    private func slashed() throws -> [PubKey: Slashing] {
        var slashed: [PubKey: Slashing] = [:]
        try forEach("slashed_validator") { row in
            guard let evidence = Slashing.Evidence(rawValue: Int(try row.integer("evidence"))) else {
                throw row.damaged("unknown evidence")
            }
            slashed[try row.fixed("pub_key")] = Slashing(evidence, seen: try row.text("seen"))
        }
        return slashed
    }

    func watermarks() throws -> [PubKey: AttestationWatermark] {
        var watermarks: [PubKey: AttestationWatermark] = [:]
        try forEach("attestation_watermark") { row in
            watermarks[try row.fixed("pub_key")] = AttestationWatermark(
                source: Epoch(try row.unsigned("source_epoch")), target: Epoch(try row.unsigned("target_epoch")),
                dataRoot: try row.fixed("data_root"))
        }
        return watermarks
    }

    func proposalWatermarks() throws -> [PubKey: ProposalWatermark] {
        var watermarks: [PubKey: ProposalWatermark] = [:]
        try forEach("proposal_watermark") { row in
            watermarks[try row.fixed("pub_key")] = ProposalWatermark(
                slot: Slot(try row.unsigned("slot")), root: try row.fixed("block_root"))
        }
        return watermarks
    }

    /// Each share with what it signed, under its own signature.
    private func readPartials(
        _ live: (StoredRow) throws(JournalError) -> Duty?
    ) throws -> [JournalSnapshot.Partial] {
        var objects: [ObjectKey: SignedData] = [:]
        try forEach("par_sig_object") { row in
            guard let duty = try live(row) else { return }
            let object = try row.decode("data") { try SignedData(wire: $0, type: duty.type, preset: preset) }
            let key = try ObjectKey(row, duty)
            guard object.messageRoot == key.root else { throw row.damaged("message_root is not that of data") }
            objects[key] = object
        }
        var partials: [JournalSnapshot.Partial] = []
        try forEach("par_sig_db") { row in
            guard let duty = try live(row) else { return }
            guard let object = objects[try ObjectKey(row, duty)] else { throw row.damaged("what it signed is missing") }
            guard let share = ShareIndex(wire: Int(try row.integer("share_index"))) else {
                throw row.damaged("share index below 1")
            }
            guard let status = PartialStatus(rawValue: Int(try row.integer("status"))) else {
                throw row.damaged("unknown status")
            }
            let data = object.with(signature: try row.fixed("signature"))
            partials.append(
                JournalSnapshot.Partial(
                    duty: duty, key: try row.entryKey(), partial: ParSignedData(data: data, shareIndex: share),
                    status: status))
        }
        return partials
    }

    private func forEach(_ table: String, order: String = "rowid", _ body: (StoredRow) throws -> Void) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT rowid AS row_number, * FROM \(table) ORDER BY \(order)")
        while let row = try rows.next() { try body(StoredRow(row: row, table: table, path: path)) }
    }
}

/// Key of `par_sig_object`.
private struct ObjectKey: Hashable {
    let duty: Duty
    let entry: EntryKey
    let root: Root

    init(_ row: StoredRow, _ duty: Duty) throws(JournalError) {
        self.duty = duty
        entry = try row.entryKey()
        root = try row.fixed("message_root")
    }
}
