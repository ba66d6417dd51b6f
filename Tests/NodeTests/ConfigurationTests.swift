import Testing

@testable import Node

@Suite("Configuration")
struct ConfigurationTests {
    @Test(
        "durations in Go's notation",
        arguments: [
            ("300ms", Duration.milliseconds(300)), ("2s", .seconds(2)), ("1h30m", .seconds(5400)),
            ("1.5s", .milliseconds(1500)),
            ("0", .zero), ("5m0s", .seconds(300)),
        ])
    func goDuration(text: String, duration: Duration) {
        #expect(GoDuration.parse(text) == duration)
    }

    @Test(
        "texts that are no duration", arguments: ["", "2", "s", "-1s", "1x", "1s2", "1e3s", "９s", "99999999999h", ".s"])
    func notDuration(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }

    @Test(
        "listen addresses",
        arguments: [
            ("127.0.0.1:3600", "127.0.0.1", 3600), (":3610", "0.0.0.0", 3610), ("[::1]:80", "::1", 80),
            ("localhost:1", "127.0.0.1", 1),
        ])
    func address(text: String, host: String, port: Int) throws {
        let address = try SocketAddressText(text, flag: "x")
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(
        "texts that are no listen address",
        arguments: ["", "127.0.0.1", "1.2.3:80", "127.0.0.1:65536", "example.org:80", "127.0.0.1:-1"])
    func notAddress(text: String) {
        #expect(throws: ConfigurationError.self) { try SocketAddressText(text, flag: "validator-api-address") }
    }

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

    @Test("what is printed of a node's parts holds no secret")
    func secrets() throws {
        var node = NodeConfiguration()
        node.beaconNodeEndpoints = ["http://Sec-User:Sec-Pass@bn/Sec-Path"]
        node.beaconNodeHeaders = ["X-Key=Sec-Header"]
        node.p2pRelays = ["https://Sec-User:Sec-Pass@relay/Sec-Path?key=Sec-Query"]
        node.executionClientEndpoint = "http://Sec-User:Sec-Pass@el/Sec-Path"
        let relays = try node.relaySources()
        var dumped = ""
        for value in [node, relays, relays[0]] as [Any] {
            dump(value, to: &dumped)
            print(value, [value], terminator: "", to: &dumped)
            debugPrint(value, terminator: "", to: &dumped)
        }
        #expect(!dumped.contains("Sec-") && dumped.utf8.count < 2000, "\(dumped)")
    }
}
