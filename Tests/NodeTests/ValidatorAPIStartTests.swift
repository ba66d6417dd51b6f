import BLS
import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import Logging
import Program
import Secp256k1
import Synchronization
import TestSupport
import Testing

@testable import Node

/// The validator API while a node starts; what it answers then: ReadinessTests.
@Suite("the validator API from the first second", .timeLimit(.minutes(2)))
struct ValidatorAPIStartTests {
    let directory: TemporaryDirectory
    let configuration: NodeConfiguration

    init() throws {
        let files = try NodeFiles()
        directory = files.directory
        configuration = files.configuration
    }

    /// Runs a node for as long as `body` runs.
    private static func run(
        _ configuration: NodeConfiguration, _ body: (_ url: String) async throws -> Void
    ) async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var hooks = StyxNode.Hooks()
        hooks.validatorAPIListens = { listening.yield($0) }
        let node = try await StyxNode(configuration, hooks: hooks, logger: NodeFiles.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await node.run()
            }
            let port = try #require(await ports.first { _ in true })
            try await body("http://127.0.0.1:\(port)")
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private static func get(_ path: String, _ client: BeaconClient) async throws -> (status: Int, text: String) {
        let answer = try await client.proxy(ProxyRequest(method: "GET", target: path))
        var bytes: [UInt8] = []
        for try await chunk in answer.body { bytes += chunk }
        return (answer.status, String(decoding: bytes, as: UTF8.self))
    }

