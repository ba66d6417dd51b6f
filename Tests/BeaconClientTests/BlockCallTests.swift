import BeaconTestSupport
import BeaconAPI
@testable import BeaconClient
import Ethereum
import NIOPosix
import SSZ
import Synchronization
import TestSupport
import Testing

@Suite("Calls about blocks")
struct BlockCallTests {
    private static let wishes = BlockWishes(randao: SignatureBytes(padding: [1]), graffiti: Bytes32(padding: [2]))
    private static func refusal(_ status: Int, _ message: String = "no") -> FakeBeaconNode.Answer {
        .json(APIErrorBody(code: status, message: message).json().text(), status: status)
    }
    private static func block(
        _ type: String, _ body: String, fork: String? = "fulu", blinded: String? = "false"
    ) -> FakeBeaconNode.Answer {
        var answer = FakeBeaconNode.Answer(headers: [HeaderName.contentType: type], body: Array(body.utf8))
        if let fork { answer.headers.append("Eth-Consensus-Version", fork) }
        if let blinded { answer.headers.append("Eth-Execution-Payload-Blinded", blinded) }
        return answer
    }

    @Test(
        "a block comes as the node writes it, with its fork and form from header fields or members",
        arguments: [
            (block("application/octet-stream", "SSZ"), .fulu, false, .ssz),
            (block("application/octet-stream; charset=x", "SSZ", fork: "DENEB", blinded: "True"), .deneb, true, .ssz),
            (block("application/json", "{}"), .fulu, false, .json),
            (
                block(
                    "application/json", #"{"version":"electra","execution_payload_blinded":true}"#, fork: nil,
                    blinded: nil), .electra, true, .json
            ),
        ] as [(FakeBeaconNode.Answer, ForkName, Bool, EncodedBody.Encoding)])
    func produced(
        answer: FakeBeaconNode.Answer, fork: ForkName, isBlinded: Bool, encoding: EncodedBody.Encoding
    ) async throws {
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let block = try await client.produceBlock(9, Self.wishes) { $0 }
                #expect(
                    block
                        == ProducedBlock(fork: fork, isBlinded: isBlinded, body: EncodedBody(encoding, answer.body)))
                #expect(node.requests.first?.headers["accept"] == MediaType.sszOrJSON)
            }
        }
    }

    @Test(
        "a block of a fork we do not know, of no known form, or that the caller refuses loses",
        arguments: [
            block("application/octet-stream", "SSZ", fork: "gloas"),
            block("application/octet-stream", "SSZ", fork: nil),
            block("application/octet-stream", "SSZ", blinded: "perhaps"), block("application/json", "{}", fork: nil),
            block("application/octet-stream", "LIE"),
        ])
    func refused(bad: FakeBeaconNode.Answer) async throws {
        try await FakeBeaconNode.with(
            { _ in bad }, { _ in Self.block("application/octet-stream", "GOOD") }
        ) { liar, honest in
            try await withClient([liar.url, honest.url]) { client in
                let block = try await client.produceBlock(9, Self.wishes) { block throws in
                    if block.body.bytes == Array("LIE".utf8) { throw SSZError(.number) }
                    return block
                }
                #expect(block.body.bytes == Array("GOOD".utf8))
            }
        }
    }

    // MARK: Blocks that will do

    private static func named(_ name: String) -> FakeBeaconNode.Answer { block("application/octet-stream", name) }

    /// The name of the best block, if those that begin with `POOR` would do and `LIE` is none.
    private static func best(_ client: BeaconClient) async throws -> String {
        try await client.bestBlock(9, wishes) { block in
            let name = String(decoding: block.body.bytes, as: UTF8.self)
            if name == "LIE" { throw BeaconError.Cause.malformed("a lie") }
            return name.hasPrefix("POOR") ? .makeshift(name, flaw: "it pays another") : .good(name)
        }
    }

    @Test("a good block wins over a faster one that is bad, or would do", arguments: ["LIE", "POOR"])
    func slowerIsBetter(name: String) async throws {
        let told = Gate()
        try await FakeBeaconNode.with(
            { _ in
                defer { told.open() }
                return Self.named(name)
            },
            { _ in
                await told.wait()
                return Self.named("GOOD")
            }
        ) { quick, slow in
            try await withClient([quick.url, slow.url]) {
                $0.makeshiftPatience = .seconds(30)
            } _: { client in
                let best = try await Self.best(client)
                #expect(best == "GOOD")
                #expect(client.ranking().first == 1)
            }
            // The same of a fallback node.
            try await withClient([quick.url], fallbacks: [slow.url]) {
                $0.makeshiftPatience = .seconds(30)
            } _: { client in
                let best = try await Self.best(client)
                #expect(best == "GOOD")
            }
        }
    }

    @Test("if no node has a good block the first that will do is taken as soon as all have answered")
    func noneIsGood() async throws {
        let records = Mutex<[BeaconCallRecord]>([])
        try await FakeBeaconNode.with({ _ in Self.named("LIE") }, { _ in Self.named("POOR") }) { liar, poor in
            try await withClient([liar.url, poor.url, deadURL]) {
                // Longer than the test may take.
                $0.makeshiftPatience = .seconds(3600)
                $0.observe = { record in records.withLock { $0.append(record) } }
            } _: { client in
                let best = try await Self.best(client)
                #expect(best == "POOR")
            }
            let record = try #require(records.withLock { $0 }.first)
            #expect(record.error == nil && record.node?.description == poor.url)
        }
    }

    @Test("a better block is not waited for for long")
    func patience() async throws {
        try await FakeBeaconNode.with({ _ in .silence }, { _ in Self.named("POOR") }) { silent, poor in
            try await withClient([silent.url, poor.url]) {
                $0.makeshiftPatience = .milliseconds(20)
            } _: { client in
                let best = try await Self.best(client)
                #expect(best == "POOR")
            }
        }
    }

    @Test("a node that does not follow the chain is not asked for a better one")
    func stuck() async throws {
        try await FakeBeaconNode.with({ _ in Self.named("POOR") }, { _ in Self.named("GOOD") }) { poor, stuck in
            try await withClient([poor.url, stuck.url]) {
                $0.makeshiftPatience = .seconds(3600)
            } _: { client in
                client.setIdle([1])
                let best = try await Self.best(client)
                #expect(best == "POOR" && stuck.requests.isEmpty)
            }
        }
    }

    // MARK: Forms

    @Test("a node that knows no SSZ is asked in JSON, once more and from then on at once", arguments: [406, 415])
    func notAcceptable(status: Int) async throws {
        try await FakeBeaconNode.with({ request in
            request.headers["accept"] == MediaType.json
                ? Self.block("application/json", "{}") : Self.refusal(status)
        }) { node in
            try await withClient([node.url]) { client in
                for _ in 0..<3 {
                    let block = try await client.produceBlock(9, Self.wishes) { $0 }
                    #expect(block.body.encoding == .json)
                }
                #expect(node.requests.count == 4)
            }
            try await withClient([node.url], configure: { $0.isJSONOnly = true }) { client in
                _ = try await client.produceBlock(9, Self.wishes) { $0 }
                #expect(node.requests.count == 5)
            }
        }
    }

    @Test("a signed block goes out as SSZ, and as JSON to the node that answers 415, even after another took it")
    func submit() async throws {
        let taken = Gate()
        let converted = Mutex(0)
        let arrived = Gate()
        try await FakeBeaconNode.with(
            { _ in .json("") },
            { request in
                await taken.wait()
                guard request.headers["content-type"] == MediaType.json else { return Self.refusal(415) }
                arrived.open()
                return .json("")
            }
        ) { modern, old in
            try await withClient([modern.url, old.url]) { client in
                try await client.submit(
                    BlockSubmission(fork: .fulu, isBlinded: true, ssz: [7, 8]) {
                        converted.withLock { $0 += 1 }
                        return Array("{}".utf8)
                    })
                taken.open()
                await arrived.wait()
                #expect(modern.requests.map(\.body) == [[7, 8]])
                #expect(old.requests.map(\.body) == [[7, 8], Array("{}".utf8)])
                #expect(converted.withLock { $0 } == 1)
                for request in modern.requests + old.requests {
                    #expect(request.target == "/eth/v2/beacon/blinded_blocks")
                    #expect(request.headers["eth-consensus-version"] == "fulu")
                }
            }
        }
    }

    @Test("a large block is written in JSON by no event loop, for each node that wants it so")
    func large() async throws {
        let onLoop = Mutex<[Bool]>([])
        let json = Array("[1]".utf8)
        try await FakeBeaconNode.with({ request in
            request.headers["content-type"] == MediaType.json ? .json("") : Self.refusal(415)
        }) { node in
            try await withClient([node.url]) { client in
                for _ in 0..<2 {
                    try await client.submit(
                        BlockSubmission(fork: .fulu, isBlinded: false, ssz: [UInt8](repeating: 1, count: 1 << 20)) {
                            onLoop.withLock { $0.append(MultiThreadedEventLoopGroup.currentEventLoop != nil) }
                            return json
                        })
                }
                #expect(node.requests.filter { $0.body == json }.count == 2 && node.requests.count == 3)
            }
        }
        #expect(onLoop.withLock { $0 } == [false, false])
    }

    @Test(
        "a block that a node has already is published",
        arguments: [
            (202, "", true), (200, "", true), (400, "block is already known", true), (400, "BlockIsAlreadyKnown", true),
            (400, "BLOCK_ERROR_ALREADY_KNOWN", true), (400, "duplicate block", true), (400, "bad signature", false),
            (400, "", false), (500, "already known", false),
        ])
    func duplicates(status: Int, message: String, isSuccess: Bool) async throws {
        try await FakeBeaconNode.with({ _ in Self.refusal(status, message) }) { node in
            try await withClient([node.url]) { client in
                let error = await failure { () throws(BeaconError) in
                    try await client.submit(BlockSubmission(fork: .deneb, isBlinded: false, json: [1]))
                }
                #expect((error == nil) == isSuccess)
            }
        }
    }

    @Test("a proposal is asked of every primary at once")
    func together() async throws {
        let both = Gate()
        try await FakeBeaconNode.with(
            { _ in .silence },
            { _ in
                await both.wait()
                return Self.block("application/octet-stream", "SSZ")
            }
        ) { slow, quick in
            try await withClient([slow.url, quick.url]) { client in
                let request = OutgoingRequest(.produceBlock(9, Self.wishes), timeout: .seconds(2))
                var race = client.race(request)
                let asked1 = race.start(at: .now)
                #expect(asked1 == [0, 1] && !request.reachesAllNodes)
                both.open()
                let block = try await client.produceBlock(9, Self.wishes) { $0 }
                #expect(block.fork == .fulu)
            }
        }
    }

    @Test(
        "blocks of all nodes are bounded together, in either encoding, and there is room again", arguments: [200, 406])
    func blocksTogether(status: Int) async throws {
        let long = String(repeating: "x", count: 60_000)
        try await FakeBeaconNode.with({ request in
            // In JSON only, for some.
            if request.headers["accept"] != MediaType.json, status != 200 { return Self.refusal(status) }
            return Self.block("application/octet-stream", request.target.contains("/blocks/9?") ? long : "SSZ")
        }) { node in
            try await withClient(
                [node.url, node.url, node.url], configure: { $0.blockAnswersBytesMax = 50_000 }
            ) { client in
                for _ in 0..<2 {
                    let error = await failure { () throws(BeaconError) in
                        try await client.produceBlock(9, Self.wishes) { $0 }
                    }
                    #expect(error?.message.contains("too large together") == true && error?.isTemporary == true)
                    let block = try await client.produceBlock(8, Self.wishes) { $0 }
                    #expect(block.body.bytes == Array("SSZ".utf8))
                }
            }
            try await withClient(
                [node.url, node.url, node.url], configure: { $0.blockAnswersBytesMax = 190_000 }
            ) { client in
                let block = try await client.produceBlock(9, Self.wishes) { $0 }
                #expect(block.body.bytes.count == 60_000)
            }
        }
    }

    @Test("what a node says instead of a block takes no room from one that comes later", arguments: [406, 415, 503])
    func roomAfterRefusals(status: Int) async throws {
        let long = String(repeating: "x", count: 60_000)
        let block = Self.block("application/octet-stream", long)
        try await FakeBeaconNode.with(
            { request in
                // Asked again in JSON, it has a block, unless it is out of order.
                request.headers["accept"] == MediaType.json && status != 503 ? block : .json(long, status: status)
            }, { _ in block }
        ) { refusing, spare in
            try await withClient(
                [refusing.url], fallbacks: [spare.url], configure: { $0.blockAnswersBytesMax = 100_000 }
            ) { client in
                let block = try await client.produceBlock(9, Self.wishes) { $0 }
                #expect(block.body.bytes.count == 60_000)
                #expect(spare.requests.isEmpty == (status != 503))
            }
        }
    }

    @Test("an empty slot has no block; a header must be of the block asked for")
    func headers() async throws {
        var signed = SignedBeaconBlockHeader()
        signed.message.slot = 5
        let root = signed.message.hashTreeRoot()
        let header = BlockHeader(root: root, isCanonical: true, signed: signed)
        let text = (["data": header.json()] as JSONValue).text()
        try await FakeBeaconNode.with({ request in
            if request.target.hasSuffix("/4") || request.target.contains("/4/") { return Self.refusal(404) }
            if request.target.hasSuffix("root") { return .json("{\"data\":{\"root\":\"\(root)\"}}") }
            return .json(text)
        }) { node in
            try await withClient([node.url]) { client in
                let answer1 = try await client.blockHeader(.slot(5))
                #expect(answer1 == header)
                let answer2 = try await client.blockHeader(.root(root))
                #expect(answer2 == header)
                let answer3 = try await client.blockHeader(.slot(4))
                #expect(answer3 == nil)
                let answer4 = try await client.blockRoot(.slot(5))
                #expect(answer4 == root)
                let answer5 = try await client.blockRoot(.slot(4))
                #expect(answer5 == nil)
                let answer6 = try await client.blockAttestations(.slot(4), preset: .mainnet)
                #expect(answer6 == nil)
                for block in [BlockID.slot(6), .root(Root(padding: [9]))] {
                    let error = await failure { () throws(BeaconError) in try await client.blockHeader(block) }
                    guard case .malformed = error?.cause else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                }
            }
        }
    }
}
