import Cluster
import ClusterSetup
import DKG
import Ethereum
import Foundation
import Libp2p
import Logging
import Relay
import SSZ
import TestSupport
import Testing

@testable import KeyCeremony

/// Whole ceremonies over sockets: operators reach each other through a relay of ours.
@Suite(.serialized, .timeLimit(.minutes(5))) struct KeyGenerationTests {
    private static var logger: Logger {
        var logger = Logger(label: "key generation test")
        logger.logLevel = .critical
        return logger
    }

    /// The relay's address, for as long as `body` runs.
    private static func withRelay<R: Sendable>(
        _ body: @escaping @Sendable (String) async throws -> R
    ) async throws -> R {
        let folder = try TemporaryDirectory()
        var configuration = RelayConfiguration()
        configuration.dataDirectory = folder.file("relay")
        configuration.httpAddress = ""
        configuration.p2pTCPAddresses = ["127.0.0.1:0"]
        configuration.advertisesPrivateAddresses = true
        let ready = AsyncStream.makeStream(of: String?.self)
        var hooks = RelayNode.Hooks()
        hooks.ready = { addresses, _ in ready.continuation.yield(addresses.first) }
        let relay = try RelayNode(configuration, hooks: hooks, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            defer { group.cancelAll() }
            var told = ready.stream.makeAsyncIterator()
            let first = await told.next()
            let address = try #require(first ?? nil)
            return try await body(address)
        }
    }

    /// Each operator's data directory, with its key and the definition.
    private static func directories(_ sample: Sample) throws -> [TemporaryDirectory] {
        try sample.identities.map { identity in
            let directory = try TemporaryDirectory()
            try IdentityKeyFile.create(directory.file(IdentityKeyFile.name), identity)
            try directory.write("cluster-definition.json", sample.definition.encoded())
            return directory
        }
    }

    private static func request(_ directory: TemporaryDirectory, _ relay: String) -> KeyGeneration.Request {
        var request = KeyGeneration.Request()
        request.dataDirectory = directory.path
        request.definitionFile = directory.file("cluster-definition.json")
        request.relays = [relay]
        request.shutdownDelay = .milliseconds(500)
        return request
    }

    private static func run(
        _ request: KeyGeneration.Request, _ hooks: KeyGeneration.Hooks = .init()
    ) async throws -> KeyGeneration.Outcome {
        try await WebClient.with { web in
            try await KeyGeneration(request, web: web, hooks: hooks, logger: logger).run()
        }
    }

    private static func check(_ directories: [TemporaryDirectory], _ sample: Sample) throws {
        var locks: Set<[UInt8]> = []
        for (index, directory) in directories.enumerated() {
            let names = directory.names
            #expect(names.contains("deposit-data.json") && names.contains("deposit-data-1eth.json"))
            #expect(!names.contains(StateFile.name) && !names.contains { $0.hasPrefix(".styx") })
            let path = directory.file("cluster-lock.json")
            locks.insert(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
            let lock = try LockFile.load(path)
            let shares = try KeystoreDirectory.loadSequenced(directory.file("validator_keys"), concurrency: 1)
            #expect(shares.count == sample.definition.validators.count)
            try lock.keys.verify(shares: shares, ofPeer: index)
        }
        #expect(locks.count == 1)
    }

    @Test("four operators who meet at a relay make a cluster", arguments: [CeremonyAlgorithm.frost, .pedersen])
    func whole(algorithm: CeremonyAlgorithm) async throws {
        let sample = try Sample(operators: 4, threshold: 3, validators: 2, algorithm: algorithm)
        let directories = try Self.directories(sample)
        try await Self.withRelay { relay in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for directory in directories {
                    var request = Self.request(directory, relay)
                    // Nobody stays when all have hung up.
                    request.shutdownDelay = .seconds(3600)
                    let patient = request
                    group.addTask { _ = try await Self.run(patient) }
                }
                try await group.waitForAll()
            }
        }
        try Self.check(directories, sample)
    }

    /// The process is stopped, which leaves as little as a kill: nothing is written when it ends.
    @Test("an operator who is stopped in the middle comes back into the same ceremony", arguments: [1, 3, 5])
    func stopped(step: Int) async throws {
        let sample = try Sample(operators: 3, threshold: 2, validators: 1)
        let directories = try Self.directories(sample)
        try await Self.withRelay { relay in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for directory in directories.dropLast() {
                    group.addTask { _ = try await Self.run(Self.request(directory, relay)) }
                }
                group.addTask { try await Self.runStopping(at: step, directories[2], relay) }
                try await group.waitForAll()
            }
        }
        try Self.check(directories, sample)
    }

    private static func runStopping(at step: Int, _ directory: TemporaryDirectory, _ relay: String) async throws {
        let reached = AsyncStream.makeStream(of: Void.self)
        var hooks = KeyGeneration.Hooks()
        hooks.changed = { view in if view.step >= step { reached.continuation.yield() } }
        await withTaskGroup(of: Void.self) { group in
            let hooks = hooks
            group.addTask { _ = try? await run(request(directory, relay), hooks) }
            var told = reached.stream.makeAsyncIterator()
            await told.next()
            group.cancelAll()
        }
        #expect(directory.names.contains(StateFile.name))
        _ = try await run(request(directory, relay))
    }

    @Test("what is wrong shows before anything is sent")
    func refused() async throws {
        let sample = try Sample(operators: 3, threshold: 2, validators: 1)
        let directory = try #require(try Self.directories(sample).first)
        func failure(_ change: (inout KeyGeneration.Request) throws -> Void) async throws -> String {
            var request = Self.request(
                directory, "/ip4/127.0.0.1/tcp/1/p2p/16Uiu2HAmLwmYDDQP1F6uFTmgcwLeHKfAkSV7ZcwXGp1ByMN9jtaA")
            request.keyLockPatience = .zero
            try change(&request)
            defer { FileAccess.remove(directory.file("charon-enr-private-key.lock")) }
            do {
                _ = try await Self.run(request)
                return ""
            } catch { return "\(error)" }
        }
        #expect(try await failure { $0.dataDirectory = directory.file("none") }.contains("identity key"))
        #expect(try await failure { $0.definitionFile = directory.file("none") }.contains("--definition-file"))
        #expect(try await failure { $0.keymanagerToken = "x" }.contains("--keymanager-address"))
        #expect(try await failure { $0.keymanagerAddress = "http://127.0.0.1:1" }.contains("--keymanager-auth-token"))
        #expect(
            try await failure {
                $0.keymanagerAddress = "http://127.0.0.1:1"
                $0.keymanagerToken = "x"
            }.contains("connect to the keymanager"))
        var changed = sample.definition
        changed.threshold = 3
        var text = String(decoding: try changed.encoded(), as: UTF8.self)
        text.replace("\"threshold\": 3", with: "\"threshold\": 2")
        try directory.write("changed.json", Array(text.utf8))
        #expect(
            try await failure { $0.definitionFile = directory.file("changed.json") }.contains("invalid config hash"))
        try directory.write("deposit-data-8eth.json", [1])
        #expect(try await failure { _ in }.contains("deposit-data-8eth.json is there already"))
        #expect(!directory.names.contains(StateFile.name))
    }
}