    @Test("listens without any beacon node and says what is missing, without the node's address")
    func beaconNodeMissing() async throws {
        try await Self.run(configuration) { url in
            try await withClient([url]) { client in
                let version = try await Self.get("/eth/v1/node/version", client)
                #expect(version.status == 200 && version.text.contains(BuildInfo.nodeVersion))
                var health = try await Self.get("/eth/v1/node/health", client)
                // Until the first attempt has failed, there is no more to say.
                while health.text == #"{"code":503,"message":"waiting for a beacon node"}"# {
                    health = try await Self.get("/eth/v1/node/health", client)
                }
                #expect(health.status == 503)
                #expect(
                    health.text
                        == #"{"code":503,"message":"waiting for a beacon node: no connection: Connection refused"}"#)
                #expect(!health.text.contains("127.0.0.1"))
            }
        }
    }

    /// The cluster's lock with a contract as its creator, whose signature only an execution client can tell from any.
    private func writeContractLock(_ cluster: SmallCluster) throws {
        var lock = cluster.lock
        lock.definition.version = .v1_11
        lock.definition.creator.address = "0x1234567890123456789012345678901234567890"
        lock.definition.creator.configSignature = [UInt8](repeating: 7, count: 130)
        lock.definition = try lock.definition.withHashes()
        lock = try lock.withHashes()
        let hash = lock.lockHash
        lock.nodeSignatures = cluster.creation.nodes.map { $0.identity.sign(digest: hash).bytes }
        lock.signatureAggregate = try BLS.Signature.aggregate(
            cluster.creation.nodes.flatMap(\.shares).map { $0.sign(hash) }
        ).bytes.bytes
        try Data(lock.encoded()).write(to: URL(fileURLWithPath: configuration.lockFile))
    }

    @Test("listens while a contract is asked about the lock, and looks for its chain once it has confirmed")
    func contractSigned() async throws {
        try writeContractLock(try SmallCluster("start"))
        let confirms = Gate()
        let magic = "0x1626ba7e" + String(repeating: "0", count: 56)
        try await FakeBeaconNode.with({ request in
            let isCall = String(decoding: request.body, as: UTF8.self).contains("eth_call")
            if isCall { await confirms.wait() }
            return .json(#"{"jsonrpc":"2.0","id":1,"result":"\#(isCall ? magic : "Geth/v1")"}"#)
        }) { execution in
            try await FakeBeaconNode.with({ _ in .json("{}", status: 503) }) { beacon in
                var configuration = configuration
                configuration.executionClientEndpoint = execution.url
                configuration.beaconNodeEndpoints = [beacon.url]
                configuration.monitoringAddress = ""
                try await Self.run(configuration) { url in
                    try await withClient([url]) { client in
                        let version = try await Self.get("/eth/v1/node/version", client)
                        #expect(version.status == 200)
                        var health = try await Self.get("/eth/v1/node/health", client)
                        #expect(health.status == 503)
                        #expect(health.text.contains("waiting for the execution client: contracts signed"))
                        confirms.open()
                        while health.text.contains("execution client") {
                            health = try await Self.get("/eth/v1/node/health", client)
                        }
                        #expect(health.status == 503 && health.text.contains("waiting for a beacon node"))
                    }
                }
            }
        }
    }

    @Test("a lock that its contract does not confirm ends the node, naming the file; with --no-verify it is a warning")
    func contractRefuses() async throws {
        try writeContractLock(try SmallCluster("start"))
        try await FakeBeaconNode.with({ request in
            let isCall = String(decoding: request.body, as: UTF8.self).contains("eth_call")
            return .json(#"{"jsonrpc":"2.0","id":1,"result":"\#(isCall ? "0x" : "Geth/v1")"}"#)
        }) { execution in
            var configuration = configuration
            configuration.executionClientEndpoint = execution.url
            let node = try await StyxNode(configuration, logger: NodeFiles.quiet)
            let error = await #expect(throws: ClusterError.self) { try await node.run() }
            #expect(error?.description.contains(configuration.lockFile) == true)
            configuration.isVerifyingLock = false
            let warnings = try await ClusterContext(configuration).confirm(configuration) { _ in }
            #expect(warnings.count == 1)
        }
        // With nobody to ask it is refused before anything runs.
        await #expect(throws: ClusterError.self) {
            _ = try await StyxNode(configuration, logger: NodeFiles.quiet)
        }
    }

    @Test("a beacon node of another chain is the reason, and keystores are open then")
    func otherChain() async throws {
        let genesis =
            #"{"data":{"genesis_time":"5","genesis_validators_root":"0x\#(String(repeating: "11", count: 32))","#
            + #""genesis_fork_version":"0x00000000"}}"#
        try await FakeBeaconNode.with({ _ in .json(genesis) }) { beacon in
            var configuration = configuration
            configuration.beaconNodeEndpoints = [beacon.url]
            configuration.signing = .keystores
            try await Self.run(configuration) { url in
                try await withClient([url]) { client in
                    var health = try await Self.get("/eth/v1/node/health", client)
                    while !health.text.contains("another chain") || health.text.contains("keystores") {
                        health = try await Self.get("/eth/v1/node/health", client)
                    }
                    #expect(
                        health.status == 503
                            && health.text.contains("waiting for a beacon node: it is of another chain"))
                }
            }
        }
    }

    @Test("an address that is taken ends the node at once, with the flag")
    func taken() async throws {
        try await FakeBeaconNode.with({ _ in .json("{}") }) { other in
            var configuration = configuration
            configuration.validatorAPIAddress = String(other.url.dropFirst("http://".count))
            let node = try await StyxNode(
                configuration, logger: NodeFiles.quiet)
            let error = await #expect(throws: ConfigurationError.self) { try await node.run() }
            #expect(error?.flag == "validator-api-address")
            #expect(
                error?.what == "\(configuration.validatorAPIAddress) cannot be listened on: Address already in use")
        }
    }

    @Test("TLS needs both files, readable, and says which is not; nothing is opened before")
    func tlsFiles() async throws {
        let certificate = try directory.write("cert.pem", Array("nonsense".utf8))
        func fault(_ certificate: String, _ key: String) async -> ConfigurationError? {
            var configuration = configuration
            configuration.validatorAPICertificateFile = certificate
            configuration.validatorAPIKeyFile = key
            return await #expect(throws: ConfigurationError.self) {
                _ = try await StyxNode(configuration, logger: NodeFiles.quiet)
            }
        }
        let noKey = await fault(certificate, "")
        #expect(noKey?.flag == "vc-tls-key-file" && noKey?.what == "is missing beside --vc-tls-cert-file")
        let noCertificate = await fault("", certificate)
        #expect(noCertificate?.flag == "vc-tls-cert-file")
        let absent = await fault(directory.file("absent.pem"), certificate)
        #expect(absent?.flag == "vc-tls-cert-file" && absent?.what.contains("absent.pem") == true)
        let nonsense = await fault(certificate, certificate)
        #expect(
            nonsense?.flag == "vc-tls-cert-file" && nonsense?.what.hasSuffix("holds no certificate in PEM form") == true
        )
    }
}
