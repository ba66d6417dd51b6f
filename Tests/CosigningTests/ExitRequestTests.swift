import BeaconAPI
import BeaconTestSupport
import Cluster
import ClusterSetup
import ClusterTestSupport
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Cosigning

@Suite("exits left with the operator's own node", .timeLimit(.minutes(5)))
struct ExitRequestTests {
    /// One operator with a node that is running.
    private struct Desk {
        let scene: Scene
        let node: NodeStandIn
        let address: String

        func request(
            _ choice: Exits.Choice, epoch: Epoch = Scene.epoch, as operatorIndex: Int = 1, address: String? = nil,
            dry: Bool = false, pause: @escaping @Sendable () -> Void = {}
        ) async -> String {
            await message {
                try await scene.exits(as: operatorIndex) { exits, seat, _ in
                    try await WebClient.with(patience: 100) { web in
                        try await exits.request(
                            choice, epoch: epoch, seat: seat, node: RunningNode(address ?? self.address, web: web),
                            now: SmallCluster.now, isDryRun: dry, pause: { _ in pause() })
                    }
                }
            }
        }
    }

    private func with(validators: Int = 1, _ body: (Desk) async throws -> Void) async throws {
        try await Scene.with(validators: validators) { scene in
            let node = NodeStandIn(scene.cluster, node: 1)
            try await FakeBeaconNode.with({ node.answer($0) }) { server in
                try await body(
                    Desk(scene: scene, node: node, address: String(server.url.dropFirst("http://".count))))
            }
        }
    }

    @Test("one partial exit for each active validator, by the operator's share; a dry run leaves none")
    func all() async throws {
        try await with(validators: 3) { desk in
            desk.scene.chain.set(.activeExiting, of: 0)
            #expect(await desk.request(.all, dry: true) == "(no error)")
            #expect(desk.node.exits.isEmpty)
            #expect(desk.scene.said.said.filter { $0.hasPrefix("would sign: exit of validator") }.count == 2)
            let summary = try #require(desk.scene.said.said.last)
            #expect(summary.contains("would leave 2 partial exits") && summary.contains("3 of the 4 operators"))
            #expect(await desk.request(.all) == "(no error)")
            // The node verifies them as it takes them.
            let expected = [1, 2].map { VoluntaryExit(epoch: Scene.epoch, validatorIndex: StubChain.index(of: $0)) }
            #expect(desk.node.exits.map(\.message) == expected)
            #expect(desk.scene.chain.exits.isEmpty)
            #expect(desk.scene.said.warned.contains { $0.contains("\(desk.scene.pubKeys[0])") })
            #expect(await desk.request(.validator(desk.scene.pubKeys[1])) == "(no error)")
            #expect(desk.node.exits.count == 3 && desk.node.exits[2] == desk.node.exits[0])
        }
    }

    @Test("one that the node refuses keeps nothing else back, and the node's reason is told")
    func refusal() async throws {
        try await with(validators: 3) { desk in
            let index = StubChain.index(of: 1)
            desk.node.replace { request in
                let exit = try? SignedVoluntaryExit(json: JSONValue(parsing: request.body))
                return exit?.message.validatorIndex == index ? NodeStandIn.error(400, "another exit is signed") : nil
            }
            let text = await desk.request(.all)
            #expect(text.contains("1 of 3 were not taken by the node"), "\(text)")
            #expect(desk.node.exits.map(\.message.validatorIndex) == [0, 2].map { StubChain.index(of: $0) })
            #expect(desk.scene.said.warned.contains { $0.contains("another exit is signed") })
        }
    }

