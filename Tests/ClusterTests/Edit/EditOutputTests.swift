import Cluster
import Ethereum
import Foundation
import TestSupport
import Testing

@Suite("what an edit leaves behind") struct EditOutputTests {
    @Test("is everything a node runs from, or nothing")
    func writes() throws {
        let cluster = try EditedCluster()
        try FileManager.default.createDirectory(atPath: cluster.edited, withIntermediateDirectories: false)
        try cluster.write()
        let names = try FileAccess.names(in: cluster.edited)
        #expect(names == [IdentityKeyFile.name, LockFile.name, KeystoreDirectory.name])
        let file = try LockFile.load("\(cluster.edited)/\(LockFile.name)")
        let shares = try KeystoreDirectory.loadSequenced("\(cluster.edited)/\(KeystoreDirectory.name)", concurrency: 1)
        try file.keys.verify(shares: shares, ofPeer: 0)
        #expect(try cluster.directory.mode("edited/\(LockFile.name)") == 0o444)
        #expect(try cluster.directory.mode("edited/\(IdentityKeyFile.name)") == 0o600)
        #expect(
            try IdentityKeyFile.load("\(cluster.edited)/\(IdentityKeyFile.name)").publicKey
                == cluster.old.nodes[0].identity.publicKey)
        #expect(!cluster.directory.names.contains { $0.contains(".styx-edit-") })
    }

    @Test("has the note of who used the identity key last")
    func note() throws {
        let cluster = try EditedCluster()
        let note = PrivateKeyLock(command: "charon run", timestamp: Instant(unixSeconds: 7), clusterLockHash: "0x01")
        try cluster.directory.write("node0/\(IdentityKeyFile.name).lock", note.encoded())
        try cluster.write()
        #expect(try PrivateKeyLockFile.note(of: "\(cluster.edited)/\(IdentityKeyFile.name)") == note)
    }

    @Test("never goes where something is")
    func taken() throws {
        let cluster = try EditedCluster()
        try cluster.directory.write("edited/x", [1])
        #expect(throws: ClusterError.self) { try cluster.write() }
        #expect(try FileAccess.names(in: cluster.edited) == ["x"])
        try cluster.directory.write("file", [])
        for (path, text) in [("edited", "is not empty (x is in it)"), ("file", "is no directory")] {
            let error = #expect(throws: ClusterError.self) {
                try EditOutput.checkFree(cluster.directory.file(path))
            }
            #expect("\(try #require(error))".contains(text))
        }
        try EditOutput.checkFree(cluster.directory.file("absent"))
        #expect(!cluster.directory.names.contains { $0.contains(".styx-edit-") })
    }

    @Test("is nothing at all if it cannot be whole")
    func fails() throws {
        let cluster = try EditedCluster()
        var output = try cluster.output
        output.identityFile = cluster.directory.file("missing")
        var generator = SeededGenerator(seed: 4)
        #expect(throws: ClusterError.self) {
            try output.write(to: cluster.edited, cost: .insecure, concurrency: 1, using: &generator)
        }
        output.identityFile = "\(cluster.node)/\(IdentityKeyFile.name)"
        #expect(throws: ClusterError.self) {
            try output.write(
                to: cluster.edited, cost: .insecure, concurrency: 1, progress: { _, _ in false }, using: &generator)
        }
        #expect(!FileAccess.isTaken(cluster.edited))
        #expect(!cluster.directory.names.contains { $0.contains(".styx-edit-") })
        // Of a process that was killed.
        try cluster.directory.write(".styx-edit-x/y", [])
        #expect(throws: ClusterError.self) { try EditOutput.checkFree(cluster.edited) }
    }
}
