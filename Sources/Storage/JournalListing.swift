import DutyWorkflow
import Ethereum
import GRDB
import QBFT
import SSZ

/// What a journal says was voted, decided and signed, by duty: for people, read from a copy.
package struct JournalListing: Sendable {
    /// All of it where nil.
    package struct Filter: Sendable {
        package var slot: Slot?
        package var type: DutyType?
        package var validator: PubKey?

        package init(slot: Slot? = nil, type: DutyType? = nil, validator: PubKey? = nil) {
            self.slot = slot
            self.type = type
            self.validator = validator
        }
    }

    struct Vote: Sendable {
        let kind: QBFT.Message.Kind
        let round: Int64
        let value: Root
    }

    struct Signed: Sendable {
        let key: EntryKey
        let root: Root
        let status: PartialStatus
        let at: Instant
        let summary: String
    }

    struct Row: Sendable {
        let duty: Duty
        var isClosed = false
        var votes: [Vote] = []
        var decided: [(validator: PubKey, summary: String)] = []
        var signed: [Signed] = []
        /// Whose shares are there of the other operators.
        var peers: [(key: EntryKey, shares: [Int])] = []
        var aggregated: [(key: EntryKey, isBroadcast: Bool)] = []

        init(_ duty: Duty) { self.duty = duty }

        var isEmpty: Bool {
            votes.isEmpty && decided.isEmpty && signed.isEmpty && peers.isEmpty && aggregated.isEmpty
        }
    }

    package let path: String
    let schema: Int
    let binding: JournalBinding
    let createdAt: Instant?
    let backupAt: Instant?
    let halt: Halt?
    private(set) var duties: [Row] = []
    let history: SlashingHistory

    /// - Throws: `.corrupt` for a row that cannot be read: `verify` then says more.
    package static func read(_ path: String, _ filter: Filter) throws(JournalError) -> JournalListing {
        let copy = try JournalCopy(of: path)
        do {
            let (schema, binding, identity) = try copy.database.read { db in
                (
                    try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'schema_version'"),
                    try JournalBinding(from: db, path: path), try JournalIdentity(from: db, path: path)
                )
            }
            guard let schema = schema.flatMap({ Int($0) }) else {
                throw JournalError.corrupt(path: path, detail: "table meta has no schema_version")
            }
            guard schema <= Schema.plannedSwitchVersion else {
                throw JournalError.newerSchema(path: path, found: schema, known: Schema.plannedSwitchVersion)
            }
            try Schema.migrator(path).migrate(copy.database)
            return try copy.database.read { db in
                try JournalListing(db, path, schema: schema, binding: binding, backupAt: identity.backupAt, filter)
            }
        } catch {
            throw JournalError(error, action: "read journal", path: path)
        }
    }

    private init(
        _ db: Database, _ path: String, schema: Int, binding: JournalBinding, backupAt: Int64?, _ filter: Filter
    ) throws {
        self.path = path
        self.schema = schema
        self.binding = binding
        self.backupAt = backupAt.map { Instant(unixMilliseconds: $0) }
        createdAt = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'created_at'")
            .flatMap { Int64($0) }.map { Instant(unixMilliseconds: $0) }
        let preset = try Preset(ofJournal: db, binding, path: path)
        let reader = SnapshotReader(db: db, path: path, preset: preset)
        halt = try reader.halt()
        let all = SlashingHistory(attestations: try reader.watermarks(), proposals: try reader.proposalWatermarks())
        history = filter.validator.map { all.of([$0]) } ?? all
        duties = try Reading(db: db, path: path, preset: preset, filter: filter, own: binding.share).rows()
    }
}

/// Goes through the tables once each.
private struct Reading {
    let db: Database
    let path: String
    let preset: Preset
    let filter: JournalListing.Filter
    let own: ShareIndex?

