import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import styx

/// Operators of one cluster, each with the built program, against a service and a beacon node on loopback. What the
/// service can do wrong: HostileExitTests and its like.
@Suite("exit, deposit and feerecipient on the command line", .timeLimit(.minutes(5)))
struct CosigningCommandsTests {
    private struct Scene: Sendable {
        let cluster: SmallCluster
        let chain: StubChain
        let apiURL: String
        let beaconURL: String

        /// On a thread of its own: the servers live on those that tasks run on.
        ///
        /// - Parameter publishes: whether the command takes the service's address.
        func styx(
            _ arguments: [String], as node: Int, environment: [String: String] = [:], publishes: Bool = true
        ) async throws -> Program.Outcome {
            let directory = cluster.directory.path
            let files =
                ["--lock-file", cluster.lockFile(node), "--private-key-file", cluster.privateKeyFile(node)]
                + (publishes ? ["--publish-address", apiURL + "/v1"] : [])
            return try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(
                        with: Result { try Program.run(arguments + files, environment: environment, in: directory) })
                }
            }
        }

        func keys(_ node: Int) -> [String] { ["--validator-keys-dir", cluster.keystores(node)] }
        var beacon: [String] { ["--beacon-node-endpoints", beaconURL] }
    }

    private static func with(_ body: (Scene) async throws -> Void) async throws {
        let cluster = try SmallCluster("commands", nodes: 4)
        let (api, chain) = (ObolStandIn(cluster), StubChain(cluster.pubKeys))
        try await FakeBeaconNode.with({ api.answer($0) }, { chain.answer($0) }) { service, beacon in
            try await body(Scene(cluster: cluster, chain: chain, apiURL: service.url, beaconURL: beacon.url))
        }
    }

    @Test("three operators sign, the fourth publishes: exactly one exit")
    func exit() async throws {
        try await Self.with { scene in
            let pubKey = scene.cluster.pubKeys[0].hex
            let dry = try await scene.styx(
                ["exit", "sign", "--all", "--dry-run"] + scene.beacon + scene.keys(0), as: 0)
            #expect(dry.status == 0 && dry.text.contains("would sign: exit of validator \(pubKey)"), "\(dry.text)")
            for (node, flags) in [(0, ["--all"]), (1, ["--validator-index", "500"]), (3, ["--all=true"])] {
                let outcome = try await scene.styx(
                    ["exit", "sign"] + flags + scene.keys(node), as: node,
                    environment: ["CHARON_BEACON_NODE_ENDPOINTS": scene.beaconURL])
                #expect(outcome.status == 0, "\(outcome.text)")
                #expect(outcome.text.contains("signed: exit of validator \(pubKey), index 500, from epoch 194048 on"))
            }
            let broadcast = ["exit", "broadcast", "--validator-public-key", pubKey] + scene.beacon
            let preview = try await scene.styx(broadcast + ["--dry-run"], as: 2)
            #expect(preview.status == 0 && preview.text.contains("would publish"), "\(preview.text)")
            #expect(scene.chain.exits.isEmpty)
            let outcome = try await scene.styx(broadcast, as: 2)
            #expect(outcome.status == 0 && outcome.text.contains("published: exit of"), "\(outcome.text)")
            #expect(scene.chain.exits.map(\.message.validatorIndex) == [500])
            let deleted = try await scene.styx(["exit", "delete", "--all"], as: 0)
            #expect(deleted.status == 0 && deleted.text.contains("deleted: partial exit"), "\(deleted.text)")
            let late = try await scene.styx(broadcast, as: 2)
            #expect(late.status == 1 && late.text.contains("2 of the 3 signatures"), "\(late.text)")
        }
    }

    @Test("an exit is left with the operator's own node; a node that is down is named with what to do")
    func request() async throws {
        try await Self.with { scene in
            let node = NodeStandIn(scene.cluster, node: 1)
            let request = ["exit", "request", "--all"] + scene.beacon + scene.keys(1)
            try await FakeBeaconNode.with({ node.answer($0) }) { server in
                let address = String(server.url.dropFirst("http://".count))
                let dry = try await scene.styx(
                    request + ["--dry-run", "--validator-api-address", address], as: 1, publishes: false)
                #expect(dry.status == 0 && dry.text.contains("would leave 1 partial exit with"), "\(dry.text)")
                #expect(node.exits.isEmpty)
                let outcome = try await scene.styx(
                    request, as: 1, environment: ["CHARON_VALIDATOR_API_ADDRESS": address], publishes: false)
                #expect(outcome.status == 0 && outcome.text.contains("left with the node: exit of"), "\(outcome.text)")
                #expect(node.exits.map(\.message.validatorIndex) == [500])
            }
            let down = try await scene.styx(
                request + ["--validator-api-address", "127.0.0.1:1"], as: 1, publishes: false)
            #expect(down.status == 1 && down.text.contains("start the node with `styx run`"), "\(down.text)")
        }
    }

    @Test("deposits and fee recipients: three sign, one fetches")
    func others() async throws {
        try await Self.with { scene in
            let keys = ["--validator-public-keys", scene.cluster.pubKeys[0].hex]
            let address = "0x1111111111111111111111111111111111111111"
            for node in 0..<3 {
                for arguments in [
                    ["deposit", "sign", "--withdrawal-addresses", SmallCluster.address, "--deposit-amounts", "1,32"],
                    ["feerecipient", "sign", "--fee-recipient", address],
                ] {
                    let outcome = try await scene.styx(arguments + keys + scene.keys(node), as: node)
                    #expect(outcome.status == 0 && outcome.text.contains("handed over"), "\(outcome.text)")
                }
            }
            let directory = scene.cluster.directory
            let deposits = try await scene.styx(
                ["deposit", "fetch", "--deposit-data-dir", directory.file("d-<TIMESTAMP>")] + keys, as: 3)
            #expect(deposits.status == 0, "\(deposits.text)")
            let name = try #require(directory.names.first { $0.hasPrefix("d-") && $0.hasSuffix("deposit-data.json") })
            #expect(name.wholeMatch(of: /d-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)\/deposit-data.json/) != nil)
            #expect(try directory.read(name) == directory.read("node0/deposit-data.json"))
        }
    }

    @Test("the list and the fee recipients' commands need no identity key")
    func withoutKey() async throws {
        try await Self.with { scene in
            let cluster = scene.cluster
            func styx(_ arguments: [String]) async throws -> Program.Outcome {
                try await withCheckedThrowingContinuation { continuation in
                    Thread.detachNewThread {
                        continuation.resume(
                            with: Result {
                                try Program.run(
                                    arguments + ["--lock-file", cluster.lockFile(0)], in: cluster.directory.path)
                            })
                    }
                }
            }
            for name in ["list", "active-validator-list"] {
                let list = try await styx(["exit", name, "--plaintext"] + scene.beacon)
                #expect(list.status == 0 && list.text.contains(cluster.pubKeys[0].hex), "\(list.text)")
            }
            let overrides = [
                "--publish-address", scene.apiURL, "--overrides-file", cluster.directory.file("overrides.json"),
            ]
            let fetched = try await styx(["feerecipient", "fetch"] + overrides)
            #expect(fetched.status == 0 && fetched.text.contains("nothing new"), "\(fetched.text)")
            let list = try await styx(["feerecipient", "list"] + overrides)
            #expect(list.status == 0 && list.text.contains("(lock)"), "\(list.text)")
        }
    }

    @Test(
        "flags that do not go together, or are missing, are named",
        arguments: [
            (["exit", "sign"], "--validator-public-key, --validator-index or --all"),
            (["exit", "sign", "--all", "--validator-index", "5"], "--all goes neither with"),
            (["exit", "sign", "--validator-public-key", "0x12"], "--validator-public-key"),
            (["exit", "fetch", "--all", "--validator-public-key", "0x12"], "not both"),
            (["exit", "broadcast"], "either --validator-public-key or --all"),
            (["exit", "broadcast", "--all", "--exit-from-file", "x"], "--exit-from-file"),
            (["exit", "request"], "either --validator-public-key or --all"),
            (["exit", "delete", "--all"], "--lock-file: open .charon/cluster-lock.json: No such file"),
            (["enr"], "or point to yours with --data-dir"),
            (["combine", "--cluster-dir", "none"], "--cluster-dir: open directory"),
            (["cluster", "inspect", "none"], "<file>: open none: No such file"),
            (["exit", "active-validator-list"], "--beacon-node-endpoints: is missing"),
            (["deposit", "sign"], "--withdrawal-addresses is missing"),
            (["feerecipient", "sign"], "--fee-recipient is missing"),
        ])
    func flags(arguments: [String], text: String) async throws {
        let directory = try TemporaryDirectory()
        let outcome = try Program.run(arguments, in: directory.path)
        #expect(outcome.status != 0 && outcome.text.contains(text), "\(outcome.text)")
    }
}
