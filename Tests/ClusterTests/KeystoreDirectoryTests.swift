import BLS
import Cluster
import Foundation
import SSZ
import Synchronization
import TestSupport
import Testing

@Suite struct KeystoreDirectoryTests {
    let directory: TemporaryDirectory
    let keys: [SecretKey]

    init() throws {
        directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 8)
        keys = (0..<12).map { _ in SecretKey.random(using: &generator) }
        try KeystoreDirectory.store(
            keys, in: directory.file("keys"), cost: .insecure, concurrency: 2, using: &generator)
    }

    private var path: String { directory.file("keys") }

    @Test("keys come back in their order, with any number of threads", arguments: [-1, 0, 1, 2, 5, 100])
    func roundTrip(concurrency: Int) throws {
        let loaded = try KeystoreDirectory.loadSequenced(path, concurrency: concurrency)
        #expect(loaded.map(\.publicKey) == keys.map(\.publicKey))
        let unordered = try KeystoreDirectory.load(path, concurrency: concurrency)
        #expect(Set(unordered.map(\.key.publicKey)) == Set(keys.map(\.publicKey)))
        #expect(Set(unordered.map(\.index)) == Set((0..<12).map { $0 }))
    }

    @Test("files have their names and modes")
    func layout() throws {
        #expect(directory.names.contains("keys/keystore-insecure-0.json"))
        #expect(directory.names.count == 1 + 2 * keys.count)
        #expect(try directory.mode("keys/keystore-insecure-11.json") == 0o444)
        #expect(try directory.mode("keys/keystore-insecure-11.txt") == 0o400)
        #expect(try directory.read("keys/keystore-insecure-11.txt").count == 32)
        let passwords = try (0..<12).map { try directory.read("keys/keystore-insecure-\($0).txt") }
        #expect(Set(passwords).count == 12)
    }

    @Test("one is added and removed durably, password first and last; what a broken removal left is replaced")
    func addAndRemove() throws {
        let folder = directory.file("new/keys")
        #expect(try KeystoreDirectory.loadUsable(folder, concurrency: 1).entries.isEmpty)
        let json = try directory.read("keys/keystore-insecure-4.json")
        let password = try directory.read("keys/keystore-insecure-4.txt")
        try directory.write("new/keys/keystore-4.txt", Array("left over".utf8))
        let added = try KeystoreDirectory.add(json, password: password, index: 4, to: folder)
        #expect(added == "\(folder)/keystore-4.json")
        #expect(try directory.read("new/keys/keystore-4.json") == json)
        let opened = try KeystoreDirectory.loadUsable(folder, concurrency: 1).entries
        #expect(opened.map(\.key.publicKey) == [keys[4].publicKey] && opened.map(\.path) == [added])
        #expect(throws: ClusterError.self) {
            try KeystoreDirectory.add(json, password: password, index: 4, to: folder)
        }
        #expect(try directory.read("new/keys/keystore-4.txt") == password, "the one that is there stays as it is")
        try KeystoreDirectory.remove(added)
        try KeystoreDirectory.remove(added)
        #expect(directory.names.filter { $0.hasPrefix("new/") } == ["new/keys"])
        #expect(throws: ClusterError.self) {
            try KeystoreDirectory.add(json, password: password, index: 4, to: directory.file("keys"))
        }
    }

    @Test("what was opened ahead is not opened again, wherever it is by then, unless its password or content changed")
    func openedAhead() throws {
        let opened = OpenedKeystores()
        let work = try opened.work(of: path)
        #expect(work.count == 12 && opened.count == 0)
        try overwrite("keystore-insecure-7.txt", Array("wrong".utf8))
        for piece in work { piece() }
        #expect(opened.count == 11, "what cannot be opened is left out")
        let moved = directory.file("moved")
        try FileManager.default.moveItem(atPath: path, toPath: moved)
        func load() throws -> [Int?: SecretKey] {
            let (entries, faults) = try KeystoreDirectory.loadUsable(moved, concurrency: 2, opened: opened)
            #expect(faults.compactMap(\.index) == [7])
            return Dictionary(uniqueKeysWithValues: entries.map { ($0.index, $0.key) })
        }
        let (first, second) = (try load(), try load())
        #expect(first.keys == second.keys && first.allSatisfy { second[$0] === $1 })
        #expect(first.allSatisfy { $0.flatMap { keys[$0].publicKey } == $1.publicKey })
        // Another keystore under the same name, and the password of another one.
        for kind in ["json", "txt"] {
            let source = try directory.read("moved/keystore-insecure-3.\(kind)")
            try FileManager.default.removeItem(atPath: moved + "/keystore-insecure-2.\(kind)")
            try directory.write("moved/keystore-insecure-2.\(kind)", source)
        }
        #expect(try load()[2]?.publicKey == keys[3].publicKey)
        opened.forget()
        let again = try load()
        #expect(again.allSatisfy { first[$0] !== $1 })
    }

    @Test("a wrong password names both files")
    func wrongPassword() throws {
        try overwrite("keystore-insecure-7.txt", Array("wrong".utf8))
        let error = #expect(throws: ClusterError.self) { try KeystoreDirectory.loadSequenced(path, concurrency: 2) }
        let text = error?.description ?? ""
        #expect(text.contains("/keystore-insecure-7.json") && text.contains("/keystore-insecure-7.txt"), "\(text)")
        #expect(text.contains("password does not open"))
    }

    @Test("of those that cannot be opened each is named with its reason, and the others are opened", arguments: [1, 3])
    func usable(concurrency: Int) throws {
        try overwrite("keystore-insecure-7.txt", Array("wrong".utf8))
        try FileManager.default.removeItem(atPath: "\(path)/keystore-insecure-3.txt")
        try FileManager.default.removeItem(atPath: "\(path)/keystore-insecure-5.json")
        let half = try directory.read("keys/keystore-insecure-9.json").prefix(100)
        try overwrite("keystore-insecure-9.json", Array(half))
        try directory.write("keys/keystore-copy.json", Array("{}".utf8))
        let (entries, faults) = try KeystoreDirectory.loadUsable(path, concurrency: concurrency)
        #expect(Set(entries.map(\.index)) == [0, 1, 2, 4, 6, 8, 10, 11])
        #expect(entries.allSatisfy { $0.key.publicKey == keys[$0.index ?? 0].publicKey })
        #expect(Set(faults.map(\.index)) == [nil, 3, 7, 9])
        for fault in faults { #expect("\(fault.error)".contains(fault.path), "\(fault.error)") }
        let wrong = faults.first { $0.index == 7 }
        #expect(wrong.map { "\($0.error)".contains("password does not open") } == true)
    }

    @Test("a missing password file is named")
    func missingPassword() throws {
        try FileManager.default.removeItem(atPath: "\(path)/keystore-insecure-3.txt")
        let error = #expect(throws: ClusterError.self) { try KeystoreDirectory.load(path, concurrency: 2) }
        #expect(error?.description.contains("open \(path)/keystore-insecure-3.txt: No such file") == true)
    }

    @Test(
        "gaps, repeats and foreign names break a sequence",
        arguments: [
            ("keystore-insecure-5", "keystore-12", "out of sequence"),
            ("keystore-insecure-5", "keystore-6", "duplicate"),
            ("keystore-insecure-5", "keystore-m_12381_3600_0_0_0", "unknown keystore index"),
            ("keystore-insecure-5", "keystore--1", "unknown keystore index"),
            ("keystore-insecure-5", "keystore-99999999999999999999", "unknown keystore index"),
        ])
    func sequence(old: String, new: String, complaint: String) throws {
        for suffix in [".json", ".txt"] {
            try FileManager.default.moveItem(atPath: "\(path)/\(old)\(suffix)", toPath: "\(path)/\(new)\(suffix)")
        }
        let error = #expect(throws: ClusterError.self) { try KeystoreDirectory.loadSequenced(path, concurrency: 2) }
        #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
        #expect(try KeystoreDirectory.load(path, concurrency: 2).count == 12)
    }

    @Test("other files are ignored; no keystore at all is an error")
    func foreignFiles() throws {
        try directory.write("keys/README.json", [1])
        try directory.write("keys/keystore-x.txt", [1])
        #expect(try KeystoreDirectory.loadSequenced(path, concurrency: 1).count == 12)
        try directory.write("none/other.json", [1])
        let error = #expect(throws: ClusterError.self) {
            try KeystoreDirectory.load(directory.file("none"), concurrency: 1)
        }
        #expect(error?.description.contains("no keys found") == true)
        #expect(throws: ClusterError.self) { try KeystoreDirectory.load(directory.file("absent"), concurrency: 1) }
    }

    @Test("writes into a new or empty directory only")
    func refusesOthers() throws {
        var generator = SeededGenerator(seed: 1)
        let before = directory.names
        #expect(throws: ClusterError.self) {
            try KeystoreDirectory.store(keys, in: path, cost: .insecure, concurrency: 1, using: &generator)
        }
        #expect(directory.names == before)
        try FileManager.default.createDirectory(atPath: directory.file("empty"), withIntermediateDirectories: false)
        try KeystoreDirectory.store(
            Array(keys.prefix(1)), in: directory.file("empty"), cost: .secure, concurrency: 1, using: &generator)
        #expect(directory.names.contains("empty/keystore-0.json"))
    }

    @Test("progress comes after each keystore, and can stop the rest", arguments: [1, 3])
    func progress(concurrency: Int) throws {
        let heard = Mutex<[[Int]]>([])
        let note: WorkProgress = { done, total in
            heard.withLock { $0.append([done, total]) }
            return true
        }
        _ = try KeystoreDirectory.loadSequenced(path, concurrency: concurrency, progress: note)
        #expect(heard.withLock { $0.sorted { $0[0] < $1[0] } } == (0...12).map { [$0, 12] })

        let count = Mutex(0)
        let error = #expect(throws: ClusterError.self) {
            try KeystoreDirectory.load(path, concurrency: concurrency) { done, _ in
                count.withLock { $0 += 1 }
                return done < 3
            }
        }
        #expect(error?.description.contains("stopped") == true)
        // With more threads others may finish what they had begun.
        if concurrency == 1 { #expect(count.withLock { $0 } == 4) }
        #expect(throws: ClusterError.self) {
            try KeystoreDirectory.load(path, concurrency: concurrency) { _, _ in false }
        }
    }

    @Test("several directories come back as several lists")
    func several() throws {
        var generator = SeededGenerator(seed: 4)
        let others = (0..<3).map { _ in SecretKey.random(using: &generator) }
        try KeystoreDirectory.store(
            others, in: directory.file("others"), cost: .insecure, concurrency: 1, using: &generator)
        let lists = try KeystoreDirectory.loadSequenced([path, directory.file("others"), path], concurrency: 2)
        #expect(lists.map { $0.map(\.publicKey) } == [keys, others, keys].map { $0.map(\.publicKey) })
    }

    @Test("a bad file is found before anything is opened")
    func readFirst() throws {
        try overwrite("keystore-insecure-11.json", Array("{}".utf8))
        let error = #expect(throws: ClusterError.self) {
            try KeystoreDirectory.load(path, concurrency: 1) { _, _ in
                Issue.record("work has begun")
                return true
            }
        }
        #expect(
            error?.description
                == "\(path)/keystore-insecure-11.json: crypto: is missing: this is no keystore of EIP-2335")
    }

    private func overwrite(_ name: String, _ bytes: [UInt8]) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        try directory.write("keys/\(name)", bytes)
    }
}
