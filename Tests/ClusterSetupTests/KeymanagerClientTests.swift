import BLS
import Cluster
import SSZ
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct KeymanagerClientTests {
    private static let token = "api-token-0x1234"

    private func seal(_ keys: [SecretKey]) throws -> SealedKeystores {
        var generator = SeededGenerator(seed: 8)
        return try SealedKeystores(
            keys, cost: .insecure, threads: 2, progress: { _, _ in true }, using: &generator)
    }

    private func send(
        _ keys: [SecretKey], timeout: Duration = .seconds(30), _ respond: @escaping FakeServer.Responder
    ) async throws -> [FakeServer.Call] {
        let sealed = try seal(keys)
        return try await FakeServer.with(respond) { server in
            try await WebClient.with { web in
                let client = KeymanagerClient(
                    try ServiceURL(server.url + "/base"), token: Self.token, timeoutPerKeystore: timeout, web: web)
                try await client.testConnection()
                try await client.send(sealed)
                return server.calls
            }
        }
    }

    @Test("imports all keystores in one call, each under its own password of 64 hex digits", arguments: [1, 5])
    func imports(count: Int) async throws {
        let keys = Samples.secrets(count)
        let calls = try await send(keys) { _ in
            .json(["data": .array(Array(repeating: ["status": "imported"], count: count))])
        }
        #expect(calls.count == 1)
        let call = try #require(calls.first)
        #expect(call.method == "POST" && call.target == "/base/eth/v1/keystores")
        #expect(call.authorization == "Bearer " + Self.token && call.contentType == "application/json")
        #expect(call.json.object?.members.map(\.name) == ["keystores", "passwords"])
        let keystores = try #require(call.json["keystores"]?.array).compactMap(\.string)
        let passwords = try #require(call.json["passwords"]?.array).compactMap(\.string)
        #expect(keystores.count == count && Set(passwords).count == count)
        for (i, key) in keys.enumerated() {
            #expect(passwords[i].utf8.count == 64 && (try? Hex.decode(passwords[i], bytesMax: 32)) != nil)
            let opened = try Keystore.decrypt(Array(keystores[i].utf8), password: Array(passwords[i].utf8))
            #expect(opened.publicKey == key.publicKey)
        }
    }

    @Test("an answer that is not understood is fine, as with Charon", arguments: ["", "ok", "{}", "{\"data\":7}"])
    func lenient(body: String) async throws {
        _ = try await send(Samples.secrets(1)) { _ in .status(202, body) }
    }

    @Test("a key that was not taken is an error: it exists nowhere else")
    func refusedKey() async {
        let message = await message {
            try await send(Samples.secrets(2)) { _ in
                .json(["data": [["status": "duplicate"], ["status": "error", "message": "disk full"]]])
            }
        }
        #expect(message.contains("keystore 1 was not taken: disk full"), "\(message)")
    }

    @Test("a refused token is an error that does not hold it")
    func refusedToken() async {
        let message = await message {
            try await send(Samples.secrets(1)) { .status(403, "wrong \($0.authorization ?? "")") }
        }
        #expect(message.contains("status 403 (wrong Bearer ***)") && !message.contains(Self.token), "\(message)")
    }

    @Test("a silent server is given up after a time for each keystore")
    func silence() async {
        let message = await message {
            try await send(Samples.secrets(3), timeout: .milliseconds(20)) { _ in .silence }
        }
        #expect(message.contains("no complete answer within 0.06 seconds"), "\(message)")
    }

    @Test("the connection test finds out that nobody is there")
    func nobody() async throws {
        try await withWeb { web in
            let client = KeymanagerClient(try ServiceURL(deadURL), token: Self.token, web: web)
            let message = await message { try await client.testConnection() }
            #expect(
                message.hasPrefix("connect to the keymanager at http://127.0.0.1:1: no connection: Connection refused"))
        }
    }
}
