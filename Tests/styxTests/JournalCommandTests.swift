import ArgumentParser
import Ethereum
import Foundation
import SSZ
import Storage
import TestSupport
import Testing

@testable import styx

@Suite("styx journal")
struct JournalCommandTests {
    private let directory: TemporaryDirectory
    private var file: String { directory.file("journal.sqlite") }

    init() throws { directory = try TemporaryDirectory() }

    private func make() async throws {
        let binding = JournalBinding(lockHash: Root(padding: [1]), genesisValidatorsRoot: Root(padding: [2]))
        let journal = try Journal(path: file, binding: binding) { Instant(unixSeconds: 1_700_000_000) }
        try await journal.commit([
            .attestationWatermark(
                PubKey(padding: [7]), .init(source: 3, target: 4, dataRoot: Root(padding: [5])))
        ])
        await journal.close()
    }

    private func run(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(["journal"] + arguments + ["--journal-file", file], in: directory.path)
    }

    @Test("shows, verifies, backs up, and takes a backup for the journal when told to")
    func journey() async throws {
        let missing = try run("inspect")
        #expect(missing.status == 1 && missing.text.contains("there is no such file"))
        try await make()
        let shown = try run("inspect")
        #expect(shown.status == 0 && shown.text.contains("\(PubKey(padding: [7])): vote 3 → 4"))
        let json = try run("inspect", "--json", "--slot", "7", "--duty", "attester")
        #expect(try JSONValue(parsing: Array(json.text.utf8))["duties"] == .array([]))
        #expect(try run("verify").status == 0)

        let backup = directory.file("backup")
        #expect(try run("backup", backup).status == 0)
        let again = try run("backup", backup)
        #expect(again.status == 1 && again.text.contains(backup))
        try FileManager.default.removeItem(atPath: file)
        #expect(try run("forget").text.contains("the next start makes a new one"))
        try FileManager.default.moveItem(atPath: backup, toPath: file)
        let verified = try run("verify")
        #expect(verified.status == 1 && verified.text.contains("it is a backup of"))
        let adopted = try run("adopt")
        #expect(adopted.status == 0 && adopted.text.contains("signs nothing for two epochs"))
        #expect(try run("adopt").text.contains("nothing changed"))
        #expect(try run("verify").status == 0)
    }

    @Test("filters that mean nothing are refused by name")
    func filters() throws {
        for (flag, value) in [("--duty", "lunch"), ("--validator", "0x12"), ("--slot", "-1")] {
            #expect(throws: (any Error).self) { try Styx.parseAsRoot(["journal", "inspect", flag, value]) }
        }
        _ = try Styx.parseAsRoot(["journal", "inspect", "--duty", "sync_message", "--slot", "5"])
    }
}