    @Test("what cannot become an exit is refused before anything is signed")
    func tooEarly() async throws {
        try await with(validators: 2) { desk in
            let (young, other) = (desk.scene.pubKeys[0], desk.scene.pubKeys[1])
            // Epochs since 1970.
            let now = Epoch(UInt64(SmallCluster.now.unixSeconds) / 384)
            let future = await desk.request(.all, epoch: now + 225)
            #expect(future.contains("--exit-epoch: \(now + 225) begins in 1 day"), "\(future)")
            #expect(future.contains("give --exit-epoch \(now), the current one"), "\(future)")
            desk.scene.chain.activate(0, in: now - 100)
            let early = await desk.request(.validator(young))
            #expect(early.contains("lets it exit from epoch \(now + 100) on, in 1 day"), "\(early)")
            desk.scene.chain.set(.activeExiting, of: 1)
            let leaving = await desk.request(.validator(other))
            #expect(leaving.contains("active_exiting"), "\(leaving)")
            #expect(await desk.request(.validator(.zero)).contains("no validator of this cluster"))
            #expect(await desk.request(.all) == "(no error)")
            #expect(desk.scene.said.warned.contains { $0.contains("no exit to request") })
            #expect(desk.node.exits.isEmpty)
        }
    }

    @Test("another operator's node, and one of another cluster, are told apart from our own")
    func otherNode() async throws {
        try await with { desk in
            let foreign = await desk.request(.all, as: 2)
            #expect(foreign.contains("does not act for share 3") && foreign.contains("not 2"), "\(foreign)")
            let stranger = NodeStandIn(try SmallCluster("other", nodes: 5), node: 1)
            try await FakeBeaconNode.with({ stranger.answer($0) }) { server in
                let text = await desk.request(.all, address: server.url)
                #expect(text.contains("does not know validator \(desk.scene.pubKeys[0]) by share 2"), "\(text)")
            }
            desk.node.replace { request in
                desk.node.replace(nil)
                var answer = desk.node.answer(request)
                let text = String(decoding: answer.body, as: UTF8.self)
                answer.body = Array(text.replacing(#""index":"500""#, with: #""index":"501""#).utf8)
                return answer
            }
            let chain = await desk.request(.all)
            #expect(chain.contains("index 501") && chain.contains("different chains"), "\(chain)")
            #expect(desk.node.exits.isEmpty && stranger.exits.isEmpty)
        }
    }

    /// What the node says of the first validator's exit.
    private static func progress(_ desk: Desk, _ status: String, shares: [Int]) -> FakeBeaconNode.Answer {
        let row: JSONValue = [
            "pubkey": .string(desk.scene.pubKeys[0].hex), "validator_index": "500", "status": .string(status),
            "shares": .array(shares.map { .string("\($0)") }), "reason": "too young",
        ]
        return .json((["data": [row]] as JSONValue).text())
    }

    @Test("a dry run counts the shares that the node has, its own operator's among them; so does a request")
    func counts() async throws {
        try await with { desk in
            desk.node.replace { request in
                guard request.target == "/styx/v1/exits/\(Scene.epoch)" else { return nil }
                return Self.progress(desk, "open", shares: desk.node.exits.isEmpty ? [4] : [2, 4])
            }
            #expect(await desk.request(.all, dry: true) == "(no error)")
            #expect(
                desk.scene.said.said.contains {
                    $0.hasSuffix(
                        "1 of the 3 operators that are needed have requested it, as far as the node knows: share 4")
                })
            #expect(await desk.request(.all) == "(no error)")
            #expect(
                desk.scene.said.said.last?.hasSuffix(
                    "2 of the 3 operators that are needed have requested it, as far as the node knows: this one, share 4"
                ) == true)
            #expect(desk.scene.said.warned.isEmpty)
        }
    }

    @Test("what became of a complete exit is waited for and told: published, or refused by the beacon node, a failure")
    func outcome() async throws {
        try await with { desk in
            let stage = Mutex("complete")
            let pauses = Mutex(0)
            desk.node.replace { request in
                guard request.target.hasPrefix("/styx/v1/exits/") else { return nil }
                return Self.progress(desk, stage.withLock { $0 }, shares: [1, 2, 3])
            }
            let published = await desk.request(
                .all,
                pause: {
                    let count = pauses.withLock { count in
                        count += 1
                        return count
                    }
                    if count == 3 { stage.withLock { $0 = "published" } }
                })
            #expect(published == "(no error)" && pauses.withLock { $0 } == 3)
            #expect(desk.scene.said.said.last?.hasSuffix(": published") == true)
            stage.withLock { $0 = "refused" }
            let refused = await desk.request(.all)
            #expect(refused.contains("1 of 1 were refused by the node's beacon node"), "\(refused)")
            #expect(desk.scene.said.warned.last?.hasSuffix("refuses it: too young") == true)
            #expect(desk.node.exits.count == 2, "asked again, the node hands it in again")
            #expect(await desk.request(.all, dry: true) == "(no error)")
            // It does not come to an end: the node goes on, the command does not.
            stage.withLock { $0 = "complete" }
            pauses.withLock { $0 = 0 }
            let endless = await desk.request(.all, pause: { pauses.withLock { $0 += 1 } })
            #expect(endless == "(no error)")
            #expect(pauses.withLock { $0 } == 20)
        }
    }

