import Cluster
import SSZ
import TestSupport
import Testing

@Suite struct LockTests {
    static let golden = "cluster/charon/cluster/testdata/cluster_lock_v1_10_0.json"
    /// Locks that Charon v1.10.3 wrote, and its own test lock; every file of a folder is the same lock.
    static let files = [
        golden, "cluster/charon/app/testdata/test-cluster-lock.json",
        "cluster/captured/create-v1.10.3/node0/cluster-lock.json",
        "cluster/captured/dkg-v1.10.3/node0/cluster-lock.json", "wire/charon-v1.10.3/cluster-lock.json",
    ].filter(Vectors.has)

    @Test("locks have the hashes they say and are written back byte for byte", .enabled(if: !files.isEmpty), arguments: files)
    func roundTrip(file: String) throws {
        let bytes = try Vectors.data(file)
        let lock = try Lock(json: bytes)
        #expect(try lock.definition.computedConfigHash() == lock.definition.configHash)
        #expect(try lock.definition.computedDefinitionHash() == lock.definition.definitionHash)
        #expect(try lock.computedLockHash() == lock.lockHash)
        #expect(try lock.encoded() == bytes)
    }

    @Test("hashes agree with the specification's cases", .enabled(if: Vectors.has(DefinitionTests.hashing)))
    func hashCases() throws {
        let cases = try #require(Vectors.json(DefinitionTests.hashing)["lock"]?.array)
        #expect(cases.count == 4)
        for item in cases {
            let name = try #require(item["name"]?.string)
            let input = try #require(item["input"])
            let lock = try Lock(json: input.bytes()).withHashes()
            #expect(lock.lockHash == (try hash(item, "lock_hash")), "\(name)")
        }
    }
}
