import BeaconAPI
import BeaconTestSupport
import Cluster
import ClusterSetup
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct TestOutputTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ output: TestOutput) async throws -> String {
        var shown = ""
        try await WebClient.with { web in
            try await output.write([Samples.validator, Samples.beacon], web: web) { shown += $0 }
        }
        return shown
    }

    @Test("reports of all categories are printed together, and kept in one file")
    func file() async throws {
        var output = TestOutput()
        output.path = directory.file("r.json")
        try output.check()
        let shown = try await write(output)
        #expect(shown == Samples.validator.text + Samples.beacon.text)
        let file = try JSONValue(parsing: directory.read("r.json"))
        #expect(file["validator_client"] == Samples.validator.json && file["beacon_node"] == Samples.beacon.json)
    }

    @Test("quiet prints nothing, and needs a file")
    func quiet() async throws {
        var output = TestOutput()
        output.isQuiet = true
        let error = #expect(throws: DiagnosticsError.self) { try output.check() }
        #expect(error?.description.contains("--output-json") == true)
        output.path = directory.file("r.json")
        try output.check()
        #expect(try await write(output).isEmpty)
        #expect(directory.names == ["r.json"])
    }

    @Test("a file that is something else is found out before anything is tested")
    func foreign() throws {
        var output = TestOutput()
        output.path = try directory.write("r.json", Array("mine".utf8))
        #expect(throws: ClusterError.self) { try output.check() }
        output.path = directory.file("none/r.json")
        let error = #expect(throws: ClusterError.self) { try output.check() }
        #expect(error?.description.contains("--output-json") == true)
    }

    @Test("what is published is all of the file, signed by the identity", arguments: [true, false])
    func publish(hasKey: Bool) async throws {
        var generator = SeededGenerator(seed: 9)
        let key = PrivateKey.random(using: &generator)
        let path = directory.file("key")
        if hasKey { try IdentityKeyFile.create(path, key) }
        try await FakeBeaconNode.with({ _ in FakeBeaconNode.Answer(status: 201) }) { server in
            var output = TestOutput()
            output.isQuiet = true
            output.path = try directory.write("r.json", Array(#"{"mev":{"execution_time":"1s"}}"#.utf8))
            output.publication = try TestOutput.Publication(address: server.url + "/v1", privateKeyFile: path)
            _ = try await write(output)
            let request = try #require(server.requests.first)
            #expect(request.method == "POST" && request.target == "/v1/test")
            let body = try JSONValue(parsing: request.body)
            let file = try JSONValue(parsing: directory.read("r.json"))
            #expect(body["data"] == file && file["mev"] == ["execution_time": "1s"])
            let text = try #require(body["enr"]?.string)
            #expect((text == ENR(signedBy: key).text) == hasKey)
        }
    }

    @Test("an address to publish to that is none is named")
    func address() {
        let error = #expect(throws: DiagnosticsError.self) {
            try TestOutput.Publication(address: "api", privateKeyFile: directory.file("none"))
        }
        #expect(error?.description.contains("--publish-address") == true)
    }
}
