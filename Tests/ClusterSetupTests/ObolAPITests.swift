import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct ObolAPITests {
    private func withAPI<R: Sendable>(
        timeout: Duration = .seconds(30), _ respond: @escaping FakeServer.Responder,
        _ body: (ObolAPI, FakeServer) async throws -> R
    ) async throws -> R {
        try await FakeServer.with(respond) { server in
            try await WebClient.with { web in
                try await body(ObolAPI(ServiceURL(server.url + "/v1"), timeout: timeout, web: web), server)
            }
        }
    }

    private func lock() throws -> Lock {
        var options = ClusterOptions()
        options.nodes = 3
        options.validators = 1
        options.feeRecipients = [Samples.address]
        options.withdrawalAddresses = [Samples.address]
        options.network = .hoodi
        var generator = SeededGenerator(seed: 1)
        return try ClusterCreation(options, now: Samples.now, using: &generator).lock
    }

    @Test("publishes the lock without the base's path, compact and without authorization")
    func publishesLock() async throws {
        let lock = try lock()
        try await withAPI({ _ in .status(201) }) { api, server in
            let link = try await api.publish(lock)
            let call = try #require(server.calls.first)
            #expect(call.method == "POST" && call.target == "/lock" && call.authorization == nil)
            #expect(call.contentType == "application/json")
            #expect(!call.body.contains(UInt8(ascii: "\n")))
            #expect(try Lock(json: call.body) == lock)
            let hash = lock.lockHash.hex.dropFirst(2).uppercased()
            #expect(link == "\(server.url)/lock/0x\(hash)/launchpad")
        }
    }

    @Test("publishes a definition below the base's path, with the creator's signature as bearer")
    func publishesDefinition() async throws {
        let definition = try Samples.definition()
        try await withAPI({ _ in .status(200) }) { api, server in
            try await api.publish(definition)
            let call = try #require(server.calls.first)
            #expect(call.target == "/v1/definition")
            #expect(call.authorization == "Bearer " + Hex.encode(definition.creator.configSignature))
            #expect(try Definition(json: call.body) == definition)
            #expect(
                api.address(ofDefinition: definition.configHash)
                    == "\(server.url)/v1/definition/\(definition.configHash.hex)")
        }
    }

    @Test("accepts the terms with the account's own signature")
    func terms() async throws {
        var generator = SeededGenerator(seed: 4)
        let account = Secp256k1.PrivateKey.random(using: &generator)
        try await withAPI({ _ in .status(200) }) { api, server in
            try await api.acceptTerms(account, forkVersion: Network.hoodi.genesisForkVersion)
            let call = try #require(server.calls.first)
            #expect(call.target == "/v1/termsAndConditions")
            #expect(
                call.json == [
                    "address": .string(EthereumAddress(account.publicKey).checksummed), "version": 1,
                    "terms_and_conditions_hash": "0xd33721644e8f3afab1495a74abe3523cec12d48b8da6cb760972492ca3f1a273",
                    "fork_version": "0x10000910",
                ])
            let bearer = try #require(call.authorization?.dropFirst("Bearer ".count))
            let signature = try Bytes65(hex: String(bearer))
            let digest = EIP712.termsAndConditions.digest(chainID: 0)
            #expect(try Secp256k1.PublicKey.recover(digest: digest, signature: signature) == account.publicKey)
        }
    }

    @Test("409 means that it is there already", arguments: [200, 201, 204, 409])
    func successes(status: Int) async throws {
        let lock = try lock()
        _ = try await withAPI({ _ in .status(status, "duplicate") }) { api, _ in try await api.publish(lock) }
    }

    @Test(
        "everything else is an error that names the place",
        arguments: [
            (FakeServer.Answer.status(500, "out\u{1b}[2J of \n service"), "status 500 (out [2J of service)"),
            (.status(400), "status 400"), (.redirect("http://127.0.0.1:1/"), "redirect"),
            (FakeServer.Answer(body: [UInt8](repeating: 0x20, count: 2 << 20)), "more than 1048576 bytes"),
        ])
    func failures(answer: FakeServer.Answer, text: String) async throws {
        let lock = try lock()
        try await withAPI({ _ in answer }) { api, server in
            let message = await message { try await api.publish(lock) }
            #expect(message.hasPrefix("publish the lock at --publish-address \(server.url)/v1: "), "\(message)")
            #expect(message.contains(text), "\(message)")
        }
    }

    @Test(
        "not found is an answer where something was asked for, a conflict where something was handed over",
        arguments: [
            (ObolAPI.Verb.get, 404, ObolAPI.Reply.absent("gone x")), (.delete, 404, .absent("gone x")),
            (.query, 404, .absent("gone x")), (.post, 404, nil), (.post, 409, .body(Array("gone \nx".utf8))),
            (.get, 409, nil), (.delete, 409, nil), (.query, 409, nil), (.get, 200, .body(Array("gone \nx".utf8))),
            (.delete, 204, .body([])), (.query, 500, nil),
        ] as [(ObolAPI.Verb, Int, ObolAPI.Reply?)])
    func verbs(verb: ObolAPI.Verb, status: Int, expected: ObolAPI.Reply?) async throws {
        try await withAPI({ _ in .status(status, status == 204 ? "" : "gone \nx") }) { api, server in
            let reply = try? await api.call("look", verb, "/a/b", bearer: .zero, body: nil)
            #expect(reply == expected)
            let call = try #require(server.calls.first)
            #expect(call.target == "/a/b" && call.authorization == "Bearer \(Bytes65.zero)")
            let method = ["get": "GET", "delete": "DELETE"]["\(verb)"] ?? "POST"
            #expect(call.method == method)
        }
    }

    @Test("a server that repeats the bearer does not bring it into the error")
    func secrets() async throws {
        let definition = try Samples.definition()
        let token = Hex.encode(definition.creator.configSignature)
        try await withAPI({ call in .status(401, "bad \(call.authorization ?? "")") }) { api, _ in
            let message = await message { try await api.publish(definition) }
            #expect(message.contains("bad Bearer ***") && !message.contains(token.dropFirst(2)), "\(message)")
        }
    }

    @Test("a silent server is given up, and so is one that is not there")
    func silence() async throws {
        let lock = try lock()
        try await withAPI(timeout: .milliseconds(50), { _ in .silence }) { api, _ in
            await #expect(message { try await api.publish(lock) }.contains("no complete answer within 0.05 seconds"))
        }
        try await withWeb { web in
            let api = ObolAPI(try ServiceURL(deadURL), web: web)
            let message = await message { try await api.publish(lock) }
            #expect(message.hasSuffix("no connection: Connection refused"), "\(message)")
        }
    }
}
