import BLS
import Cluster
import Foundation
import SSZ
import TestSupport
import Testing

/// Loading from a tree of directories, and matching by key.
@Suite struct KeystoreTreeTests {
    let directory: TemporaryDirectory
    let cluster: ClusterCreation
    /// Made once: drawing and signing takes a second in debug builds.
    static let made = Result { try Samples.cluster(nodes: 4, validators: 3) }

    init() throws {
        directory = try TemporaryDirectory()
        cluster = try Self.made.get()
        var generator = SeededGenerator(seed: 2)
        for (name, node) in [("a/keys", cluster.nodes[0]), ("b/deep/er/keys", cluster.nodes[1])] {
            try FileManager.default.createDirectory(
                atPath: (directory.file(name) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try KeystoreDirectory.store(
                node.shares, in: directory.file(name), cost: .insecure, concurrency: 1, using: &generator)
        }
    }

    private func load(_ name: String = "") throws -> [KeystoreDirectory.Entry] {
        try KeystoreDirectory.loadRecursive(directory.file(name), concurrency: 2)
    }

    private func move(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: directory.file(name), toPath: directory.file(other))
    }

    private var publicKeys: Set<BLS.PublicKey> {
        Set(cluster.nodes.prefix(2).flatMap { node in node.shares.map(\.publicKey) })
    }

    @Test("a tree opens whatever its files are called and wherever the passwords are")
    func tree() throws {
        try directory.write("deposit-data.json", Array("[]".utf8))
        try directory.write("lock.json", Array("{\"a\":{}}".utf8))
        try directory.write("big.json", [UInt8](repeating: 0x20, count: 1 << 20))
        try directory.write("broken.json", [1])
        try directory.write("notes.txt", Array("nothing of interest".utf8))
        try directory.write("huge.txt", [UInt8](repeating: 0x20, count: 1 << 20))
        try move("a/keys/keystore-insecure-0.json", to: "a/validator.json")
        try move("b/deep/er/keys/keystore-insecure-2.txt", to: "a/secret.txt")
        let entries = try load()
        #expect(Set(entries.map(\.key.publicKey)) == publicKeys && entries.count == 6)
        #expect(entries.first { $0.path.hasSuffix("/a/validator.json") }?.index == nil)
    }

    @Test("a link to a directory is not followed, a link to a file is")
    func links() throws {
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: directory.file("a/up"), withDestinationPath: directory.path)
        try move("a/keys/keystore-insecure-1.json", to: "elsewhere")
        try manager.createSymbolicLink(
            atPath: directory.file("a/keys/keystore-insecure-1.json"), withDestinationPath: directory.file("elsewhere"))
        #expect(Set(try load().map(\.key.publicKey)) == publicKeys)
    }

    @Test("what cannot be opened is named")
    func failures() throws {
        try FileManager.default.removeItem(atPath: directory.file("a/keys/keystore-insecure-1.txt"))
        let error = #expect(throws: ClusterError.self) { try load() }
        #expect(
            error?.description.contains("a/keys/keystore-insecure-1.json: password: none of the 5 password files")
                == true)
        try directory.write("a/keys/other.json", Array("{\"crypto\":{}}".utf8))
        let shape = #expect(throws: ClusterError.self) { try load() }
        #expect(shape?.description.contains("a/keys/other.json: crypto.cipher.function: is missing") == true)
        try directory.write("empty/x.txt", [])
        let none = #expect(throws: ClusterError.self) { try load("empty") }
        #expect(none?.description.contains("no keys found") == true)
        #expect(throws: ClusterError.self) { try load("absent") }
    }

    @Test("too deep a tree is refused")
    func depth() throws {
        try directory.write(String(repeating: "d/", count: 20) + "x.txt", [])
        let error = #expect(throws: ClusterError.self) { try load() }
        #expect(error?.description.contains("inside each other") == true)
    }

    @Test("keystores are matched to validators by key, in any order and not necessarily all")
    func match() throws {
        let keys = try ClusterKeys(cluster.lock)
        let entries = try load("a")
        let matched = try keys.match(Array(entries.dropFirst().reversed()), ofPeer: 0)
        #expect(matched.count == 2)
        for (v, key) in matched { #expect(key.publicKey == cluster.nodes[0].shares[v].publicKey) }
    }

    @Test("a stranger's key, another operator's and a share twice are refused by file")
    func mismatch() throws {
        let keys = try ClusterKeys(cluster.lock)
        let own = try load("a")
        let rows: [([KeystoreDirectory.Entry], Int, String)] = [
            (own + own.suffix(1), 0, "keystore-insecure-2.json, of validator 2"),
            (own, 1, "belongs to operator 0 of validator 0"),
            (own, 1, "point --validator-keys-dir to the key shares of operator 1"),
            (try load(), 0, "belongs to operator 1"),
        ]
        for (entries, peer, complaint) in rows {
            let error = #expect(throws: ClusterError.self) { try keys.match(entries, ofPeer: peer) }
            #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
        }
        let strangers = try ClusterKeys(Samples.cluster(seed: 77).lock)
        let error = #expect(throws: ClusterError.self) { try strangers.match(own, ofPeer: 0) }
        #expect(error?.description.contains("is no key share of any validator") == true)
        #expect(error?.description.contains("point --validator-keys-dir to this operator's") == true)
    }
}
