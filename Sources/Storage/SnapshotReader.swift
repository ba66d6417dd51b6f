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

    func read(where isLive: (Duty) -> Bool) throws -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        var known: [Duty: Bool] = [:]
        func live(_ row: StoredRow) throws(JournalError) -> Duty? {
            let duty = try row.duty()
            let answer = known[duty] ?? isLive(duty)
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
            let value = try row.decode("data") { try ValueBlob.decode($0, type: duty.type) }
            snapshot.voteValues[duty, default: [:]][try row.fixed("value_hash")] = value
        }
        try forEach("duty_db") { row in
            guard let duty = try live(row) else { return }
            let value = try row.decode("data") { try UnsignedData(wire: $0, type: duty.type) }
            snapshot.unsigned[duty, default: [:]][try row.fixed("pub_key")] = value
        }
        try forEach("par_sig_db", order: "slot, duty_type, id") { row in
            guard let duty = try live(row) else { return }
            snapshot.partials.append(try partial(row, duty))
        }
        try forEach("agg_sig_db") { row in
            guard let duty = try live(row) else { return }
            let key = try row.entryKey()
            snapshot.aggregated[duty, default: [:]][key] = try row.decode("data") {
                try SignedData(wire: $0, type: duty.type)
            }
            if try row.integer("broadcast") != 0 { snapshot.broadcast[duty, default: []].insert(key) }
        }
        snapshot.watermarks = try watermarks()
        return snapshot
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

    private func partial(_ row: StoredRow, _ duty: Duty) throws(JournalError) -> JournalSnapshot.Partial {
        let data = try row.decode("data") { try SignedData(wire: $0, type: duty.type) }
        let signature: SignatureBytes = try row.fixed("signature")
        guard data.signature == signature else { throw row.damaged("signature differs from that in data") }
        guard let share = ShareIndex(wire: Int(try row.integer("share_index"))) else {
            throw row.damaged("share index below 1")
        }
        guard let status = PartialStatus(rawValue: Int(try row.integer("status"))) else {
            throw row.damaged("unknown status")
        }
        return JournalSnapshot.Partial(
            duty: duty, key: try row.entryKey(), partial: ParSignedData(data: data, shareIndex: share),
            status: status)
    }

    private func forEach(_ table: String, order: String = "rowid", _ body: (StoredRow) throws -> Void) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT rowid AS row_number, * FROM \(table) ORDER BY \(order)")
        while let row = try rows.next() { try body(StoredRow(row: row, table: table, path: path)) }
    }
}

/// One row of a table, read strictly.
private struct StoredRow {
    let row: Row
    let table: String
    let path: String

    func duty() throws(JournalError) -> Duty {
        guard let raw = Int32(exactly: try integer("duty_type")), let type = DutyType(rawValue: raw) else {
            throw damaged("unknown duty type")
        }
        return Duty(slot: Slot(try unsigned("slot")), type: type)
    }

    func entryKey() throws(JournalError) -> EntryKey {
        EntryKey(try fixed("pub_key"), subcommittee: try unsigned("subcommittee"))
    }

    func integer(_ column: String) throws(JournalError) -> Int64 {
        guard let value = Int64.fromDatabaseValue(row[column]) else { throw damaged("\(column) is no integer") }
        return value
    }

    func unsigned(_ column: String) throws(JournalError) -> UInt64 {
        guard let value = UInt64(exactly: try integer(column)) else { throw damaged("\(column) is negative") }
        return value
    }

    func fixed<let count: Int>(_ column: String) throws(JournalError) -> FixedBytes<count> {
        guard let value = FixedBytes<count>(try bytes(column)) else { throw damaged("\(column) is not \(count) bytes") }
        return value
    }

    func decode<R>(_ column: String, _ body: ([UInt8]) throws -> R) throws(JournalError) -> R {
        let bytes = try bytes(column)
        do {
            return try body(bytes)
        } catch {
            throw damaged("\(column): \(error)")
        }
    }

    func damaged(_ what: String) -> JournalError {
        let id: Int64? = row["row_number"]
        return .corrupt(path: path, detail: "table \(table), row \(id.map(String.init) ?? "?"): \(what)")
    }

    private func bytes(_ column: String) throws(JournalError) -> [UInt8] {
        let value: DatabaseValue = row[column]
        guard case .blob(let data) = value.storage else { throw damaged("\(column) is no blob") }
        return [UInt8](data)
    }
}
