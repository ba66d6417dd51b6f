import Cluster
import Ethereum
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("the switch to a changed cluster") struct ClusterSwitchTests {
    private let cluster: EditedCluster

    init() throws {
        cluster = try EditedCluster()
        try cluster.write()
    }

    private func lockHash(_ directory: String) throws -> String {
        try LockFile.load("\(directory)/\(LockFile.name)").lock.lockHash.hex
    }

    private func refusal(_ change: @autoclosure () throws(ClusterError) -> ClusterSwitch) throws -> String {
        "\(try #require(#expect(throws: ClusterError.self) { _ = try change() }))"
    }

    @Test("puts the new directory in the place of the old one, which is kept; and back")
    func thereAndBack() async throws {
        let (old, new) = (cluster.old.lock.lockHash.hex, cluster.lock.lockHash.hex)
        try cluster.directory.write("node0/\(RegistrationOverrides.name)", [7])
        let change = try cluster.change()
        #expect(change.kept == "\(cluster.node).before-\(old.dropFirst(2).prefix(8))")
        let seen = Mutex<[String]>([])
        try await change.perform(carrying: [RegistrationOverrides.name, "absent"]) { leaving, entering in
            // Before anything moves.
            #expect(FileAccess.isTaken(cluster.edited) && !FileAccess.isTaken(change.kept))
            #expect(leaving.peer == 0 && entering.peer == 0)
            seen.withLock { $0 += [leaving.directory, entering.directory] }
        }
        #expect(seen.withLock { $0 } == [cluster.node, cluster.edited])
        #expect(try lockHash(cluster.node) == new)
        #expect(try lockHash(change.kept) == old)
        #expect(!FileAccess.isTaken(cluster.edited))
        #expect(try cluster.directory.read("node0/\(RegistrationOverrides.name)") == [7])

        #expect(try ClusterSwitch.keptDirectories(of: cluster.node) == [change.kept])
        #expect(try ClusterSwitch.predecessor(of: cluster.node) == change.kept)
        let back = try cluster.change(to: change.kept, isBack: true)
        try await back.perform(carrying: []) { _, _ in }
        #expect(try lockHash(cluster.node) == old)
        #expect(try lockHash(back.kept) == new)
        #expect(throws: ClusterError.self) { try ClusterSwitch.predecessor(of: cluster.node) }
    }

    @Test("changes nothing if the journal cannot be handed on, or the exchange is refused")
    func failing() async throws {
        struct Refused: Error {}
        let change = try cluster.change()
        await #expect(throws: Refused.self) { try await change.perform(carrying: []) { _, _ in throw Refused() } }
        #expect(try lockHash(cluster.node) == cluster.old.lock.lockHash.hex)
        #expect(try lockHash(cluster.edited) == cluster.lock.lockHash.hex)
        // The new directory goes away meanwhile: the journal comes back.
        let handed = Mutex<[String]>([])
        await #expect(throws: ClusterError.self) {
            try await change.perform(carrying: []) { leaving, _ in
                if handed.withLock({ $0.isEmpty }) {
                    try FileManager.default.moveItem(atPath: cluster.edited, toPath: cluster.directory.file("gone"))
                }
                handed.withLock { $0.append(leaving.directory) }
            }
        }
        #expect(handed.withLock { $0 } == [cluster.node, cluster.edited])
    }

    @Test("waits for the node to be stopped, and hands on when it ran last")
    func notes() async throws {
        let now = Instant(unixSeconds: 2_000_000_000)
        let note = PrivateKeyLock(command: "charon run", timestamp: now, clusterLockHash: "0x01")
        try cluster.directory.write("node0/\(IdentityKeyFile.name).lock", note.encoded())
        #expect(try refusal(cluster.change(now: now + .seconds(5))).contains("stop the node"))
        try await cluster.change(now: now + .seconds(6)).perform(carrying: []) { _, _ in }
        #expect(try PrivateKeyLockFile.note(of: "\(cluster.node)/\(IdentityKeyFile.name)") == note)
    }

    @Test("is refused for what is not this node's next cluster")
    func strangers() throws {
        #expect(try refusal(cluster.change(to: cluster.node)).contains("the same directory"))
        #expect(try refusal(cluster.change(to: cluster.directory.file("absent"))).hasPrefix("--to: "))
        #expect(try refusal(cluster.change(from: cluster.directory.file("absent"))).hasPrefix("--from: "))
        #expect(try refusal(cluster.change(to: cluster.directory.file("node1"))).contains("another operator's"))
        #expect(
            try refusal(cluster.change(from: cluster.edited, to: cluster.edited + "/")).contains("the same directory"))
        // A lock of another cluster, with this identity among its operators.
        let lock = "\(cluster.edited)/\(LockFile.name)"
        try FileManager.default.removeItem(atPath: lock)
        try FileManager.default.copyItem(atPath: "\(cluster.node)/\(LockFile.name)", toPath: lock)
        #expect(try refusal(cluster.change()).contains("the same lock"))
        var other = cluster.lock
        other.definition.uuid = "other"
        try cluster.directory.write(
            "other/\(IdentityKeyFile.name)", cluster.directory.read("node0/\(IdentityKeyFile.name)"))
        try cluster.directory.write("other/\(LockFile.name)", other.encoded())
        let stranger = cluster.directory.file("other")
        #expect(try refusal(cluster.change(to: stranger)).contains("other/\(LockFile.name)"))
        #expect(try refusal(cluster.change(to: stranger, verify: false)).contains("the lock of another cluster"))
    }

    @Test("is refused while a key share is missing")
    func incomplete() throws {
        let keys = "\(cluster.edited)/\(KeystoreDirectory.name)"
        let last = cluster.shares[0].count - 1
        let name = try #require(FileAccess.names(in: keys).last { $0.hasSuffix("-\(last).json") })
        try FileManager.default.removeItem(atPath: "\(keys)/\(name)")
        #expect(throws: ClusterError.self) { try cluster.change() }
    }

    @Test("old key shares are destroyed on demand, once the new ones are whole")
    func wiping() async throws {
        let change = try cluster.change()
        #expect(throws: ClusterError.self) {
            try ClusterSwitch.wipe(cluster.edited, replacedBy: cluster.node, concurrency: 1)
        }
        try await change.perform(carrying: []) { _, _ in }
        // Not while one is damaged.
        let keys = "\(cluster.node)/\(KeystoreDirectory.name)"
        let moved = cluster.directory.file("moved")
        try FileManager.default.moveItem(atPath: keys, toPath: moved)
        #expect(throws: ClusterError.self) {
            try ClusterSwitch.wipe(change.kept, replacedBy: cluster.node, concurrency: 1)
        }
        try FileManager.default.moveItem(atPath: moved, toPath: keys)
        let count = try ClusterSwitch.wipe(change.kept, replacedBy: cluster.node, concurrency: 1)
        #expect(count == cluster.old.nodes[0].shares.count)
        #expect(try FileAccess.names(in: "\(change.kept)/\(KeystoreDirectory.name)").isEmpty)
        #expect(FileAccess.isTaken("\(change.kept)/\(LockFile.name)"))
        #expect(throws: ClusterError.self) { try cluster.change(to: change.kept, isBack: true) }
    }
}
