import Cluster
import Ethereum
import SSZ
import Secp256k1
import Synchronization
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct ExecutionClientTests {
    private static let magicWord = "0x1626ba7e" + String(repeating: "0", count: 56)

    /// A v1.11 definition whose creator is a contract with two owners.
    private func definition() throws -> Definition {
        try Samples.definition(version: .v1_11, signed: false) { definition in
            definition.creator.address = "0x1234567890123456789012345678901234567890"
            definition.creator.configSignature = [UInt8](repeating: 7, count: 130)
        }
    }

    private func settle(
        _ respond: @escaping FakeServer.Responder
    ) async throws -> (report: Verification, calls: [FakeServer.Call]) {
        var report = try definition().verification(customNetwork: nil)
        #expect(report.contractCalls.count == 1 && !report.failures.isEmpty)
        return try await FakeServer.with(respond) { server in
            try await withWeb { web in
                try await ContractQuestions(endpoint: server.url + "/key", web: web).settle(&report)
                return (report, server.calls)
            }
        }
    }

    private static func node(_ result: JSONValue) -> FakeServer.Responder {
        { call in
            .json(["jsonrpc": "2.0", "id": 1, "result": call.json["method"] == "eth_call" ? result : "Geth/v1"])
        }
    }

    @Test("a contract that approves settles the check")
    func approves() async throws {
        let (report, calls) = try await settle(Self.node(.string(Self.magicWord)))
        #expect(report.failures.isEmpty)
        #expect(calls.map { $0.json["method"]?.string } == ["web3_clientVersion", "eth_call"])
        #expect(calls.allSatisfy { $0.target == "/key" && $0.method == "POST" })
        let parameters = try #require(calls.last?.json["params"]?.array)
        #expect(parameters[0]["to"]?.string == "0x1234567890123456789012345678901234567890")
        #expect(parameters[1] == "latest")
        let data = try Hex.decode(try #require(parameters[0]["data"]?.string), bytesMax: 1024)
        // Selector, digest, offset, length, 130 bytes padded to 160.
        #expect(data.count == 4 + 3 * 32 + 160 && data.starts(with: [0x16, 0x26, 0xba, 0x7e]))
    }

    @Test(
        "every other answer leaves the definition unconfirmed",
        arguments: [
            JSONValue.string("0x"), .string("0xffffffff" + String(repeating: "0", count: 56)), .string("nonsense"),
            .null, 7,
            .string("0x1626ba7e"),
        ])
    func refuses(result: JSONValue) async throws {
        let (report, _) = try await settle(Self.node(result))
        #expect(report.failures.count == 1 && report.contractCalls.isEmpty)
    }

    @Test("a call that reverts is an error with the node's words")
    func reverts() async throws {
        let (report, _) = try await settle { call in
            call.json["method"] == "eth_call"
                ? .json(["error": ["code": 3, "message": "execution reverted"]]) : .json(["result": "Geth/v1"])
        }
        #expect(report.failures.first?.description.contains("execution reverted") == true)
    }

    @Test("says what it calls itself", arguments: [JSONValue.string("Geth/v1.16.7"), .string(""), .null, 7])
    func version(result: JSONValue) async throws {
        try await FakeServer.with({ _ in .json(["jsonrpc": "2.0", "id": 1, "result": result]) }) { server in
            if result == "Geth/v1.16.7" {
                let version = try await ExecutionClient.version(at: server.url + "/key")
                #expect(version == "Geth/v1.16.7")
            } else {
                await #expect(throws: ServiceError.self) { try await ExecutionClient.version(at: server.url) }
            }
            #expect(server.calls.map { $0.json["method"]?.string } == ["web3_clientVersion"])
        }
        await #expect(throws: ClusterError.self) { try await ExecutionClient.version(at: "geth:8545") }
    }

    @Test("waits for a node that starts, but not for ever", arguments: [(3, 4), (1000, 100)])
    func waits(refusals: Int, calls: Int) async throws {
        let seen = Mutex(0)
        let answer: FakeServer.Responder = { _ in
            let count = seen.withLock { seen in
                seen += 1
                return seen
            }
            return count <= refusals ? .status(503, "starting") : .json(["result": "Geth/v1"])
        }
        try await FakeServer.with(answer) { server in
            try await withWeb { web in
                let client = ExecutionClient(try ServiceURL(server.url), web: web, sleep: { _ in })
                let message = await message { try await client.waitUntilConnected() }
                #expect(server.calls.count == calls)
                #expect(message.contains("eth1 client is not connected") == (refusals > calls), "\(message)")
            }
        }
    }

    @Test("an endpoint that is none is named by its flag")
    func badEndpoint() async throws {
        try await withWeb { web in
            var report = Verification()
            let message = await message {
                try await ContractQuestions(endpoint: "localhost:8545", web: web).settle(&report)
            }
            #expect(message.hasPrefix("--execution-client-rpc-endpoint: "), "\(message)")
        }
    }
}
