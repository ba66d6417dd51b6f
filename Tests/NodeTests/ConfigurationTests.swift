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
        node.graffitiTexts = [String(repeating: "x", count: 29)]
        #expect(throws: ConfigurationError.self) { try node.validate() }
        node.isTaggingGraffiti = false
        try node.validate()
        node.beaconNodeSubmitTimeout = .zero
        let error = #expect(throws: ConfigurationError.self) { try node.validate() }
        #expect("\(String(describing: error))".contains("beacon-node-submit-timeout"))
    }

    @Test("what is printed of a node's parts holds no secret")
    func secrets() throws {
        var node = NodeConfiguration()
        node.beaconNodeEndpoints = ["http://Sec-User:Sec-Pass@bn/Sec-Path?key=Sec-Query"]
        node.beaconNodeHeaders = ["X-Key=Sec-Header"]
        node.p2pRelays = ["https://Sec-User:Sec-Pass@relay/Sec-Path?key=Sec-Query"]
        node.executionClientEndpoint = "http://Sec-User:Sec-Pass@el/Sec-Path"
        let relays = RelayList(node.p2pRelays).sources
        var dumped = ""
        for value in [node, relays, relays[0]] as [Any] {
            dump(value, to: &dumped)
            print(value, [value], terminator: "", to: &dumped)
            debugPrint(value, terminator: "", to: &dumped)
        }
        #expect(!dumped.contains("Sec-") && dumped.utf8.count < 2000, "\(dumped)")
    }
}
