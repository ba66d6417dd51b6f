import Testing

@testable import ValidatorAPI

@Suite("Request targets")
struct RequestTargetTests {
    @Test(
        "one spelling, whatever the client wrote; the query stays as it is",
        arguments: [
            ("/eth/v1/node/version", "/eth/v1/node/version", ""), ("//eth//v1/node", "/eth/v1/node", ""),
            ("/eth/./v1/x/../node", "/eth/v1/node", ""), ("/eth%2Fv1/%6eode", "/eth/v1/node", ""),
            ("/%2e%2e/%2E/a", "/a", ""), ("/..", "/", ""), ("/", "/", ""), ("/a/", "/a/", ""), ("/a%2F", "/a/", ""),
            ("/a%252Fb", "/a%252Fb", ""), ("/a%20b/%C3%A4", "/a%20b/%C3%A4", ""),
            ("/a?b=%zz&c=/../", "/a", "?b=%zz&c=/../"),
            ("/a?", "/a", "?"), ("/a:b@c,d~e", "/a:b@c,d~e", ""), ("/a%3Fb", "/a%3Fb", ""), ("/a/..//", "/", ""),
        ])
    func normal(text: String, path: String, query: String) throws {
        let target = try RequestTarget(text)
        #expect(target.path == path && target.query == query)
        // It stays as it is from then on.
        let again = try RequestTarget(target.path + target.query)
        #expect(again == target)
    }

    @Test(
        "what servers read differently is refused",
        arguments: [
            "", "*", "eth/v1", "http://x/", "/a#b", "/a?b#c", "/a%", "/a%4", "/a%zz", "/a%ff", "/a;b=1", "/a%3bb",
            "/a%00",
            "/a%0d%0a", "/a%5Cb", "/a\\b", "/a%7f",
        ])
    func refused(text: String) {
        let fault = #expect(throws: APIFault.self) { try RequestTarget(text) }
        #expect(fault?.status == 400)
    }
}
