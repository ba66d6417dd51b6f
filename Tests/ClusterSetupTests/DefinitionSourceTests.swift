import Cluster
import SSZ
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct DefinitionSourceTests {
    private func load(_ text: String) async throws -> Definition {
        try await withWeb { web in try await DefinitionSource(text).load(web) }
    }

    @Test("reads files and URLs alike")
    func reads() async throws {
        let definition = try Samples.definition()
        let bytes = try definition.encoded()
        let directory = try TemporaryDirectory()
        #expect(try await load(directory.write("definition.json", bytes)) == definition)
        try await FakeServer.with({ _ in FakeServer.Answer(body: bytes) }) { server in
            let url = "http://user:secret@\(server.authority)/v1/definition/0xab?x=y"
            #expect(try await load(url) == definition)
            let call = try #require(server.calls.first)
            #expect(call.method == "GET" && call.target == "/v1/definition/0xab?x=y")
            #expect(call.authorization == "Basic dXNlcjpzZWNyZXQ=")
        }
    }

    @Test("follows redirects, without taking a password to another host")
    func redirects() async throws {
        let bytes = try Samples.definition().encoded()
        try await FakeServer.with({ _ in FakeServer.Answer(body: bytes) }) { other in
            let elsewhere = other.url + "/there"
            try await FakeServer.with({ $0.target == "/a" ? .redirect("/b") : .redirect(elsewhere) }) { server in
                _ = try await load("http://user:secret@\(server.authority)/a")
                #expect(server.calls.map(\.target) == ["/a", "/b"])
                #expect(server.calls.allSatisfy { $0.authorization != nil })
                #expect(other.calls.map(\.target) == ["/there"] && other.calls.first?.authorization == nil)
            }
        }
    }

    @Test("gives up on circles, other answers and what is no definition, and names the address without password")
    func failures() async throws {
        let rows: [(FakeServer.Answer, String)] = [
            (.redirect("/again"), "redirect"), (.status(404, "not found"), "status 404 (not found)"),
            (FakeServer.Answer(body: [UInt8](repeating: 0x20, count: 16 << 20 | 1)), "more than 16777216 bytes"),
            (.status(200, "<html>"), "parse JSON"), (.status(200, "{}"), "version"),
        ]
        for (answer, text) in rows {
            try await FakeServer.with({ _ in answer }) { server in
                let message = await message { try await load("http://user:secret@\(server.authority)/x") }
                #expect(message.contains(text) && message.contains("\(server.authority)/x"), "\(message)")
                #expect(!message.contains("secret"))
                #expect(server.calls.count <= 6)
            }
        }
    }

    @Test("a missing file and a bad URL are named")
    func missing() async throws {
        #expect(
            await message { try await load("/nowhere/definition.json") }
                == "--definition-file: open /nowhere/definition.json: No such file or directory; give the path of a file"
                + " that is there, or an http(s) URL")
        #expect(await message { try await load("http://") }.hasPrefix("--definition-file: "))
    }
}
