import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import Testing

@testable import Storage

/// What `styx slashing-protection` does, but for reading and writing files.
@Suite struct SlashingProtectionTests {
    private let folder = Folder()
    /// Validators 1 and 2; key 101 is a share of validator 1.
    private let cluster = SlashingProtection.Cluster(
        lockHash: root(0xAA), validators: [key(1): key(1), key(101): key(1), key(2): key(2)])

    private func protection(_ cluster: SlashingProtection.Cluster? = nil) -> SlashingProtection {
        SlashingProtection(journal: folder.journal, cluster: cluster) { Instant(unixSeconds: 0) }
    }

    private func file(_ rows: [(Int, UInt64, UInt64)], chain: Root = root(0xBB)) -> [UInt8] {
        Interchange.export(
            SlashingHistory(
                attestations: Dictionary(uniqueKeysWithValues: rows.map { (key($0.0), watermark($0.1, $0.2, 0)) })),
            genesisValidatorsRoot: chain
        ).bytes()
    }

    private func write(_ marks: [PubKey: AttestationWatermark]) async throws {
        let journal = try folder.open()
        try await journal.commit(marks.map { .attestationWatermark($0.key, $0.value) })
        await journal.close()
    }

    private func marks() async throws -> [PubKey: AttestationWatermark] {
        let journal = try folder.open()
        let marks = try await journal.watermarks()
        await journal.close()
        return marks
    }

    @Test("what one journal exports, another takes; nothing falls")
    func moves() async throws {
        try await write([key(1): watermark(3, 4, 1), key(2): watermark(7, 8, 2)])
        let exported = try await protection().export()
        #expect(exported.validators == 2)
        #expect(exported.bytes == file([(1, 3, 4), (2, 7, 8)]))
        // Which votes they were is not in the file: none of them is signed again.
        #expect(try await protection().import(exported.bytes).contents.raised.validators.count == 2)
        #expect(try await protection().import(exported.bytes).contents.raised.isEmpty)
        let lower = try await protection().import(file([(1, 2, 3), (2, 7, 9)]))
        #expect(lower.contents.validators == 2 && lower.contents.raised.validators.count == 1 && !lower.isNew)
        #expect(try await marks() == [key(1): watermark(3, 4, 0), key(2): watermark(7, 9, 0)])
    }