    func rows() throws -> [JournalListing.Row] {
        var rows: [Duty: JournalListing.Row] = [:]
        func change(_ duty: Duty, _ body: (inout JournalListing.Row) -> Void) {
            body(&rows[duty, default: JournalListing.Row(duty)])
        }
        try each("duty_db", "slot, duty_type, pub_key", ofValidator: true) { row, duty in
            let value = try row.decode("data") { try UnsignedData(wire: $0, type: duty.type, preset: preset) }
            let validator: PubKey = try row.fixed("pub_key")
            change(duty) { $0.decided.append((validator, value.sentence)) }
        }
        try each("par_sig_db", "slot, duty_type, pub_key, subcommittee, share_index", ofValidator: true) { row, duty in
            let (key, share) = (try row.entryKey(), Int(clamping: try row.integer("share_index")))
            let isOwn = try row.integer("own") != 0 && own.map { $0.rawValue == share } ?? true
            guard isOwn else {
                change(duty) { row in
                    if row.peers.last?.key == key {
                        row.peers[row.peers.count - 1].shares.append(share)
                    } else {
                        row.peers.append((key, [share]))
                    }
                }
                return
            }
            let root: Root = try row.fixed("message_root")
            guard let status = PartialStatus(rawValue: Int(clamping: try row.integer("status"))) else {
                throw row.damaged("unknown status")
            }
            let signed = JournalListing.Signed(
                key: key, root: root, status: status,
                at: Instant(unixMilliseconds: try row.integer("created_at")),
                summary: try object(of: row, duty, root)?.sentence ?? "an object that is missing")
            change(duty) { $0.signed.append(signed) }
        }
        try each("agg_sig_db", "slot, duty_type, pub_key, subcommittee", ofValidator: true) { row, duty in
            let (key, isBroadcast) = (try row.entryKey(), try row.integer("broadcast") != 0)
            change(duty) { $0.aggregated.append((key, isBroadcast)) }
        }
        // Of the whole cluster: with a validator, those of its duties.
        func isShown(_ duty: Duty) -> Bool { filter.validator == nil || rows[duty] != nil }
        try each("vote", "slot, duty_type, sequence", ofValidator: false) { row, duty in
            guard isShown(duty) else { return }
            let message = try row.decode("message") { try VoteBlob.decode($0) }
            change(duty) {
                $0.votes.append(.init(kind: message.kind, round: message.round, value: message.value))
            }
        }
        try each("closed_duty", "slot, duty_type", ofValidator: false) { row, duty in
            rows[duty]?.isClosed = true
        }
        return rows.values.sorted { $0.duty < $1.duty }
    }

    private func object(of row: StoredRow, _ duty: Duty, _ root: Root) throws -> SignedData? {
        let key = try row.entryKey()
        let stored = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT id AS row_number, data FROM par_sig_object
                    WHERE slot = ? AND duty_type = ? AND pub_key = ? AND subcommittee = ? AND message_root = ?
                    """),
            arguments: [
                Int64(clamping: duty.slot.rawValue), duty.type.rawValue, blob(key.pubKey),
                Int64(clamping: key.subcommittee), blob(root),
            ])
        return try stored.map { row in
            try StoredRow(row: row, table: "par_sig_object", path: path)
                .decode("data") { try SignedData(wire: $0, type: duty.type, preset: preset) }
        }
    }

    private func each(
        _ table: String, _ order: String, ofValidator: Bool, _ body: (StoredRow, Duty) throws -> Void
    ) throws {
        var conditions = ["1"]
        var arguments: StatementArguments = []
        if let slot = filter.slot {
            conditions.append("slot = ?")
            arguments += [Int64(clamping: slot.rawValue)]
        }
        if let type = filter.type {
            conditions.append("duty_type = ?")
            arguments += [type.rawValue]
        }
        if ofValidator, let validator = filter.validator {
            conditions.append("pub_key = ?")
            arguments += [blob(validator)]
        }
        let sql = """
            SELECT rowid AS row_number, * FROM \(table) WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(order)
            """
        let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
        while let row = try rows.next() {
            let stored = StoredRow(row: row, table: table, path: path)
            try body(stored, try stored.duty())
        }
    }
}
