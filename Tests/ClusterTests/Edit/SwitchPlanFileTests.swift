import Cluster
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@Suite("the file of a planned switch") struct SwitchPlanFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func plan() -> SwitchPlanFile {
        SwitchPlanFile(
            epoch: 123_456, directory: "distributed_validator", oldLock: Root(padding: [1]), newLock: Root(padding: [2])
        )
    }

    @Test("is read as it was written, replaced, and removed")
    func roundTrip() throws {
        #expect(try SwitchPlanFile.load(of: directory.path) == nil)
        try plan().write(into: directory.path)
        #expect(try SwitchPlanFile.load(of: directory.path) == plan())
        let other = SwitchPlanFile(
            epoch: 7, directory: "other", oldLock: Root(padding: [1]), newLock: Root(padding: [3]))
        try other.write(into: directory.path)
        #expect(try SwitchPlanFile.load(of: directory.path) == other)
        #expect(other.path(beside: "/somewhere/.charon") == "/somewhere/other")
        SwitchPlanFile.remove(from: directory.path)
        #expect(try SwitchPlanFile.load(of: directory.path) == nil)
    }

    @Test(
        "what is none names its field",
        arguments: [
            ("epoch", "\"epoch\":\"x\""), ("epoch", "\"epoch\":\"-1\""),
            ("epoch", "\"epoch\":\"99999999999999999999\""),
            ("new_directory", "\"new_directory\":\"\""), ("new_directory", "\"new_directory\":\"..\""),
            ("new_directory", "\"new_directory\":\"a/b\""), ("new_directory", "\"new_directory\":\"a\\u0000b\""),
            ("new_lock_hash", "\"new_lock_hash\":\"0x12\""),
            ("old_lock_hash", "\"old_lock_hash\":\"\""),
        ])
    func faults(field: String, member: String) throws {
        let honest = String(decoding: plan().encoded(), as: UTF8.self)
        let name = member.prefix { $0 != ":" } + ":"
        let start = try #require(honest.range(of: name)).lowerBound
        let end = try #require(honest[start...].firstIndex { $0 == "," || $0 == "}" })
        let bad = honest.replacingCharacters(in: start..<end, with: member)
        try directory.write(SwitchPlanFile.name, Array(bad.utf8))
        let error = #expect(throws: ClusterError.self) { try SwitchPlanFile.load(of: directory.path) }
        #expect("\(try #require(error))".contains(field))
        #expect("\(try #require(error))".contains(SwitchPlanFile.name))
    }

    @Test("neither JSON nor too much of it")
    func garbage() throws {
        for bytes in [[], Array("{".utf8), Array("[]".utf8), [UInt8](repeating: 0x20, count: 20 << 10)] {
            try directory.write(SwitchPlanFile.name, bytes)
            #expect(throws: ClusterError.self) { try SwitchPlanFile.load(of: directory.path) }
        }
    }
}