    @Test("blocks move, too: none is signed for their slots")
    func blocks() async throws {
        let bytes = Interchange.export(
            SlashingHistory(proposals: [key(101): ProposalWatermark(slot: Slot(77), root: root(1))]),
            genesisValidatorsRoot: root(0xBB)
        ).bytes()
        try await write([:])
        #expect(try await protection(cluster).import(bytes).contents.raised.validators == [key(1)])
        let journal = try folder.open()
        let known = try await journal.slashingHistory().proposals
        #expect(known == [key(1): ProposalWatermark(slot: Slot(77), root: .zero)])
        await #expect(throws: JournalError.self) {
            try await journal.commit([.proposalWatermark(key(1), ProposalWatermark(slot: Slot(77), root: root(2)))])
        }
        await journal.close()
    }

    @Test("a validator client's file names key shares; strangers are left out and counted")
    func shares() async throws {
        try await write([:])
        let imported = try await protection(cluster).import(file([(101, 3, 4), (2, 7, 8), (66, 1, 2)]))
        #expect(imported.contents.validators == 2 && imported.contents.strangers == 1)
        #expect(try await marks() == [key(1): watermark(3, 4, 0), key(2): watermark(7, 8, 0)])
        await #expect(throws: Interchange.ImportError.noneKnown(1)) {
            try await protection(cluster).import(file([(66, 1, 2)]))
        }
    }

    @Test("makes a journal only for a known cluster, and of a file that can be taken")
    func makes() async throws {
        let good = file([(1, 3, 4)])
        await #expect(throws: SlashingProtection.Failure.unknownCluster(journal: folder.journal)) {
            try await protection().import(good)
        }
        await #expect(throws: Interchange.ImportError.noneKnown(1)) {
            try await protection(cluster).import(file([(66, 1, 2)]))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.journal))
        await #expect(throws: JournalError.missing(path: folder.journal)) { try await protection(cluster).export() }
        #expect(try await protection(cluster).import(good).isNew)
        #expect(try await marks() == [key(1): watermark(3, 4, 0)])
    }

    @Test("a new journal is of the chain of the cluster's network, whatever the file says")
    func chain() async throws {
        var known = cluster
        known.genesisValidatorsRoot = root(0xBB)
        await #expect(throws: Interchange.ImportError.otherChain(expected: root(0xBB), found: root(1))) {
            try await protection(known).import(file([(1, 3, 4)], chain: root(1)))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.journal))
        #expect(try await protection(known).import(file([(1, 3, 4)])).isNew)
        #expect(try await marks() == [key(1): watermark(3, 4, 0)])
    }

    @Test("a halt stays in the journal, the first one, until it is lifted by hand while no node runs")
    func lifts() async throws {
        let first = Halt(duty: .attester(slot: 7), seen: "a vote that it did not make")
        let journal = try folder.open()
        #expect(try await journal.halt() == nil)
        try await journal.commit([.halted(first), .halted(Halt(duty: .attester(slot: 8), seen: "another"))])
        await #expect(throws: JournalError.inUse(path: folder.journal)) { try await protection().liftHalt() }
        await journal.close()
        let other = SlashingProtection.Cluster(lockHash: root(9), validators: cluster.validators)
        await #expect(throws: JournalError.self) { try await protection(other).liftHalt() }

        let restarted = try folder.open()
        // Its duty is long over.
        let snapshot = try await restarted.load { _ in false }
        #expect(snapshot.halt == first)
        try await restarted.housekeep(at: 1_000_000)
        await restarted.close()
        #expect(try await protection(cluster).liftHalt() == first)
        #expect(try await protection(cluster).liftHalt() == nil)
        let lifted = try folder.open()
        #expect(try await lifted.load(where: everything).halt == nil)
        try await lifted.commit([.halted(first)])
        #expect(try await lifted.halt() == first)
    }

    @Test("a validator that is stopped stays so; only what was told is lifted, and proof takes its place")
    func slashed() async throws {
        let (told, proven) = (Slashing(.told, seen: "most say so"), Slashing(.proven, seen: "two blocks"))
        var journal = try folder.open()
        try await journal.commit([
            .slashed(key(1), told), .slashed(key(2), told), .slashed(key(3), told), .slashed(key(3), proven),
            .slashed(key(4), proven), .slashed(key(4), told), .slashingLifted(key(2)), .slashingLifted(key(4)),
        ])
        try await journal.housekeep(at: 1_000_000)
        await journal.close()
        journal = try folder.open()
        let expected = [key(1): told, key(3): proven, key(4): proven]
        #expect(try await journal.load { _ in false }.slashed == expected)
    }

    @Test("of another chain or cluster, or of a running node, is refused by name")
    func refusals() async throws {
        try await write([key(1): watermark(3, 4, 1)])
        await #expect(throws: Interchange.ImportError.otherChain(expected: root(0xBB), found: root(1))) {
            try await protection().import(file([(1, 5, 6)], chain: root(1)))
        }
        let other = SlashingProtection.Cluster(lockHash: root(9), validators: cluster.validators)
        let foreign = JournalError.otherCluster(
            path: folder.journal, what: "lock hash", expected: root(9), found: root(0xAA))
        await #expect(throws: foreign) { try await protection(other).import(file([(1, 5, 6)])) }
        await #expect(throws: foreign) { try await protection(other).export() }

        let running = try folder.open()
        await #expect(throws: JournalError.inUse(path: folder.journal)) {
            try await protection().import(file([(1, 5, 6)]))
        }
        await #expect(throws: JournalError.inUse(path: folder.journal)) { try await protection().export() }
        #expect(try await running.watermarks() == [key(1): watermark(3, 4, 1)])
        await running.close()
        #expect(try await marks() == [key(1): watermark(3, 4, 1)])
    }
}
