import Testing

@testable import Diagnostics

@Suite struct TCPAddressTests {
    @Test(
        "host and port",
        arguments: [
            ("127.0.0.1:3600", "127.0.0.1", 3600), ("charon:1", "charon", 1), ("[::1]:65535", "::1", 65535),
            ("a-b.example:80", "a-b.example", 80),
        ])
    func parses(text: String, host: String, port: Int) throws {
        let address = try TCPAddress(text, flag: "f")
        #expect(address.host == host && address.port == port && address.description == text)
    }

    @Test(
        "what is refused, with the flag and an example",
        arguments: ["", ":3600", "host", "host:", "host:0", "host:65536", "::1:3600", "http://h:1", "a b:1", "h:-1"])
    func refuses(text: String) {
        let error = #expect(throws: DiagnosticsError.self) {
            try TCPAddress(text, flag: "validator-api-address")
        }
        #expect(error?.description.contains("--validator-api-address") == true)
        #expect(error?.description.contains("127.0.0.1:3600") == true)
    }
}
