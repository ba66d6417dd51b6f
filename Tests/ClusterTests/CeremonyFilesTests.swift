import BLS
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Cluster

@Suite struct CeremonyFilesTests {
    private let directory: TemporaryDirectory
    private let cluster: ClusterCreation

    init() throws {
        directory = try TemporaryDirectory()
        cluster = try Samples.cluster(nodes: 3, validators: 1)
    }

    private func stage() throws -> CeremonyFiles {
        var generator = SeededGenerator(seed: 1)
        let content = CeremonyFiles.Content(
            shares: cluster.nodes[1].shares, depositFiles: cluster.depositFiles, lock: try cluster.lock.encoded())
        return try CeremonyFiles(content, in: directory.path, threads: 1, using: &generator)
    }

    @Test("files have Charon's names and modes, and load")
    func layout() throws {
        try stage().commit()
        let names = [
            "cluster-lock.json", "deposit-data-1eth.json", "deposit-data.json", "validator_keys",
            "validator_keys/keystore-0.json", "validator_keys/keystore-0.txt",
        ]
        #expect(directory.names == names)
        for name in names where name.hasSuffix(".json") {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(name))
            #expect(attributes[.posixPermissions] as? Int == 0o444)
        }
        #expect(try LockFile.load(directory.file("cluster-lock.json")).lock == cluster.lock)
        let keys = try KeystoreDirectory.loadSequenced(directory.file("validator_keys"), concurrency: 1)
        #expect(keys.map(\.publicKey) == cluster.nodes[1].shares.map(\.publicKey))
    }

    @Test(
        "what is there already is refused, and never replaced",
        arguments: [
            "cluster-lock.json", "deposit-data-1eth.json", "validator_keys", "dkg.tar.gz",
        ])
    func taken(name: String) throws {
        let staged = try stage()
        try Data("old".utf8).write(to: URL(fileURLWithPath: directory.file(name)))
        #expect(throws: ClusterError.self) { try CeremonyFiles.checkFree(directory.path) }
        if name != "dkg.tar.gz" {
            #expect(throws: ClusterError.self) { try staged.commit() }
            #expect(directory.names == [name])
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file(name))) == Data("old".utf8))
    }

    @Test("a run that was killed while it moved is continued: what was moved stays")
    func continued() throws {
        let staged = try stage()
        try FileAccess.rename(
            directory.file(".styx-dkg-files/validator_keys"), to: directory.file("validator_keys"))
        let password = try Data(contentsOf: URL(fileURLWithPath: directory.file("validator_keys/keystore-0.txt")))
        _ = staged
        try stage().commit(continuing: true)
        #expect(try LockFile.load(directory.file("cluster-lock.json")).lock == cluster.lock)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: directory.file("validator_keys/keystore-0.txt"))) == password)
        #expect(!directory.names.contains { $0.hasPrefix(".styx") })
    }

    @Test("a directory that can be written passes the test and is left as it was")
    func writable() throws {
        try CeremonyFiles.checkWritable(directory.path)
        #expect(directory.names.isEmpty)
        #expect(throws: ClusterError.self) { try CeremonyFiles.checkWritable(directory.file("missing")) }
    }

    @Test("an archive holds the identity key too, and is all that is left")
    func archive() throws {
        var names: [String] = []
        try stage().commitArchive { path, entries in
            names = entries.map(\.name)
            try FileAccess.create(path, [1], mode: 0o600)
        }
        #expect(names.first == IdentityKeyFile.name && names.contains("validator_keys/keystore-0.json"))
        #expect(directory.names == [CeremonyFiles.archiveName])
    }
}
