import Cluster
import SSZ
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct ResultFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: directory.read(name)) }

    @Test("a new file has the one category, and is readable by all")
    func new() throws {
        var file = try ResultFile(path: directory.file("r.json"))
        file.merge(Samples.beacon)
        try file.write(directory.file("r.json"))
        #expect(try json("r.json") == .object(JSONObject([("beacon_node", Samples.beacon.json)])))
        #expect(try directory.mode("r.json") == 0o644)
        #expect(directory.names == ["r.json"])
    }

    @Test("only the own category is replaced; others and what nobody knows stay")
    func merge() throws {
        let path = directory.file("r.json")
        try directory.write(
            "r.json",
            Array(#"{"later":1,"infra":{"execution_time":""},"beacon_node":{"x":2},"charon_peers":{"score":"A"}}"#.utf8)
        )
        var file = try ResultFile(path: path)
        file.merge(Samples.beacon)
        try file.write(path)
        let expected = JSONObject([
            ("charon_peers", ["score": "A"]), ("beacon_node", Samples.beacon.json), ("infra", ["execution_time": ""]),
            ("later", 1),
        ])
        #expect(try json("r.json") == .object(expected))
    }

    @Test("something else is not overwritten", arguments: ["", "x", "[]", "{\"a\":", "\u{0}"])
    func foreign(text: String) throws {
        try directory.write("r.json", Array(text.utf8))
        let path = directory.file("r.json")
        let error = #expect(throws: ClusterError.self) { try ResultFile(path: path) }
        #expect(error?.description.contains("--output-json") == true)
        #expect(error?.description.contains(path) == true)
    }

    @Test("what cannot be written is said with the path")
    func unwritable() throws {
        let path = directory.file("no/r.json")
        let error = #expect(throws: ClusterError.self) { try ResultFile().write(path) }
        #expect(error?.description.contains(path) == true)
    }
}
