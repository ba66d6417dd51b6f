import BLS
import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import Program
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Node

/// The keymanager API of a whole node that works: what it changes reaches the rest of the node.
@Suite("the keymanager API of a working node", .timeLimit(.minutes(3)))
struct KeymanagerNodeTests {
    let cluster: SmallCluster
    let chain: StubChain

    init() throws {
        cluster = try SmallCluster("keymanager", validators: 2)
        chain = StubChain(cluster.pubKeys)
    }

    private func configuration(_ beacon: String) -> NodeConfiguration {
        var configuration = NodeConfiguration()
        configuration.lockFile = cluster.lockFile(1)
        configuration.privateKeyFile = cluster.privateKeyFile(1)
        configuration.journalFile = cluster.file("journal.sqlite", of: 1)
        configuration.validatorKeysDirectory = cluster.keystores(1)
        configuration.overridesFile = cluster.file("overrides.json", of: 1)
        configuration.beaconNodeEndpoints = [beacon]
        configuration.beaconNodeTimeout = .seconds(30)
        configuration.validatorAPIAddress = "127.0.0.1:0"
        configuration.graffitiTexts = ["flag"]
        configuration.signing = .keystores
        configuration.keymanagerAddress = "127.0.0.1:0"
        configuration.keymanagerTokenFile = cluster.file("token.txt", of: 1)
        return configuration
    }

    private static let syncing =
        #"{"data":{"head_slot":"1","sync_distance":"0","is_syncing":false,"is_optimistic":false,"el_offline":false}}"#

    private func answer(_ request: ProxyRequest) -> FakeBeaconNode.Answer {
        if request.target == "/eth/v1/node/syncing" { return .json(Self.syncing) }
        guard request.target.hasPrefix("/eth/v1/beacon/states/") else { return chain.answer(request) }
        var ofHead = request
        ofHead.target = "/eth/v1/beacon/states/head/validators"
        return chain.answer(ofHead)
    }

    /// Runs a node until `body` ends, with a client of its keymanager API, once that is open.
    private func run(_ body: (BeaconClient) async throws -> Void) async throws {
        try await FakeBeaconNode.with({ answer($0) }) { beacon in
            let configuration = configuration(beacon.url)
            let (ports, listening) = AsyncStream.makeStream(of: Int.self)
            var hooks = StyxNode.Hooks()
            hooks.keymanagerListens = { listening.yield($0) }
            let node = try await StyxNode(configuration, hooks: hooks, logger: NodeFiles.quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { listening.finish() }
                    try await node.run()
                }
                let port = try #require(await ports.first { _ in true })
                let token = String(
                    decoding: try Data(contentsOf: URL(fileURLWithPath: configuration.keymanagerTokenFile)),
                    as: UTF8.self)
                try await withClient(
                    ["http://127.0.0.1:\(port)"], configure: { $0.headers.set("authorization", "Bearer \(token)") }
                ) { client in
                    while try await Self.ask("GET", "/eth/v1/keystores", client: client).status == 503 {}
                    try await body(client)
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    private static func ask(
        _ method: String, _ path: String, _ body: JSONValue? = nil, client: BeaconClient
    ) async throws -> (status: Int, json: JSONValue) {
        var request = ProxyRequest(method: method, target: path)
        if let body {
            request.body = body.bytes()
            request.headers.set("content-type", "application/json")
        }
        let answer = try await client.proxy(request)
        var bytes: [UInt8] = []
        for try await chunk in answer.body { bytes += chunk }
        return (answer.status, (try? JSONValue(parsing: bytes)) ?? .null)
    }

    private func share(_ validator: Int) -> PubShare {
        PubShare(padding: cluster.lock.validators[validator].publicShares[1])
    }

    @Test("lists, sets, signs an exit, deletes; a restart knows, also without the flag")
    func all() async throws {
        let (first, second) = (share(0), share(1))
        let path = "/eth/v1/validator/\(first.hex)"
        try await run { client in
            let list = try await Self.ask("GET", "/eth/v1/keystores", client: client)
            #expect(list.json["data"]?.array?.count == 2)
            let text: JSONValue = ["graffiti": "by hand"]
            #expect(
                try await Self.ask("GET", path + "/graffiti", client: client).json["data"]?["graffiti"]?.string?
                    .hasPrefix("flagSX") == true)
            #expect(try await Self.ask("POST", path + "/graffiti", text, client: client).status == 202)
            #expect(
                try await Self.ask("GET", path + "/graffiti", client: client).json["data"]?["graffiti"] == "by hand")
            let limit = try await Self.ask("GET", path + "/gas_limit", client: client)
            #expect(limit.json["data"]?["gas_limit"]?.string.flatMap { UInt64($0) } ?? 0 > 0)
            #expect(
                try await Self.ask("POST", path + "/gas_limit", ["gas_limit": "50000000"], client: client).status == 202
            )
            #expect(
                try await Self.ask("GET", path + "/gas_limit", client: client).json["data"] == limit.json["data"],
                "one operator changes nothing")

            let exit = try await Self.ask("POST", path + "/voluntary_exit?epoch=7", client: client)
            let signed = try SignedVoluntaryExit(json: try #require(exit.json["data"]))
            #expect(signed.message == VoluntaryExit(epoch: 7, validatorIndex: StubChain.index(of: 0)))
            let key = try PublicKey(first)
            #expect(key.verify(try Signature(signed.signature), over: StubChain.signingRoot(signed.message)))

            let deleted = try await Self.ask(
                "DELETE", "/eth/v1/keystores", ["pubkeys": [.string(first.hex)]], client: client)
            #expect(deleted.json["data"]?.array?.map { $0["status"]?.string } == ["deleted"])
            #expect(deleted.json["slashing_protection"]?.string?.contains("interchange_format_version") == true)
            #expect(try await Self.ask("POST", path + "/voluntary_exit", client: client).status == 404)
            let left = try await Self.ask("GET", "/eth/v1/keystores", client: client)
            #expect(left.json["data"]?.array?.map { $0["validating_pubkey"] } == [.string(second.hex)])
        }
        try await run { client in
            let left = try await Self.ask("GET", "/eth/v1/keystores", client: client)
            #expect(left.json["data"]?.array?.map { $0["validating_pubkey"] } == [.string(second.hex)])
        }
        var configuration = configuration(deadURL)
        configuration.keymanagerAddress = ""
        let node = try await StyxNode(configuration, logger: NodeFiles.quiet)
        let opened = try await node.openShares { _, _ in }
        #expect(opened?.keys.keys.map { $0 } == [cluster.pubKeys[1]])
    }
}
