import DutyWorkflow
import Ethereum
import GRDB
import SSZ

/// The row of table meta that holds a planned switch, if there is one. A journal that has it says so by its schema.
struct SwitchRow {
    struct Damage: Error {}

    static let key = "planned_switch"
    private static let bytesMax = 64 << 10

    let db: Database

    func read() throws -> SwitchRecord? {
        let text = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [Self.key])
        guard let text else { return nil }
        guard text.utf8.count <= Self.bytesMax, let record = SwitchRecord(journalText: text) else { throw Damage() }
        return record
    }

    func read(in path: String) throws -> SwitchRecord? {
        do {
            return try read()
        } catch is Damage {
            throw JournalError.corrupt(path: path, detail: "table meta has no valid \(Self.key)")
        }
    }

    func write(_ record: SwitchRecord?) throws {
        if let record {
            try db.execute(
                sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                arguments: [Self.key, record.journalText])
        } else {
            try db.execute(sql: "DELETE FROM meta WHERE key = ?", arguments: [Self.key])
        }
        let version = record == nil ? Schema.version : Schema.plannedSwitchVersion
        try db.execute(
            sql: "UPDATE meta SET value = ? WHERE key = 'schema_version' AND value <> ?1", arguments: [String(version)])
    }
}

/// `<stage> <epoch> <slots of an epoch> <old side> <new side>`; a side is `<lock>:<threshold>:<peer id>,<peer id>…`.
extension SwitchRecord {
    private static let names: [SwitchStage: String] = [
        .noted: "noted", .announced: "announced", .declined: "declined", .committed: "committed",
        .divided: "divided", .open: "open", .locked: "locked", .torn: "torn", .calledOff: "called-off",
        .confirmed: "confirmed", .entered: "entered",
    ]

    var journalText: String {
        func text(_ side: SwitchPlan.Side) -> String {
            "\(side.lock.hex):\(side.threshold):" + side.peerIDs.joined(separator: ",")
        }
        return [
            Self.names[stage] ?? "", String(plan.epoch.rawValue), String(plan.slotsPerEpoch), text(plan.old),
            text(plan.new),
        ].joined(separator: " ")
    }

    init?(journalText: String) {
        func side(_ text: Substring) -> SwitchPlan.Side? {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, let lock = try? Root(hex: String(parts[0])), let threshold = Int(parts[1]) else {
                return nil
            }
            return SwitchPlan.Side(
                lock: lock, peerIDs: parts[2].split(separator: ",").map(String.init), threshold: threshold)
        }
        let parts = journalText.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5, let stage = Self.names.first(where: { $0.value == parts[0] })?.key,
            let epoch = UInt64(parts[1]), let slotsPerEpoch = UInt64(parts[2]), let old = side(parts[3]),
            let new = side(parts[4]),
            let plan = try? SwitchPlan(old: old, new: new, epoch: Epoch(epoch), slotsPerEpoch: slotsPerEpoch)
        else { return nil }
        self.init(plan, stage)
    }
}
