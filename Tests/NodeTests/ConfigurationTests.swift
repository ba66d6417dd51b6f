import Program
import Testing

@testable import Node

@Suite("Configuration")
struct ConfigurationTests {
    @Test("a node without beacon node is refused, naming the flag")
    func noBeaconNode() {
        #expect(throws: ConfigurationError.self) { try NodeConfiguration().validate() }
        do { try NodeConfiguration().validate() } catch { #expect(error.flag == "beacon-node-endpoints") }
    }

    @Test("limits of operations.md §2.1")
    func limits() throws {
        var node = NodeConfiguration()
        node.beaconNodeEndpoints = ["http://localhost:5052"]
        try node.validate()
        node.nickname = String(repeating: "x", count: 33)
        #expect(throws: ConfigurationError.self) { try node.validate() }
        node.nickname = ""
        node.beaconNodeHeaders = ["novalue"]
        #expect(throws: ConfigurationError.self) { try node.validate() }
        node.beaconNodeHeaders = ["a=b=c"]
        try node.validate()
        node.beaconNodeTimeout = .zero
        #expect(throws: ConfigurationError.self) { try node.validate() }
    }
}
