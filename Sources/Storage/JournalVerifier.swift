import DutyWorkflow
import Ethereum
import GRDB
import QBFT
import SSZ

/// Reads every row of a journal and says what is wrong, where. It trusts nothing that the tables' own rules promise.
package struct JournalVerifier {
    private let db: Database
    private let path: String
    private var verdict: JournalVerdict
    private var preset = Preset.mainnet
    private var marks = SlashingHistory()
    /// What was decided, as the root that is signed.
    private var decided: [Duty: [PubKey: Root]] = [:]

    private struct Entry: Hashable {
        let duty: Duty
        let key: EntryKey
    }

    private struct Object: Hashable {
        let entry: Entry
        let root: Root
    }

    /// Works on a copy: the file stays as it is.
    ///
    /// - Throws: if the file cannot be looked at: missing, in use, not to be read.
    package static func verify(_ path: String) throws(JournalError) -> JournalVerdict {
        let copy: JournalCopy
        do {
            copy = try JournalCopy(of: path)
        } catch .corrupt(_, let detail) {
            var verdict = JournalVerdict(path: path)
            verdict.add(.damaged, detail)
            return verdict
        }
        return try verify(copy)
    }

    static func verify(_ copy: JournalCopy) throws(JournalError) -> JournalVerdict {
        do {
            let (verdict, isReadable) = try copy.database.writeWithoutTransaction { db in
                var verifier = JournalVerifier(db: db, path: copy.path)
                let isReadable = try verifier.checkWhole()
                return (verifier.verdict, isReadable)
            }
            guard isReadable else { return verdict }
            try Schema.migrator(copy.path).migrate(copy.database)
            var whole = try copy.database.writeWithoutTransaction { db in
                var verifier = JournalVerifier(db: db, path: copy.path)
                verifier.verdict = verdict
                try verifier.checkRows()
                return verifier.verdict
            }
            if whole.isSound { whole.objection = try copy.objection() }
            return whole
        } catch {
            guard case .corrupt(_, let detail) = JournalError(error, action: "read journal", path: copy.path) else {
                throw JournalError(error, action: "read journal", path: copy.path)
            }
            var verdict = JournalVerdict(path: copy.path)
            verdict.add(.damaged, detail)
            return verdict
        }
    }

    private init(db: Database, path: String) {
        self.db = db
        self.path = path
        verdict = JournalVerdict(path: path)
    }

    // MARK: The whole

    /// - Returns: whether there are rows to look at.
    private mutating func checkWhole() throws -> Bool {
        let found = try String.fetchAll(db, sql: "PRAGMA integrity_check(\(JournalVerdict.problemsMax))")
        guard found == ["ok"] else {
            for line in found.flatMap({ $0.split(separator: "\n") }) { verdict.add(.damaged, "SQLite: \(line)") }
            return false
        }
        guard try db.tableExists("meta"),
            let text = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'schema_version'"),
            let version = Int(text), version >= 1
        else {
            verdict.add(.damaged, "table meta has no schema_version: it is an SQLite file but not a journal")
            return false
        }
        verdict.schema = version
        guard version <= Schema.plannedSwitchVersion else {
            verdict.add(
                .newer, "schema version \(version), this program knows up to \(Schema.plannedSwitchVersion)")
            return false
        }
        do {
            verdict.binding = try JournalBinding(from: db, path: path)
            _ = try JournalIdentity(from: db, path: path)
            _ = try SwitchRow(db: db).read(in: path)
        } catch JournalError.corrupt(_, let detail) {
            verdict.add(.damaged, detail)
            return false
        }
        return true
    }

    private mutating func checkRows() throws {
        if let binding = verdict.binding { preset = try Preset(ofJournal: db, binding, path: verdict.path) }
        try checkWatermarks()
        try checkVotes()
        try checkDecided()
        try checkPartials()
        try checkAggregated()
        try each("closed_duty") { row, _ in _ = try row.duty() }
        try each("halt") { row, _ in (_, _) = (try row.duty(), try row.text("seen")) }
    }

    // MARK: Rows

    private mutating func checkWatermarks() throws {
        try each("attestation_watermark") { row, verifier in
            let mark = AttestationWatermark(
                source: Epoch(try row.unsigned("source_epoch")), target: Epoch(try row.unsigned("target_epoch")),
                dataRoot: try row.fixed("data_root"))
            if mark.source > mark.target { throw row.damaged("source epoch above target epoch") }
            verifier.marks.attestations[try row.fixed("pub_key")] = mark
        }
        try each("proposal_watermark") { row, verifier in
            verifier.marks.proposals[try row.fixed("pub_key")] = ProposalWatermark(
                slot: Slot(try row.unsigned("slot")), root: try row.fixed("block_root"))
        }
    }

    private mutating func checkVotes() throws {
        struct Turn: Hashable {
            let duty: Duty
            let kind: Int64
            let round: Int64
        }
        var values: Set<Object> = []
        let preset = preset
        try each("vote_value") { row, _ in
            let duty = try row.duty()
            let hash: Root = try row.fixed("value_hash")
            let value = try row.decode("data") { try ValueBlob.decode($0, type: duty.type, preset: preset) }
            if value.valueHash() != hash { throw row.damaged("value_hash is not that of data") }
            values.insert(Object(entry: Entry(duty: duty, key: EntryKey(.zero)), root: hash))
        }
        var turns: [Turn: QBFT.Message] = [:]
        try each("vote") { row, verifier in
            let duty = try row.duty()
            let message = try row.decode("message") { try VoteBlob.decode($0) }
            let turn = Turn(duty: duty, kind: try row.integer("kind"), round: try row.integer("round"))
            let hash: Root = try row.fixed("value_hash")
            guard message.kind.rawValue == turn.kind, message.round == turn.round, message.value == hash else {
                throw row.damaged("message is not the vote that the row names")
            }
            if let first = turns[turn], !first.isSameVote(as: message) {
                let what = "two votes of kind \(turn.kind) in round \(turn.round) of duty \(duty)"
                verifier.verdict.add(.contradiction, row.place(what))
            }
            turns[turn] = message
            let key = Object(entry: Entry(duty: duty, key: EntryKey(.zero)), root: hash)
            if hash != .zero, !values.contains(key) { throw row.damaged("the value that it is for is missing") }
        }
    }

    private mutating func checkDecided() throws {
        let preset = preset
        try each("duty_db") { row, verifier in
            let duty = try row.duty()
            let pubKey: PubKey = try row.fixed("pub_key")
            let value = try row.decode("data") { try UnsignedData(wire: $0, type: duty.type, preset: preset) }
            let root: Root? =
                switch value {
                case .attester(let data, _): data.hashTreeRoot()
                case .proposal(let proposal): proposal.messageRoot
                // What is signed of these has more in it.
                case .aggregate, .contributions: nil
                }
            guard let root else { return }
            if let first = verifier.decided[duty]?[pubKey], first != root {
                verifier.verdict.add(
                    .contradiction, row.place("two values of validator \(pubKey) in duty \(duty)"))
            }
            verifier.decided[duty, default: [:]][pubKey] = root
        }
    }

    private mutating func checkPartials() throws {
        let preset = preset
        var objects: [Object: SignedData] = [:]
        try each("par_sig_object") { row, _ in
            let duty = try row.duty()
            let data = try row.decode("data") { try SignedData(wire: $0, type: duty.type, preset: preset) }
            let object = Object(
                entry: Entry(duty: duty, key: try row.entryKey()), root: try row.fixed("message_root"))
            guard data.messageRoot == object.root else { throw row.damaged("message_root is not that of data") }
            objects[object] = data
        }
        var own: [Entry: Root] = [:]
        try each("par_sig_db") { row, verifier in
            let entry = Entry(duty: try row.duty(), key: try row.entryKey())
            let root: Root = try row.fixed("message_root")
            let _: SignatureBytes = try row.fixed("signature")
            guard let share = ShareIndex(wire: Int(clamping: try row.integer("share_index"))) else {
                throw row.damaged("share index below 1")
            }
            guard PartialStatus(rawValue: Int(clamping: try row.integer("status"))) != nil else {
                throw row.damaged("unknown status")
            }
            guard let object = objects[Object(entry: entry, root: root)] else {
                throw row.damaged("what it signed is missing")
            }
            let ours = verifier.verdict.binding?.share ?? share
            guard try row.integer("own") != 0, ours == share else { return }
            verifier.checkOwn(object, root, entry, first: own[entry], row)
            own[entry] = own[entry] ?? root
        }
    }

    private mutating func checkOwn(_ object: SignedData, _ root: Root, _ entry: Entry, first: Root?, _ row: StoredRow) {
        let (duty, pubKey) = (entry.duty, entry.key.pubKey)
        func complain(_ what: String) {
            verdict.add(.contradiction, row.place("own share of validator \(entry.key) in duty \(duty): \(what)"))
        }
        if let first, first != root { complain("another root was signed, too: \(first) and \(root)") }
        if let value = decided[duty]?[pubKey], value != root { complain("it is not over what was decided") }
        switch object {
        case .attestation(let attestation):
            guard let mark = marks.attestations[pubKey] else { return complain("it left no watermark") }
            let (source, target) = (attestation.data.source.epoch, attestation.data.target.epoch)
            if source > mark.source || target > mark.target {
                complain("\(source) → \(target) is above the watermark \(mark.source) → \(mark.target)")
            } else if target == mark.target, ![root, .zero].contains(mark.dataRoot) {
                complain("the watermark of target \(target) is of another vote")
            }
        case .proposal(let signed):
            guard let mark = marks.proposals[pubKey] else { return complain("it left no watermark") }
            if signed.slot > mark.slot {
                complain("slot \(signed.slot) is above the watermark \(mark.slot)")
            } else if signed.slot == mark.slot, ![root, .zero].contains(mark.root) {
                complain("the watermark of slot \(signed.slot) is of another block")
            }
        case .exit, .registration, .randao, .committeeSelection, .aggregateAndProof, .syncMessage, .syncSelection,
            .contributionAndProof:
            break
        }
    }

    private mutating func checkAggregated() throws {
        let preset = preset
        var seen: [Entry: SignedData] = [:]
        try each("agg_sig_db") { row, verifier in
            let entry = Entry(duty: try row.duty(), key: try row.entryKey())
            let type = entry.duty.type
            let data = try row.decode("data") { try SignedData(wire: $0, type: type, preset: preset) }
            if let first = seen[entry], first != data {
                verifier.verdict.add(
                    .contradiction, row.place("two signatures of validator \(entry.key) in duty \(entry.duty)"))
            }
            seen[entry] = data
        }
    }

    // MARK: For all tables

    /// Goes on behind a row that cannot be read.
    private mutating func each(
        _ table: String, _ body: (StoredRow, inout JournalVerifier) throws -> Void
    ) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT rowid AS row_number, * FROM \(table) ORDER BY rowid")
        while let row = try rows.next() {
            verdict.rows[table, default: 0] += 1
            do {
                try body(StoredRow(row: row, table: table, path: path), &self)
            } catch JournalError.corrupt(_, let detail) {
                verdict.add(.damaged, detail)
            }
        }
    }
}
