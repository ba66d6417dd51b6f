import AsyncHTTPClient
import BeaconTestSupport
import NIOCore
import Testing
import Views

@testable import Node

/// The page for people and its source, of a whole node.
@Suite("the live page", .timeLimit(.minutes(2)))
struct LivePagesTests {
    @Test("a node without beacon node and peers shows a page, and a picture that says what is missing")
    func pages() async throws {
        let files = try NodeFiles()
        var configuration = files.configuration
        configuration.debugAddress = "127.0.0.1:0"
        configuration.nickname = "second"
        configuration.signing = .remote
        configuration.validatorKeysDirectory = nil
        configuration.remoteSigner.urls = [deadURL]
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var hooks = StyxNode.Hooks()
        hooks.debug = { listening.yield($0) }
        let node = try await StyxNode(configuration, hooks: hooks, logger: NodeFiles.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await node.run()
            }
            let port = try #require(await ports.first { _ in true })
            for path in ["/", "/debug"] {
                let (headers, body) = try await Self.get(path, port)
                #expect(body == WebPage.document)
                #expect(headers["content-security-policy"] == WebPage.headers["content-security-policy"])
            }
            let live = try LiveAnswer.parse(Array(try await Self.get(LiveAnswer.path, port).body.utf8))
            #expect(live["node"]?["nickname"]?.string == "second" && live["node"]?["index"]?.integer == 1)
            #expect(live["node"]?["operators"]?.integer == 3 && live["chain"]?.isNull == true)
            #expect(live["peers"]?.array?.map { $0["self"]?.bool } == [false, true, false])
            #expect(live["beacon_nodes"]?.array?.count == 1 && live["doctor"]?.bool == true)
            let signers = live["remote_signers"]?.array ?? []
            #expect(signers.map { $0["address"]?.string } == [deadURL] && live["signer"]?["mode"]?.string == "remote")
            let missing = live["missing"]?.array?.compactMap { $0["text"]?.string } ?? []
            #expect(missing.contains { $0.hasPrefix("Operator 0 is not connected") }, "\(missing)")
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private static func get(_ path: String, _ port: Int) async throws -> (headers: [String: String], body: String) {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let headers = Dictionary(
            response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        return (headers, String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }
}