    @Test("no certificate, or an address without TLS, is refused by the flag's name")
    func trust() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("ca.pem", Array("nonsense".utf8))
        #expect(try RunningNode.trust("", address: "127.0.0.1:3600") == nil)
        for (path, address, text) in [
            (file, "127.0.0.1:3600", "does not begin with https://"), (file, "https://node:3600", "no certificate"),
            (directory.file("absent"), "https://node:3600", "absent"),
        ] {
            do {
                _ = try RunningNode.trust(path, address: address)
                Issue.record("\(address)")
            } catch { #expect("\(error)".contains(text), "\(error)") }
        }
    }

    @Test("no node there: what to do about it")
    func down() async throws {
        try await with { desk in
            for dry in [false, true] {
                let text = await desk.request(.all, address: "127.0.0.1:1", dry: dry)
                #expect(
                    text.contains("no node answers at http://127.0.0.1:1") && text.contains("Connection refused")
                        && text.contains("styx run"), "\(text)")
            }
        }
    }

    @Test(
        "strange answers",
        arguments: [
            (503, #"{"code":503,"message":"waiting for a beacon node"}"#, "is not ready: waiting for a beacon node"),
            (404, "<html>", "status 404 (<html>); is this the validator API"), (500, "", "status 500; is this"),
            (302, "", "status 302"), (200, "", "cannot be read"), (200, "[", "cannot be read"),
            (200, #"{"data":[1]}"#, "cannot be read"), (200, #"{"data":[{},{}]}"#, "longer than 1"),
            (200, #"{"data":[]}"#, "does not know validator"), (400, "", "no reason given"),
            (200, String(repeating: " ", count: 100 << 10), "answered with more than"),
        ])
    func strange(status: Int, body: String, text: String) async throws {
        try await with { desk in
            desk.node.replace { _ in .json(body, status: status) }
            let found = await desk.request(.all)
            #expect(found.contains(text), "\(found)")
            // The same where the exits go.
            guard status != 200 else { return }
            desk.node.replace { $0.target.hasSuffix("voluntary_exits") ? .json(body, status: status) : nil }
            let late = await desk.request(.all)
            let isTold = late.contains(text) || desk.scene.said.warned.contains { $0.contains(text) }
            #expect(isTold && late != "(no error)", "\(late)")
            #expect(desk.node.exits.isEmpty)
        }
    }

    @Test(
        "addresses as `styx run` takes them, and URLs",
        arguments: [
            ("127.0.0.1:3600", "http://127.0.0.1:3600"), ("0.0.0.0:3600", "http://127.0.0.1:3600"),
            (":3600", "http://127.0.0.1:3600"), ("[::]:3600", "http://[::1]:3600"), ("[::1]:1", "http://[::1]:1"),
            ("node:80", "http://node:80"), ("https://me:secret@node:3600/x", "https://node:3600"),
            ("", nil), ("ftp://secret", nil), ("127.0.0.1:99999", nil), ("a b:1", nil),
        ] as [(String, String?)])
    func addresses(text: String, place: String?) async throws {
        try await WebClient.with { web in
            do {
                let node = try RunningNode(text, web: web)
                #expect(node.place == place)
            } catch {
                let text = "\(error)"
                #expect(place == nil && text.contains("--validator-api-address") && !text.contains("secret"))
            }
        }
    }
}
