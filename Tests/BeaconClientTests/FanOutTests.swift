import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

private let version = #"{"data":{"version":"%"}}"#
private func version(_ name: String) -> FakeBeaconNode.Answer { .json(version.replacing("%", with: name)) }
private func refusal(_ status: Int, _ message: String) -> FakeBeaconNode.Answer {
    .json(APIErrorBody(code: status, message: message).json().text(), status: status)
}

@Suite("Several beacon nodes as one")
struct FanOutTests {
    @Test("the first success wins, the slower node is not waited for")
    func firstWins() async throws {
        try await FakeBeaconNode.with({ _ in .silence }, { _ in version("quick") }) { slow, quick in
            try await withClient([slow.url, quick.url]) { client in
                let version = try await client.nodeVersion()
                #expect(version == "quick")
            }
        }
    }

    @Test("an error, a broken answer or a dead node loses against a slower success")
    func errorsLose() async throws {
        for bad in [refusal(500, "boom"), .json("{"), .json("[]"), .json(#"{"data":{}}"#)] {
            let late = Gate()
            try await FakeBeaconNode.with(
                { _ in
                    defer { late.open() }
                    return bad
                },
                { _ in
                    await late.wait()
                    return version("sound")
                }
            ) { broken, sound in
                try await withClient([deadURL, broken.url, sound.url]) { client in
                    let version = try await client.nodeVersion()
                    #expect(version == "sound")
                }
            }
        }
    }

    @Test("fallback nodes are asked when every primary is out of reach, not after a plain refusal")
    func fallback() async throws {
        try await FakeBeaconNode.with({ _ in refusal(503, "syncing") }, { _ in version("fallback") }) {
            primary, spare in
            try await withClient([primary.url, deadURL], fallbacks: [spare.url]) { client in
                let version = try await client.nodeVersion()
                #expect(version == "fallback")
            }
        }
        try await FakeBeaconNode.with({ _ in refusal(404, "no") }, { _ in version("fallback") }) { primary, spare in
            try await withClient([primary.url, deadURL], fallbacks: [spare.url]) { client in
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                #expect(error?.httpStatus == 404)
                #expect(error?.node == primary.url)
                #expect(spare.requests.isEmpty)
            }
        }
    }

    @Test(
        "one primary's own trouble does not keep from the fallback",
        arguments: [
            refusal(401, "key expired"), refusal(403, "forbidden"), refusal(429, "slow down"), refusal(500, "boom"),
            .json("<html>sign in</html>"),
        ])
    func ownTrouble(answer: FakeBeaconNode.Answer) async throws {
        try await FakeBeaconNode.with({ _ in answer }, { _ in version("fallback") }) { primary, spare in
            try await withClient([primary.url, deadURL], fallbacks: [spare.url]) { client in
                let version = try await client.nodeVersion()
                #expect(version == "fallback")
            }
            try await withClient([primary.url, deadURL]) { client in
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                #expect(error?.isTemporary == true)
            }
        }
    }

    @Test("a node that does not answer is a time-out, and the fallback is asked")
    func timeout() async throws {
        try await FakeBeaconNode.with({ _ in .silence }, { _ in version("fallback") }) { silent, spare in
            try await withClient([silent.url], configure: { $0.readTimeout = .milliseconds(50) }) { client in
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                #expect(error?.cause == .timeout)
                #expect(error?.isTemporary == true)
            }
            let records = Mutex<[BeaconCallRecord]>([])
            try await withClient([silent.url], fallbacks: [spare.url]) {
                // Long enough for the fallback node on a busy machine.
                $0.readTimeout = .seconds(5)
                $0.observe = { record in records.withLock { $0.append(record) } }
            } _: { client in
                let version = try await client.nodeVersion()
                #expect(version == "fallback")
            }
            let record = try #require(records.withLock { $0 }.first)
            #expect(record.usedFallback && record.node?.description == spare.url && record.error == nil)
            #expect(record.endpoint == "node_version")
        }
    }

    @Test("a body that stops half way is a time-out too")
    func halfBody() async throws {
        let answer = FakeBeaconNode.Answer(body: Array(#"{"data":"#.utf8), end: Gate())
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url], configure: { $0.readTimeout = .milliseconds(50) }) { client in
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                #expect(error?.cause == .timeout)
            }
        }
    }

