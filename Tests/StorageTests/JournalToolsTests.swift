import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import SSZ
import TestSupport
import Testing

@testable import Storage

/// What `styx journal inspect`, `verify` and `backup` do.
@Suite struct JournalToolsTests {
    private let folder = Folder()
    private let manager = FileManager.default
    private var path: String { folder.journal }

    private func write(_ slots: Range<UInt64> = 10..<12) async throws {
        let journal = try folder.open()
        for slot in slots { try await journal.commit(records(Slot(slot))) }
        try await journal.commit([.expired(.attester(slot: 10))])
        await journal.close()
    }

    /// Everything in the folder, by name.
    private func contents() throws -> [String: Data] {
        let directory = (path as NSString).deletingLastPathComponent
        return try Dictionary(
            uniqueKeysWithValues: manager.contentsOfDirectory(atPath: directory).map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0)))
            })
    }

    private func tamper(_ sql: String) async throws {
        let database = try DatabaseQueue(path: path)
        try await database.write { try $0.execute(sql: sql) }
        try database.close()
    }

    @Test("reading leaves every byte as it is, also beside the log of a process that died")
    func untouched() async throws {
        let journal = try folder.open()
        try await journal.commit(records(10))
        let files = try contents()
        #expect(files.keys.sorted() == ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite.lock"])
        await journal.close()
        let directory = (path as NSString).deletingLastPathComponent
        for (name, bytes) in files { try bytes.write(to: URL(fileURLWithPath: directory + "/" + name)) }

        #expect(try JournalVerifier.verify(path).isSound)
        let listing = try JournalListing.read(path, .init())
        #expect(listing.duties.map(\.duty) == [.attester(slot: 10)])
        _ = try Journal.backUp(path, to: folder.url.path + "/backup.sqlite") { Instant(unixSeconds: 5) }
        #expect(try contents() == files)
        #expect(try manager.contentsOfDirectory(atPath: folder.url.path).sorted() == ["backup.sqlite", "data"])
    }

    @Test("beside a running node nothing is read")
    func running() async throws {
        let journal = try folder.open()
        let inUse = JournalError.inUse(path: path)
        #expect(throws: inUse) { try JournalVerifier.verify(path) }
        #expect(throws: inUse) { try JournalListing.read(path, .init()) }
        #expect(throws: inUse) { try Journal.backUp(path, to: path + ".backup") { Instant(unixSeconds: 5) } }
        #expect(throws: inUse) { try Journal.adopt(path, isComplete: true) { Instant(unixSeconds: 5) } }
        await journal.close()
        #expect(throws: JournalError.missing(path: path + "x")) { try JournalVerifier.verify(path + "x") }
    }

    @Test("tells what was voted, decided and signed")
    func lists() async throws {
        try await write()
        let text = try JournalListing.read(path, .init()).lines.joined(separator: "\n")
        for part in [
            "duty 10/attester, over", "duty 11/attester\n", "voted    prepare in round 1", "voted    commit in round 1",
            "decided  \(key(1)): vote 3 → 4, head \(root(1))", "signed   \(key(0)): vote 3 → 4", "aggregated",
            "peers    \(key(1)): shares 2", "group    \(key(0)): broadcast", "group    \(key(1)): not broadcast",
            "highest  \(key(0)): vote 3 → 11", "lock \(root(0xAA))",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let json = try JournalListing.read(path, .init()).json
        let duties = try #require(json["duties"]?.array)
        #expect(duties.count == 2 && duties[0]["over"] == .bool(true) && duties[0]["slot"] == .string("10"))
        #expect(duties[1]["signed"]?.array?.first?["status"] == .string("aggregated"))
        #expect(json["highest"]?.array?.count == 2)
        #expect(try JSONValue(parsing: json.bytes()) == json)
    }

    @Test(
        "what a journal says of its chain's sizes is read with care",
        arguments: [
            "", "MAX_COMMITTEES_PER_SLOT=64", GnosisBlock.sizes.replacing("=8 ", with: "=0 "),
            GnosisBlock.sizes.replacing("=8 ", with: "=9999999 "), GnosisBlock.sizes.replacing("=8 ", with: "=x "),
            GnosisBlock.sizes + " MORE=1", GnosisBlock.sizes.replacing("SYNC_COMMITTEE_SIZE", with: "SIZE"),
        ])
    func damagedPreset(_ text: String) async throws {
        await (try folder.open(preset: GnosisBlock.preset)).close()
        let database = try DatabaseQueue(path: folder.journal)
        try await database.write { db in
            let before = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'preset'")
            #expect(before == GnosisBlock.sizes)
            try db.execute(sql: "UPDATE meta SET value = ? WHERE key = 'preset'", arguments: [text])
        }
        try database.close()
        let refusal = JournalError.corrupt(path: folder.journal, detail: "table meta has no valid preset")
        #expect(throws: refusal) { try folder.open(nil, preset: nil) }
        #expect(try JournalVerifier.verify(folder.journal).problems.map(\.what) == ["table meta has no valid preset"])
        // The node knows its chain.
        await (try folder.open(preset: GnosisBlock.preset)).close()
        #expect(try JournalVerifier.verify(folder.journal).isSound)
    }

    @Test("filters by slot, duty and validator")
    func filters() async throws {
        try await write()
        func duties(_ filter: JournalListing.Filter) throws -> [JournalListing.Row] {
            try JournalListing.read(path, filter).duties
        }
        #expect(try duties(.init(slot: 11)).map(\.duty.slot) == [11])
        #expect(try duties(.init(type: .proposer)).isEmpty)
        #expect(try duties(.init(slot: 11, type: .attester)).count == 1)
        let one = try duties(.init(slot: 10, validator: key(1)))
        #expect(one.count == 1 && one[0].decided.map(\.validator) == [key(1)] && one[0].votes.count == 2)
        #expect(one[0].signed.map(\.key) == [entry(1)] && one[0].peers.map(\.key) == [entry(1)])
        #expect(try duties(.init(validator: key(77))).isEmpty)
        #expect(try JournalListing.read(path, .init(validator: key(1))).history.validators == [key(1)])
    }

    @Test("a journal that a node wrote is sound")
    func sound() async throws {
        try await write()
        let verdict = try JournalVerifier.verify(path)
        #expect(verdict.isSound && verdict.objection == nil && verdict.schema == Schema.version)
        #expect(verdict.rows["vote"] == 4 && verdict.rows["par_sig_db"] == 8)
        #expect(verdict.lines.last?.hasPrefix("sound") == true)
    }

    typealias Trouble = (sql: String, kind: JournalVerdict.Kind, text: String)

    /// What somebody or something did to the file, the kind of trouble, and what it is called.
    static let troubles: [Trouble] = {
        var troubles: [Trouble] = [
            ("UPDATE meta SET value = '99' WHERE key = 'schema_version'", .newer, "99"),
            ("DELETE FROM meta WHERE key = 'lock_hash'", .damaged, "lock_hash"),
            ("DELETE FROM meta WHERE key = 'schema_version'", .damaged, "not a journal"),
            ("UPDATE meta SET value = 'x' WHERE key = 'count'", .damaged, "count"),
            ("UPDATE attestation_watermark SET source_epoch = 99", .damaged, "source epoch above target"),
            ("UPDATE attestation_watermark SET target_epoch = 3", .contradiction, "is above the watermark 3 → 3"),
            ("UPDATE attestation_watermark SET target_epoch = 4", .contradiction, "is of another vote"),
            ("DELETE FROM attestation_watermark", .contradiction, "left no watermark"),
            ("UPDATE vote SET round = 2 WHERE kind = 2 AND slot = 10", .damaged, "not the vote that the row names"),
            ("DELETE FROM vote_value", .damaged, "the value that it is for is missing"),
            ("UPDATE vote_value SET value_hash = zeroblob(32) WHERE id = 1", .damaged, "value_hash is not that of"),
            ("DELETE FROM duty_db; DELETE FROM par_sig_object WHERE id = 1", .damaged, "what it signed is missing"),
        ]
        for (table, sql) in JournalOpenTests.nonsense { troubles.append((sql, .damaged, "table \(table), row ")) }
        return troubles
    }()

    @Test("what is wrong is told, with its place and what to do", arguments: troubles)
    func told(sql: String, kind: JournalVerdict.Kind, text: String) async throws {
        try await write()
        try await tamper(sql)
        let verdict = try JournalVerifier.verify(path)
        #expect(!verdict.isSound)
        #expect(verdict.problems.contains { $0.kind == kind && $0.what.contains(text) }, "\(verdict.problems)")
        #expect(verdict.lines.joined(separator: "\n").contains(kind.cure))
        #expect(throws: JournalError.self) {
            try Journal.backUp(path, to: path + ".backup") { Instant(unixSeconds: 5) }
        }
        #expect(!manager.fileExists(atPath: path + ".backup"))
    }

    @Test("two own shares over different roots, and two votes of one round, are found without the tables' own rules")
    func twice() async throws {
        try await write()
        try await tamper(
            """
            CREATE TABLE copy AS SELECT * FROM par_sig_db; DROP TABLE par_sig_db; ALTER TABLE copy RENAME TO par_sig_db;
            INSERT INTO par_sig_object (slot, duty_type, pub_key, subcommittee, message_root, data)
                SELECT 10, duty_type, pub_key, subcommittee, message_root, data FROM par_sig_object WHERE slot = 11;
            INSERT INTO par_sig_db SELECT id + 100, created_at, updated_at, 10, duty_type, pub_key, subcommittee,
                message_root, signature, share_index, status, own FROM par_sig_db WHERE slot = 11;
            CREATE TABLE votes AS SELECT * FROM vote; DROP TABLE vote; ALTER TABLE votes RENAME TO vote;
            INSERT INTO vote SELECT id + 100, 10, duty_type, sequence + 2, kind, round, value_hash, message
                FROM vote WHERE slot = 11;
            INSERT INTO vote_value (slot, duty_type, value_hash, data)
                SELECT 10, duty_type, value_hash, data FROM vote_value WHERE slot = 11;
            """)
        let problems = try JournalVerifier.verify(path).problems.filter { $0.kind == .contradiction }.map(\.what)
        #expect(problems.count { $0.contains("another root was signed, too") } == 2)
        #expect(problems.count { $0.contains("in round 1 of duty 10/attester") } == 2)
        #expect(problems.count { $0.contains("not over what was decided") } == 2)
    }

    @Test("a file that is damaged or none of ours is told so, not trapped on")
    func damaged() async throws {
        try await write(10..<30)
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        let text = Data("text, and long enough to have a header".utf8)
        for bytes in [text, good.prefix(good.count / 2), good.prefix(600)] {
            try bytes.write(to: URL(fileURLWithPath: path))
            let verdict = try JournalVerifier.verify(path)
            #expect(verdict.problems.first?.kind == .damaged)
        }
        for page in 1..<good.count / 4096 {
            var copy = good
            copy.replaceSubrange(page * 4096..<(page + 1) * 4096, with: Data(repeating: 0xA5, count: 4096))
            try copy.write(to: URL(fileURLWithPath: path))
            #expect(try !JournalVerifier.verify(path).isSound, "page \(page)")
        }
    }

    @Test("a backup has everything, is the owner's alone, and replaces nothing")
    func backsUp() async throws {
        try await write()
        let target = folder.url.path + "/backup.sqlite"
        let verdict = try Journal.backUp(path, to: target) { Instant(unixSeconds: 1_700_000_500) }
        #expect(verdict.isSound)
        #expect(try manager.attributesOfItem(atPath: target)[.posixPermissions] as? Int == 0o600)
        let (original, copy) = (try JournalListing.read(path, .init()), try JournalListing.read(target, .init()))
        #expect(original.lines.dropFirst() == copy.lines.filter { !$0.hasPrefix("a backup of") }.dropFirst())
        #expect(copy.backupAt == Instant(unixSeconds: 1_700_000_500))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: target))
        #expect(throws: JournalError.self) { try Journal.backUp(path, to: target) { Instant(unixSeconds: 5) } }
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == bytes)
        #expect(try manager.contentsOfDirectory(atPath: folder.url.path).sorted() == ["backup.sqlite", "data"])
        // The journal goes on.
        await (try folder.open()).close()
    }

    @Test("a backup is refused as a journal wherever it lies, and left as it is, until it is adopted")
    func restores() async throws {
        try await write()
        let target = folder.url.path + "/backup.sqlite"
        _ = try Journal.backUp(path, to: target) { Instant(unixSeconds: 1_700_000_500) }
        try manager.removeItem(atPath: path)
        try manager.moveItem(atPath: target, toPath: path)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let refusal = JournalError.backup(path: path, takenAt: Instant(unixSeconds: 1_700_000_500))
        #expect(throws: refusal) { try folder.open() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        for part in ["2023-11-14T22:21:40Z", "styx journal adopt", "two epochs"] {
            #expect(refusal.description.contains(part))
        }
        let verdict = try JournalVerifier.verify(path)
        #expect(verdict.isSound && verdict.objection == refusal)
        #expect(try Journal.adopt(path, isComplete: false) { Instant(unixSeconds: 1_700_000_900) } == refusal)
        let journal = try folder.open()
        #expect(journal.createdAt == Instant(unixSeconds: 1_700_000_900))
        #expect(try await journal.watermarks().count == 2)
        await journal.close()
        #expect(try JournalVerifier.verify(path).objection == nil)
    }
}
