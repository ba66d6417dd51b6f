import Ethereum
import SSZ
import TestSupport
import Testing

@testable import KeymanagerAPI

@Suite("bounds of the keymanager API", .timeLimit(.minutes(2)))
struct BoundsTests {
    private static func keystores(_ count: Int, bytes: Int = 1, passwordBytes: Int = 1) -> String {
        func list(_ bytes: Int) -> String {
            [String](repeating: "\"\(String(repeating: "k", count: bytes))\"", count: count).joined(separator: ",")
        }
        return #"{"keystores":[\#(list(bytes))],"passwords":[\#(list(passwordBytes))]}"#
    }

    @Test(
        "keys in a request, and their sizes",
        arguments: [
            (RequestBounds.keysMax, 1, 1, 200), (RequestBounds.keysMax + 1, 1, 1, 400),
            (1, RequestBounds.keystoreBytesMax, 1, 200), (1, RequestBounds.keystoreBytesMax + 1, 1, 400),
            (1, 1, RequestBounds.passwordBytesMax, 200), (1, 1, RequestBounds.passwordBytesMax + 1, 400),
        ])
    func keys(count: Int, bytes: Int, passwordBytes: Int, status: Int) async throws {
        let backend = StubKeymanager()
        try await KeymanagerScene.with(backend) { scene in
            let body = Self.keystores(count, bytes: bytes, passwordBytes: passwordBytes)
            let answer = try await scene.ask("POST", "/eth/v1/keystores", body)
            #expect(answer.status == status)
        }
        #expect(backend.asked.count == (status == 200 ? 1 : 0))
    }

    @Test("a body that says it is larger than all of them is not read")
    func body() async throws {
        try await KeymanagerScene.with(StubKeymanager()) { scene in
            let body = String(repeating: " ", count: RequestBounds.bodyBytesMax + 1)
            let answer = try await scene.ask("POST", "/eth/v1/keystores", body)
            #expect(answer.status == 413)
        }
    }

    @Test("only so many requests are under way; the next is answered at once, and later ones are let in")
    func requests() async throws {
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        let backend = StubKeymanager {
            start.yield()
            await gate.wait()
        }
        try await KeymanagerScene.with(backend, configure: { $0.requestsMax = 2 }) { scene in
            try await withThrowingTaskGroup(of: Int.self) { group in
                var begun = started.makeAsyncIterator()
                for _ in 0..<2 {
                    group.addTask { try await scene.ask("POST", "/eth/v1/keystores", Self.keystores(1)).status }
                    await begun.next()
                }
                #expect(try await scene.ask("GET", "/eth/v1/keystores").status == 503)
                gate.open()
                for try await status in group { #expect(status == 200) }
            }
            #expect(try await scene.ask("GET", "/eth/v1/keystores").status == 200)
        }
    }
}

@Suite("the keymanager API's token") struct BearerTokenTests {
    private func token(_ text: String) -> BearerToken? { BearerToken(file: Array(text.utf8)) }

    @Test("is the file's text without white space around it, of 16 to 4096 visible characters")
    func file() {
        let plain = "0123456789abcdef"
        for text in [plain, plain + "\n", "\r\n \t" + plain + "\r\n\n"] {
            #expect(token(text)?.judge("Bearer \(plain)") == .allowed)
        }
        #expect(token(String(repeating: "a", count: 4096)) != nil)
        for text in ["", "\n", String(plain.dropLast()), "0123456789 abcdef", plain + "\n" + plain, plain + "é"]
            + [String(repeating: "a", count: 4097)]
        {
            #expect(token(text) == nil)
        }
    }

    @Test("made ones are different, and good")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let (a, b) = (BearerToken.random(using: &generator), BearerToken.random(using: &generator))
        #expect(a != b && a.count == 66)
        let text = String(decoding: a, as: UTF8.self)
        #expect(BearerToken(file: a)?.judge("bearer  \(text)") == .allowed)
        #expect(BearerToken(file: b)?.judge("Bearer \(text)") == .wrong)
    }

    @Test("is never printed")
    func hidden() throws {
        let token = try #require(BearerToken(file: Array("0123456789abcdef".utf8)))
        #expect("\(token)" == "bearer token")
        #expect(String(reflecting: token).contains("0123") == false)
    }
}
