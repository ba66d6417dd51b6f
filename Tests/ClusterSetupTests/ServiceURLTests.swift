import Testing

@testable import ClusterSetup

@Suite struct ServiceURLTests {
    @Test(
        "what is kept of an address",
        arguments: [
            ("https://api.obol.tech/v1", "https://api.obol.tech", "/v1", "api.obol.tech", 443),
            ("http://127.0.0.1:3600/", "http://127.0.0.1:3600", "", "127.0.0.1", 3600),
            ("HTTP://[::1]:80/a/b/", "http://[::1]:80", "/a/b", "::1", 80),
        ])
    func parses(text: String, origin: String, path: String, host: String, port: Int) throws {
        let url = try ServiceURL(text)
        #expect(url.origin == origin && url.path == path && url.host == host && url.port == port)
        #expect(url.authorization == nil && url.isLoopback == !text.contains("obol"))
        #expect(url.appending("/definition") == origin + path + "/definition")
        #expect(url.replacingPath(with: "/lock") == origin + "/lock")
    }

    @Test("credentials are used but never shown, nor are paths that may be keys")
    func credentials() throws {
        let url = try ServiceURL("https://user:pa%20ss@rpc.example:8545/secretkey?token=abc")
        #expect(url.authorization == "Basic dXNlcjpwYSBzcw==")
        #expect(url.target == "https://rpc.example:8545/secretkey?token=abc")
        #expect(url.asking("/a") == "https://rpc.example:8545/secretkey/a?token=abc")
        #expect(url.asking("/a?b=c") == "https://rpc.example:8545/secretkey/a?token=abc&b=c")
        #expect(try ServiceURL("http://h/p").asking("/a?b=c") == "http://h/p/a?b=c")
        #expect("\(url)" == "https://rpc.example:8545/…")
        #expect(url.shown == "https://rpc.example:8545/secretkey")
    }

    @Test(
        "refuses what is no address, without repeating it",
        arguments: [
            "", "api.obol.tech", "ftp://host/", "http://", "http://user:secret@/", "http://host:99999/",
            "http://ho st/",
        ])
    func refuses(text: String) {
        let fault = #expect(throws: ServiceURL.Fault.self) { try ServiceURL(text) }
        #expect(fault?.description.contains("secret") == false)
    }

    @Test("redirects lead on, but never from an encrypted to an open connection")
    func redirects() throws {
        let url = try ServiceURL("https://one.example/a/b")
        #expect(url.redirected(to: "/c")?.target == "https://one.example/c")
        #expect(url.redirected(to: "https://two.example/d?e=f")?.target == "https://two.example/d?e=f")
        #expect(url.redirected(to: "http://one.example/c") == nil)
        #expect(url.redirected(to: "file:///etc/passwd") == nil)
        #expect(try ServiceURL("http://one.example").redirected(to: "https://one.example/c") != nil)
    }
}
