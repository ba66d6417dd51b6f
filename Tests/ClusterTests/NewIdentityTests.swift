import Cluster
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

/// `create enr` and `enr`.
@Suite struct NewIdentityTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func create(_ name: String, seed: UInt64 = 1) throws -> NewIdentity {
        var generator = SeededGenerator(seed: seed)
        return try NewIdentity(dataDirectory: directory.file(name), using: &generator)
    }

    @Test("a new key stands in its file, readable by its owner only")
    func creates() throws {
        let identity = try create("a/b/.charon")
        #expect(identity.path == directory.file("a/b/.charon/charon-enr-private-key"))
        #expect(directory.names == ["a", "a/b", "a/b/.charon", "a/b/.charon/charon-enr-private-key"])
        #expect(try directory.mode("a/b/.charon/charon-enr-private-key") == 0o600)
        #expect(try directory.mode("a/b/.charon") == 0o755)
        #expect(try directory.read("a/b/.charon/charon-enr-private-key").count == 64)
        let loaded = try IdentityKeyFile.load(inDataDirectory: directory.file("a/b/.charon"))
        #expect(loaded.publicKey == identity.key.publicKey)
    }

    @Test("the text begins as Charon's, and tells to back up the key")
    func text() throws {
        let identity = try create("x")
        let lines = identity.summary.split(separator: "\n")
        #expect(lines[0] == "Created ENR private key: \(identity.path)")
        #expect(lines[1] == "\(ENR(signedBy: identity.key).text)")
        #expect(lines[2].hasPrefix("┌─ Back up \(identity.path) ─"))
        #expect(lines.dropFirst(3).dropLast().allSatisfy { $0.hasPrefix("│ ") })
        #expect(lines.last?.hasPrefix("└──") == true)
        let digits = String(decoding: try directory.read("x/charon-enr-private-key"), as: UTF8.self)
        #expect(!identity.summary.contains(digits))
    }

    @Test("a sound key is never replaced")
    func twice() throws {
        _ = try create("x")
        let before = try directory.read("x/charon-enr-private-key")
        let error = #expect(throws: ClusterError.self) { try create("x", seed: 2) }
        #expect(error?.description.hasPrefix("charon-enr-private-key already exists: ") == true)
        #expect(try directory.read("x/charon-enr-private-key") == before)
        #expect(directory.names == ["x", "x/charon-enr-private-key"])
    }

    @Test("what cannot be read as a key is not replaced either", arguments: ["", "garbage", "0x12", "zz\n"])
    func corrupt(content: String) throws {
        try directory.write("x/charon-enr-private-key", Array(content.utf8))
        let error = #expect(throws: ClusterError.self) { try create("x") }
        let text = error?.description ?? ""
        #expect(text.contains("already exists but cannot be used"), "\(text)")
        #expect(text.contains("\(directory.path)/x/charon-enr-private-key"), "\(text)")
        #expect(try directory.read("x/charon-enr-private-key") == Array(content.utf8))
    }

    @Test("neither is a directory, nor a link that leads nowhere")
    func otherKinds() throws {
        let manager = FileManager.default
        try manager.createDirectory(
            atPath: directory.file("x/charon-enr-private-key"), withIntermediateDirectories: true)
        try directory.write("y/other", [])
        try manager.createSymbolicLink(
            atPath: directory.file("y/charon-enr-private-key"), withDestinationPath: directory.file("nowhere"))
        let before = directory.names
        for name in ["x", "y"] {
            let error = #expect(throws: ClusterError.self) { try create(name) }
            #expect(error?.description.contains("already exists but cannot be used") == true)
        }
        #expect(directory.names == before)
    }

    @Test("a data directory that cannot be made is named, and nothing is left")
    func noDirectory() throws {
        try directory.write("file", [])
        let error = #expect(throws: ClusterError.self) { try create("file/x") }
        #expect(error?.description.contains("\(directory.path)/file") == true)
        #expect(directory.names == ["file"])
    }

    @Test("a missing key tells how to make one")
    func missing() {
        let error = #expect(throws: ClusterError.self) {
            try IdentityKeyFile.load(inDataDirectory: directory.file("none"))
        }
        #expect(error?.description.contains("styx create enr") == true)
    }

    @Test("the details are the key and the signature")
    func details() throws {
        let record = ENR(signedBy: try PrivateKey([UInt8](repeating: 1, count: 32)))
        let lines = record.details.split(separator: "\n")
        #expect(
            lines.contains("│ secp256k1 pubkey: 0x031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"))
        #expect(lines.contains("│ signature: 0x\(Hex.encodeBare(record.signature))"))
    }
}