    @Test("answers beyond the bound are refused, announced or not", arguments: [false, true])
    func tooLarge(isChunked: Bool) async throws {
        let bytes = [UInt8](repeating: UInt8(ascii: " "), count: BeaconEndpoint.nodeVersion.answerBytesMax + 1)
        let answer = isChunked ? FakeBeaconNode.Answer(chunks: [bytes]) : FakeBeaconNode.Answer(body: bytes)
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                #expect(error?.cause == .tooLarge(bytesMax: BeaconEndpoint.nodeVersion.answerBytesMax))
            }
        }
    }

    @Test("a dead node is reported at once, without credentials")
    func dead() async throws {
        try await withClient(["http://alice:secret@127.0.0.1:1/key"]) { client in
            let error = try #require(await failure { () throws(BeaconError) in try await client.genesis() })
            #expect(error.cause == .connection("no connection: Connection refused"))
            #expect(error.isTemporary)
            #expect(!"\(error)".contains("secret") && !"\(error)".contains("alice") && !"\(error)".contains("key"))
            #expect("\(error)".contains("genesis at http://127.0.0.1:1"))
        }
    }

    @Test("a node that hangs up is asked once more, not for ever", arguments: [1, 2])
    func hangsUp(times: Int) async throws {
        let calls = Mutex(0)
        try await FakeBeaconNode.with({ _ in
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            return call <= times ? FakeBeaconNode.Answer(hangsUp: true) : version("back")
        }) { node in
            try await withClient([node.url]) { client in
                let error = await failure { () throws(BeaconError) in
                    let version = try await client.nodeVersion()
                    #expect(version == "back")
                }
                #expect((error == nil) == (times == 1))
                #expect(calls.withLock { $0 } == 2)
            }
        }
    }

    @Test("a cancelled caller is released")
    func cancelled() async throws {
        let asked = Gate()
        try await FakeBeaconNode.with({ _ in
            asked.open()
            return .silence
        }) { node in
            try await withClient([node.url]) { client in
                let error = await withTaskGroup(of: BeaconError?.self) { group in
                    group.addTask { await failure { () throws(BeaconError) in try await client.nodeVersion() } }
                    await asked.wait()
                    group.cancelAll()
                    return await group.next() ?? nil
                }
                #expect(error?.cause == .cancelled)
            }
        }
    }

    @Test("a submission reaches the slower node although a faster one has answered")
    func submissionsReachAll() async throws {
        let release = Gate()
        let arrived = Gate()
        try await FakeBeaconNode.with(
            { _ in .json("") },
            { _ in
                await release.wait()
                arrived.open()
                return .json("")
            }
        ) { quick, slow in
            try await withClient([quick.url, slow.url]) { client in
                try await client.submit(.single([SingleAttestation()]), fork: .fulu)
                release.open()
                await arrived.wait()
                #expect(slow.requests.first?.headers[HeaderName.consensusVersion] == "fulu")
                #expect(slow.requests.first?.body == quick.requests.first?.body)
            }
        }
    }

    @Test("an attestation that is known already is a success, one that is bad is not")
    func alreadyKnown() async throws {
        try await FakeBeaconNode.with({ request in
            let isPhase0 = request.headers[HeaderName.consensusVersion] == "deneb"
            return refusal(400, isPhase0 ? "bad signature" : "PriorAttestationKnown")
        }) { node in
            try await withClient([node.url]) { client in
                try await client.submit(.single([SingleAttestation()]), fork: .electra)
                let error = await failure { () throws(BeaconError) in
                    try await client.submit(.phase0([AttestationPhase0()]), fork: .deneb)
                }
                #expect(error?.httpStatus == 400)
                #expect(error?.message.contains("bad signature") == true)
            }
        }
    }

    @Test("a synced node's status wins; if all are behind, the nearest one's is told")
    func syncing() async throws {
        @Sendable func status(_ distance: Int) -> FakeBeaconNode.Answer {
            let status = SyncingStatus(
                headSlot: 10, syncDistance: UInt64(distance), isSyncing: distance > 0)
            return .json((["data": status.json()] as JSONValue).text())
        }
        try await FakeBeaconNode.with({ _ in status(9) }, { _ in status(4) }) { far, near in
            try await FakeBeaconNode.with({ _ in status(0) }) { synced in
                try await withClient([far.url, near.url]) { client in
                    let status = try await client.syncing()
                    #expect(status.syncDistance == 4)
                }
                try await withClient([far.url, near.url], fallbacks: [synced.url]) { client in
                    let status = try await client.syncing()
                    #expect(status.syncDistance == 0)
                }
            }
        }
    }
}
