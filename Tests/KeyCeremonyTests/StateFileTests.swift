import Cluster
import DKG
import Ethereum
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import KeyCeremony

@Suite struct StateFileTests {
    private let directory: TemporaryDirectory
    private let plan: CeremonyPlan

    init() throws {
        directory = try TemporaryDirectory()
        plan = try Sample(operators: 3, threshold: 2, validators: 1).plan(0)
    }

    private var path: String { directory.file(StateFile.name) }

    private func open(_ plan: CeremonyPlan? = nil) throws(StateFile.Fault) -> StateFile {
        try StateFile.open(directory: directory.path, plan: plan ?? self.plan)
    }

    /// What a process leaves that is killed after these notes.
    private func leave(_ records: [CeremonyRecord]) throws -> [UInt8] {
        let file = try open()
        for record in records { try file.append(record) }
        return file.seed.withBytes { Array($0) }
    }

    private let records: [CeremonyRecord] = [.step(1), .message(2, .frostShares, [1, 2, 3]), .tick]

    @Test("what was noted down is there again, with the same seed")
    func resumed() throws {
        let seed = try leave(records)
        var file = try open()
        #expect(file.isResumed && file.records == records)
        #expect(file.seed.withBytes { Array($0) } == seed)
        try file.append(.writing)
        file = try reopen(&file)
        #expect(file.records == records + [.writing])
    }

    /// Lets go of it first.
    private func reopen(_ file: inout StateFile) throws -> StateFile {
        let other = try TemporaryDirectory()
        file = try StateFile.open(directory: other.path, plan: plan)
        return try open()
    }

    @Test("nothing in it can be read")
    func sealed() throws {
        let seed = try leave([.message(2, .frostShares, Array("a secret share".utf8))])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(bytes.range(of: Data("a secret".utf8)) == nil && bytes.range(of: Data(seed)) == nil)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("a note that was cut off was never written, whatever is left of it")
    func torn() throws {
        _ = try leave(records)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        _ = try leave([.written])
        let longer = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in whole.count..<longer.count {
            try longer.prefix(length).write(to: URL(fileURLWithPath: path))
            let file = try open()
            #expect(file.records == records)
        }
    }

    @Test("what was changed, moved or is another's is refused")
    func refused() throws {
        _ = try leave(records)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var changed = whole
        changed[whole.count / 2] ^= 1
        try changed.write(to: URL(fileURLWithPath: path))
        #expect(throws: StateFile.Fault.damaged) { try open() }
        try whole.write(to: URL(fileURLWithPath: path))
        let other = try Sample(operators: 3, threshold: 2, validators: 2).plan(0)
        #expect(throws: StateFile.Fault.self) { try open(other) }
        // The same ceremony with another operator's key.
        let neighbour = try Sample(operators: 3, threshold: 2, validators: 1).plan(1)
        #expect(throws: StateFile.Fault.self) { try open(neighbour) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    }

    @Test("one process at a time has it")
    func exclusive() throws {
        let file = try open()
        #expect(throws: StateFile.Fault.inUse) { try open() }
        withExtendedLifetime(file) {}
    }

    @Test("it is gone when it is erased")
    func erased() throws {
        let file = try open()
        try file.append(.step(1))
        file.erase()
        #expect(directory.names.isEmpty)
    }
}
