import BLS
import Cluster
import Foundation
import SSZ
import Synchronization
import TestSupport
import Testing

/// `combine`: from the nodes' directories to whole keys.
@Suite struct CombinationTests {
    let directory: TemporaryDirectory
    let cluster: ClusterCreation
    /// Made once: drawing and signing takes a second in debug builds.
    static let made = Result { try Samples.cluster(nodes: 4, validators: 3) }

    init() throws {
        directory = try TemporaryDirectory()
        cluster = try Self.made.get()
        var generator = SeededGenerator(seed: 1)
        try cluster.write(to: directory.file("c"), concurrency: 1, using: &generator)
    }

    private func combine(verify: Bool = true, from name: String = "c") throws -> Combination {
        let folder = try ClusterFolder(directory.file(name))
        return try Combination(folder, lock: folder.requireTrust(verify: verify).lock, concurrency: 2)
    }

    private func write(
        _ combination: Combination, to name: String = "out", replacing: Bool = false,
        progress: @escaping WorkProgress = { _, _ in true }
    ) throws {
        var generator = SeededGenerator(seed: 3)
        try combination.write(
            to: directory.file(name), replacing: replacing, cost: .insecure, concurrency: 2, progress: progress,
            using: &generator)
    }

    private func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: directory.file(name))
    }

    private func refusal(_ body: () throws -> Void) -> String {
        let error = #expect(throws: ClusterError.self) { try body() }
        return error?.description ?? ""
    }

    private var publicKeys: [[UInt8]] { cluster.lock.validators.map(\.publicKey) }

    /// Names below the output directory.
    private func output(_ name: String = "out") -> [String] {
        directory.names.filter { $0.hasPrefix(name + "/") }.map { String($0.dropFirst(name.count + 1)) }
    }

    @Test("any threshold of nodes recovers every key", arguments: [[], [0], [1], [2], [3]])
    func subsets(absent: [Int]) throws {
        for node in absent { try remove("c/node\(node)") }
        let combination = try combine()
        #expect(combination.keys.map { $0.publicKey.bytes.bytes } == publicKeys)
        #expect(combination.shareCounts == Array(repeating: 4 - absent.count, count: 3))
        #expect(combination.threshold == 3)
    }

    @Test(
        "Charon's clusters combine", .enabled(if: Vectors.has("cluster/captured")),
        arguments: ["create-v1.10.3", "create-v1.11-dev", "dkg-v1.10.3"])
    func captured(name: String) throws {
        let root = try #require(Vectors.root).appendingPathComponent("cluster/captured/\(name)").path
        let folder = try ClusterFolder(root)
        let (lock, warnings) = try folder.requireTrust(verify: true)
        #expect(folder.nodes.count == 4 && warnings.isEmpty)
        let combination = try Combination(folder, lock: lock, concurrency: 2)
        #expect(combination.keys.map(\.publicKey) == lock.keys.validators.map(\.publicKey))
    }

    @Test("other directories and files are no nodes; directories may have any name")
    func folder() throws {
        try FileManager.default.moveItem(atPath: directory.file("c/node1"), toPath: directory.file("c/.charon"))
        try directory.write("c/validator_keys/keystore-0.json", [])
        try directory.write("c/notes/x", [])
        #expect(
            try ClusterFolder(directory.file("c")).nodes.map { ($0.path as NSString).lastPathComponent }
                == [".charon", "node0", "node2", "node3"])
        #expect(try combine().keys.count == 3)
    }

    @Test("too few nodes, and one node twice, are not enough")
    func insufficient() throws {
        try remove("c/node0")
        try remove("c/node1")
        try FileManager.default.copyItem(atPath: directory.file("c/node2"), toPath: directory.file("c/copy"))
        let text = refusal { _ = try combine() }
        #expect(text.contains("insufficient private key shares found for validator: 2 where the threshold is 3"))
        #expect(text.contains("validator 0 (0x"))
    }

    @Test("a node may lack the keystores of the last validators")
    func fewerKeystores() throws {
        for suffix in ["json", "txt"] { try remove("c/node0/validator_keys/keystore-insecure-2.\(suffix)") }
        #expect(try combine().shareCounts == [4, 4, 3])
        for suffix in ["json", "txt"] { try remove("c/node1/validator_keys/keystore-insecure-2.\(suffix)") }
        #expect(refusal { _ = try combine() }.contains("validator 2 (0x"))
    }

    @Test("a share of another validator, or of another cluster, is named")
    func foreignShare() throws {
        let keys = directory.file("c/node3/validator_keys")
        for suffix in ["json", "txt"] {
            let (a, b, t) = (
                "\(keys)/keystore-insecure-0.\(suffix)", "\(keys)/keystore-insecure-1.\(suffix)", "\(keys)/t"
            )
            for (from, to) in [(a, t), (b, a), (t, b)] { try FileManager.default.moveItem(atPath: from, toPath: to) }
        }
        let text = refusal { _ = try combine() }
        #expect(text.contains("c/node3/validator_keys: keystore 0: not a key share of validator 0"), "\(text)")
    }

    @Test("more keystores than validators are refused")
    func moreKeystores() throws {
        for suffix in ["json", "txt"] {
            try FileManager.default.copyItem(
                atPath: directory.file("c/node2/validator_keys/keystore-insecure-0.\(suffix)"),
                toPath: directory.file("c/node2/validator_keys/keystore-3.\(suffix)"))
        }
        let text = refusal { _ = try combine() }
        #expect(text.contains("c/node2/validator_keys: keystores: 4 key shares for 3 validators"), "\(text)")
    }

    @Test("no node at all, a node without lock, and no directory are named")
    func nothing() throws {
        try directory.write("empty/x", [])
        #expect(refusal { _ = try combine(from: "empty") }.contains("--cluster-dir: no node found"))
        #expect(refusal { _ = try combine(from: "none") }.contains("--cluster-dir: open directory"))
        try remove("c/node2/cluster-lock.json")
        #expect(refusal { _ = try combine() }.contains("open \(directory.path)/c/node2/cluster-lock.json"))
    }

    @Test("nodes of two clusters are not mixed; --no-verify tells, and the keys still have to fit")
    func mixed() throws {
        var generator = SeededGenerator(seed: 5)
        let other = try Samples.cluster(nodes: 4, validators: 3, seed: 9)
        try other.write(to: directory.file("other"), concurrency: 1, using: &generator)
        try FileManager.default.moveItem(atPath: directory.file("other/node0"), toPath: directory.file("c/zzz"))
        let text = refusal { _ = try combine() }
        #expect(text.contains("c/zzz/cluster-lock.json: lock_hash: mismatching lock hash"), "\(text)")
        let (lock, warnings) = try ClusterFolder(directory.file("c")).requireTrust(verify: false)
        #expect(lock.lock.lockHash == other.lock.lockHash && warnings.count == 1)
        #expect(refusal { _ = try combine(verify: false) }.contains("not a key share of validator 0"))
    }

    @Test("a lock that was changed is refused; --no-verify warns, and a wrong key is never made")
    func changed() throws {
        var lock = cluster.lock
        lock.definition.threshold = 1
        for i in 0..<4 {
            try remove("c/node\(i)/cluster-lock.json")
            try directory.write("c/node\(i)/cluster-lock.json", lock.encoded())
        }
        #expect(refusal { _ = try combine() }.contains("cluster-lock.json: verify"))
        let warnings = try ClusterFolder(directory.file("c")).requireTrust(verify: false).warnings
        #expect(warnings.allSatisfy { $0.contains("c/node0/cluster-lock.json") } && !warnings.isEmpty)
        for i in 1..<4 { try remove("c/node\(i)") }
        #expect(refusal { _ = try combine(verify: false) }.contains("do not make up this validator's key"))
    }

    @Test("whole keys are written as keystores with their names and modes")
    func writes() throws {
        let combination = try combine()
        try write(combination, to: "a/out")
        #expect(output("a/out").count == 6)
        #expect(try directory.mode("a/out") == 0o755)
        #expect(try directory.mode("a/out/keystore-insecure-2.json") == 0o444)
        #expect(try directory.mode("a/out/keystore-insecure-2.txt") == 0o400)
        let keys = try KeystoreDirectory.loadSequenced(directory.file("a/out"), concurrency: 1)
        #expect(keys.map { $0.publicKey.bytes.bytes } == publicKeys)
    }

    @Test("keystores in the way are kept, unless told otherwise; other files stay in any case")
    func overwriting() throws {
        let combination = try combine()
        try directory.write("out/keystore-7.json", [1])
        try directory.write("out/keystore-7.txt", [2])
        try directory.write("out/keystore-insecure-0.txt", [3])
        try directory.write("out/notes.txt", [4])
        let before = output()
        let text = refusal { try write(combination) }
        #expect(text.contains("refusing to overwrite existing private key share \(directory.path)/out/keystore-7.json"))
        #expect(output() == before)
        try write(combination, replacing: true)
        #expect(output().count == 7 && output().contains("notes.txt") && !output().contains("keystore-7.json"))
        #expect(try KeystoreDirectory.loadSequenced(directory.file("out"), concurrency: 1).count == 3)
    }

    @Test("a failure on the way leaves everything as it was", arguments: [false, true])
    func failure(exists: Bool) throws {
        let combination = try combine()
        if exists { try directory.write("out/keystore-0.json", [1]) }
        let before = directory.names
        #expect(throws: ClusterError.self) { try write(combination, replacing: true) { done, _ in done < 2 } }
        #expect(directory.names == before)
    }

    @Test("a failure among the last moves is taken back")
    func failureAtTheEnd() throws {
        let combination = try combine()
        try directory.write("out/keystore-0.json", [1])
        try directory.write("out/keystore-1.json", [2])
        let path = directory.file("out")
        let before = output()
        let text = refusal {
            try write(combination, replacing: true) { done, total in
                // Something stands where the second old file is to be put.
                let staging = try? FileManager.default.contentsOfDirectory(atPath: path).first { $0.hasPrefix(".styx") }
                let file = "\(path)/\(staging ?? "")/old/keystore-1.json"
                if done == total { _ = FileManager.default.createFile(atPath: file, contents: nil) }
                return true
            }
        }
        #expect(text.contains("keystore-1.json: File exists"), "\(text)")
        #expect(output() == before)
        #expect(try directory.read("out/keystore-0.json") == [1])
    }

    @Test("what an interrupted run left is shown, not built upon")
    func leftover() throws {
        try directory.write("out/.styx-combine-1/new/keystore-0.json", [1])
        let text = refusal { try write(try combine(), replacing: true) }
        #expect(text.contains("\(directory.path)/out/.styx-combine-1 holds whole keys"), "\(text)")
    }

    @Test("the text says what was done, and what not to do")
    func summary() throws {
        let combination = try combine()
        let text = combination.summary(directory: directory.file("out"), nodes: 4)
        #expect(text.hasPrefix("Combined the key shares of 4 nodes (threshold 3) into 3 whole validator keys.\n"))
        #expect(text.contains("\(directory.path)/out"))
        for key in publicKeys { #expect(text.contains(Hex.encode(key))) }
        #expect(text.contains("Do not use them while the cluster runs"))
        for key in combination.keys { #expect(!text.contains(Hex.encodeBare(key.exposedBytes()))) }
    }
}
