import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Cluster
import Ethereum
import Foundation
import Logging
import Program
import TestSupport
import Testing

@testable import Node

/// The keymanager API of a whole node that waits for a beacon node; what it does later: KeymanagerImportTests.
@Suite("the keymanager API from the first second", .timeLimit(.minutes(2)))
struct KeymanagerStartTests {
    let directory: TemporaryDirectory
    let configuration: NodeConfiguration

    init() throws {
        directory = try TemporaryDirectory()
        var options = ClusterOptions()
        options.name = "keymanager"
        options.nodes = 3
        options.validators = 2
        options.feeRecipients = ["0x000000000000000000000000000000000000dEaD"]
        options.withdrawalAddresses = options.feeRecipients
        options.network = .hoodi
        options.insecureKeys = true
        var generator = SeededGenerator(seed: 1)
        try ClusterCreation(options, now: Instant(unixSeconds: 1_795_467_579), using: &generator)
            .write(to: directory.path, concurrency: 1, using: &generator)
        var configuration = NodeConfiguration()
        configuration.lockFile = directory.file("node1/cluster-lock.json")
        configuration.privateKeyFile = directory.file("node1/charon-enr-private-key")
        configuration.journalFile = directory.file("node1/journal.sqlite")
        configuration.validatorKeysDirectory = directory.file("node1/validator_keys")
        configuration.beaconNodeEndpoints = [deadURL]
        configuration.validatorAPIAddress = "127.0.0.1:0"
        configuration.signing = .keystores
        configuration.keymanagerAddress = "127.0.0.1:0"
        configuration.keymanagerTokenFile = directory.file("node1/token.txt")
        self.configuration = configuration
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func node(_ change: (inout NodeConfiguration) -> Void = { _ in }) async throws -> StyxNode {
        var configuration = configuration
        change(&configuration)
        return try await StyxNode(configuration, logger: Self.quiet)
    }

    @Test("listens with the token it made, and says that the node starts")
    func starts() async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var hooks = StyxNode.Hooks()
        hooks.keymanagerListens = { listening.yield($0) }
        let node = try await StyxNode(configuration, hooks: hooks, logger: Self.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await node.run()
            }
            let port = try #require(await ports.first { _ in true })
            let token = String(decoding: try directory.read("node1/token.txt"), as: UTF8.self)
            let request = ProxyRequest(method: "GET", target: "/eth/v1/keystores")
            try await withClient(["http://127.0.0.1:\(port)"]) { client in
                let answer = try await client.proxy(request)
                #expect(answer.status == 401)
            }
            try await withClient(
                ["http://127.0.0.1:\(port)"], configure: { $0.headers.set("authorization", "Bearer \(token)") }
            ) { client in
                let answer = try await client.proxy(request)
                #expect(answer.status == 503)
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("a node of a keymanager opens the keystores that are there, be it none; without it there must be one")
    func missing() async throws {
        let path = directory.file("node1/validator_keys/keystore-insecure-0.json")
        try FileManager.default.removeItem(atPath: path)
        let opened = try #require(try await node().openShares { _, _ in })
        #expect(opened.keys.count == 1)
        #expect(opened.files.values.map { $0 } == [directory.file("node1/validator_keys/keystore-insecure-1.json")])
        try FileManager.default.removeItem(atPath: directory.file("node1/validator_keys"))
        #expect(try await node().openShares { _, _ in }?.keys.isEmpty == true)
        let error = await #expect(throws: ConfigurationError.self) {
            _ = try await node { $0.keymanagerAddress = "" }.openShares { _, _ in }
        }
        #expect(error?.flag == "validator-keys-dir" && error?.what.contains("holds no keystore") == true)
        #expect(error?.cure.contains("give --keymanager-address as before") == true)
    }

    @Test("a directory of another operator's keystores alone is refused, also by a node of a keymanager")
    func foreign() async throws {
        let node = try await node {
            $0.validatorKeysDirectory = directory.file("node2/validator_keys")
        }
        await #expect(throws: ClusterError.self) { _ = try await node.openShares { _, _ in } }
    }

    @Test("an address that is taken ends the node at once, with the flag")
    func taken() async throws {
        try await FakeBeaconNode.with({ _ in .json("{}") }) { other in
            let node = try await node { $0.keymanagerAddress = String(other.url.dropFirst("http://".count)) }
            let error = await #expect(throws: ConfigurationError.self) { try await node.run() }
            #expect(error?.flag == "keymanager-address")
        }
    }
}
