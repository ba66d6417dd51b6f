import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import Logging
import Program
import Storage
import TestSupport
import Testing

@testable import Node

/// The private key lock as a node uses it; its rules: PrivateKeyLockTests.
@Suite struct KeyLockTests {
    let directory: TemporaryDirectory
    let configuration: NodeConfiguration

    init() throws {
        let cluster = try SmallCluster("lock")
        directory = cluster.directory
        var configuration = NodeConfiguration()
        configuration.lockFile = cluster.lockFile(1)
        configuration.privateKeyFile = cluster.privateKeyFile(1)
        configuration.beaconNodeEndpoints = ["http://127.0.0.1:1"]
        configuration.isLockingPrivateKey = true
        self.configuration = configuration
    }

    private func node(_ configuration: NodeConfiguration) async throws -> StyxNode {
        try await StyxNode(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("a node takes its key with the hash of its cluster, and a second node is refused")
    func refusesSecond() async throws {
        let first = try await node(configuration)
        let held = try #require(try first.lockIdentity())
        #expect(held.path == configuration.privateKeyFile + ".lock")
        let note = try PrivateKeyLock(json: directory.read("node1/charon-enr-private-key.lock"))
        #expect(note.command == "styx run")
        #expect(note.clusterLockHash == first.cluster.lock.lockHash.hex)
        let second = try await node(configuration)
        let error = #expect(throws: ClusterError.self) { _ = try second.lockIdentity() }
        #expect(error?.description.contains("another charon instance may be running") == true)
    }

    @Test("a note of another cluster keeps the key for 768 seconds")
    func otherCluster() async throws {
        let note = PrivateKeyLock(
            command: "charon run", timestamp: SystemClock.now() - .seconds(60), clusterLockHash: "0xab")
        try directory.write("node1/charon-enr-private-key.lock", note.encoded())
        let error = await #expect(throws: ClusterError.self) { _ = try await node(configuration).lockIdentity() }
        #expect(error?.description.contains("another cluster lock (0xab); wait") == true)
    }

    @Test("without the flag nothing is read or written")
    func off() async throws {
        var configuration = configuration
        configuration.isLockingPrivateKey = false
        try directory.write("node1/charon-enr-private-key.lock", Array("garbage".utf8))
        #expect(try await node(configuration).lockIdentity() == nil)
        #expect(try directory.read("node1/charon-enr-private-key.lock") == Array("garbage".utf8))
    }

    @Test("a second process of the same key does not even start")
    func run() async throws {
        let first = try await node(configuration)
        _ = try first.lockIdentity()
        let second = try await node(configuration)
        await #expect(throws: ClusterError.self) { try await second.run() }
    }

    @Test("a second process of the same journal neither listens nor dials, though no beacon node is there")
    func journal() async throws {
        var configuration = configuration
        configuration.isLockingPrivateKey = false
        configuration.journalFile = directory.file("node1/styx-journal.sqlite")
        let claim = try JournalClaim(path: configuration.journalFile)
        var hooks = StyxNode.Hooks()
        hooks.listening = { _ in Issue.record("it listens") }
        let second = try await StyxNode(
            configuration, hooks: hooks, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let error = await #expect(throws: JournalError.self) { try await second.run() }
        #expect(error?.description.contains(configuration.journalFile) == true)
        withExtendedLifetime(claim) {}
    }
}
