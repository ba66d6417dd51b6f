import Program
import Testing

@Suite("Listen addresses")
struct SocketAddressTextTests {
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
}
