import Cluster
import Ethereum
import Testing

@Suite struct PrivateKeyLockTests {
    let then = Instant(nanoseconds: 1_795_467_579_120_000_000)

    @Test("the note is one line of JSON")
    func encoding() throws {
        var note = PrivateKeyLock(command: "charon run", timestamp: then, clusterLockHash: "0xab")
        #expect(
            String(decoding: note.encoded(), as: UTF8.self)
                == "{\"command\":\"charon run\",\"timestamp\":\"2026-11-23T20:59:39.12Z\",\"cluster_lock_hash\":\"0xab\"}"
        )
        #expect(try PrivateKeyLock(json: note.encoded()) == note)
        note.clusterLockHash = ""
        #expect(!String(decoding: note.encoded(), as: UTF8.self).contains("cluster_lock_hash"))
        #expect(try PrivateKeyLock(json: note.encoded()) == note)
    }

    @Test(
        "a key is free when its note is old enough",
        arguments: [
            (0, "0xab", false), (5_000, "0xab", false), (5_001, "0xab", true), (-60_000, "0xab", false),
            (6_000, "0xcd", false), (767_999, "0xcd", false), (768_000, "0xcd", true), (6_000, "", false),
        ] as [(Int, String, Bool)])
    func freedom(age: Int, hash: String, isFree: Bool) {
        let note = PrivateKeyLock(command: "charon run", timestamp: then, clusterLockHash: "0xab")
        let now = then + .milliseconds(age)
        #expect(((try? note.checkFree(at: now, clusterLockHash: hash)) != nil) == isFree)
        // A note without a cluster binds to none.
        let blank = PrivateKeyLock(command: "charon dkg", timestamp: then, clusterLockHash: "")
        #expect(((try? blank.checkFree(at: now, clusterLockHash: hash)) != nil) == (age > 5_000))
    }

    @Test("a refusal tells how long to wait")
    func waiting() {
        let note = PrivateKeyLock(command: "charon run", timestamp: then, clusterLockHash: "0xab")
        let error = #expect(throws: ClusterError.self) {
            try note.checkFree(at: then + .seconds(700), clusterLockHash: "0xcd")
        }
        #expect(error?.description.contains("wait 69 seconds") == true)
    }

    @Test("a note from the future is no free key, and the clock is named as the cause")
    func future() {
        let note = PrivateKeyLock(command: "charon run", timestamp: then, clusterLockHash: "0xab")
        let error = #expect(throws: ClusterError.self) {
            try note.checkFree(at: then - .seconds(3600), clusterLockHash: "0xab")
        }
        #expect(error?.description.contains("set the clocks") == true)
    }

    @Test("a running owner keeps others out; a dead one does not")
    func file() throws {
        let directory = try TemporaryDirectory()
        let key = try directory.write("key", [1])
        let file = try PrivateKeyLockFile.acquire(
            keyPath: key, command: "charon run", clusterLockHash: "0xab", now: then)
        #expect(file.path == key + ".lock")
        try file.refresh(now: then + .seconds(60))
        let error = #expect(throws: ClusterError.self) {
            try PrivateKeyLockFile.acquire(
                keyPath: key, command: "charon run", clusterLockHash: "0xab", now: then + .seconds(64))
        }
        #expect(error?.description.contains("another charon instance may be running") == true)
        #expect(throws: Never.self) {
            try PrivateKeyLockFile.acquire(
                keyPath: key, command: "charon run", clusterLockHash: "0xab", now: then + .seconds(66))
        }
        #expect(directory.names == ["key", "key.lock"])
    }

    @Test("a note that nobody can read, and a missing key, are errors")
    func malformed() throws {
        let directory = try TemporaryDirectory()
        let key = try directory.write("key", [1])
        for text in ["", "{", "{}", "{\"timestamp\":1}", "{\"timestamp\":\"yesterday\"}"] {
            try directory.write("key.lock", Array(text.utf8))
            let error = #expect(throws: ClusterError.self) {
                try PrivateKeyLockFile.acquire(keyPath: key, command: "x", clusterLockHash: "", now: then)
            }
            #expect(error?.description.contains("key.lock: private key lock: ") == true)
            #expect(error?.description.contains("delete this file if no other process uses the key") == true)
            #expect(try directory.read("key.lock") == Array(text.utf8))
        }
        #expect(throws: ClusterError.self) {
            try PrivateKeyLockFile.acquire(
                keyPath: directory.file("none"), command: "x", clusterLockHash: "", now: then)
        }
    }
}
