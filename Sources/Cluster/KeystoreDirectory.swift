import BLS
import Dispatch
import Glibc
import Synchronization

/// `validator_keys`: one keystore and one password file for each share. Source: spec/cluster-files.md §15.
package enum KeystoreDirectory {
    package static let name = "validator_keys"
    private static let passwordBytesMax = 4096

    /// One opened keystore.
    package struct Entry: Sendable {
        package let path: String
        /// The number in the name; nil in a foreign name such as `keystore-m_12381_3600.json`.
        package let index: Int?
        package let key: SecretKey
    }

    /// Opens every `keystore-*.json` of the directory, in the order of the names. None is an error.
    ///
    /// Blocks for 54 ms (PBKDF2) to over a second (scrypt) for each keystore and thread.
    /// - Parameter concurrency: how many to open at once, at least 1.
    package static func load(_ directory: String, concurrency: Int) throws(ClusterError) -> [Entry] {
        try open(files(in: directory), concurrency)
    }

    /// Key N is the share of validator N of the lock: numbers must be 0 to count - 1, each once.
    package static func loadSequenced(_ directory: String, concurrency: Int) throws(ClusterError) -> [SecretKey] {
        let files = try files(in: directory)
        var paths: [Int: String] = [:]
        for file in files {
            guard let index = file.index else {
                throw .inFile(file.path, .field("name", "unknown keystore index; call it keystore-<number>.json"))
            }
            guard index < files.count else {
                throw .inFile(
                    file.path,
                    .field("name", "out of sequence keystore index: \(files.count) keystores are numbered from 0"))
            }
            if let other = paths.updateValue(file.path, forKey: index) {
                throw .inFile(file.path, .field("name", "duplicate keystore index, as in \(other)"))
            }
        }
        return try open(files, concurrency).sorted { ($0.index ?? 0) < ($1.index ?? 0) }.map(\.key)
    }

    /// Writes keystores and passwords numbered from 0 into a new or empty directory.
    package static func store(
        _ keys: [SecretKey], in directory: String, cost: Keystore.Cost, concurrency: Int,
        using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        if FileAccess.exists(directory) {
            guard try FileAccess.names(in: directory).isEmpty else {
                throw .system(action: "write keystores into", path: directory, code: ENOTEMPTY)
            }
        } else {
            try FileAccess.createDirectory(directory, mode: 0o777)
        }
        let seeds = keys.map { _ in Keystore.Seed(using: &generator) }
        let prefix = cost == .secure ? "keystore-" : "keystore-insecure-"
        _ = try parallel(keys.count, concurrency) { i throws(ClusterError) in
            let path = FileAccess.join(directory, "\(prefix)\(i)")
            try FileAccess.create(path + ".json", Keystore.encrypt(keys[i], cost: cost, seeds[i]), mode: 0o444)
            try FileAccess.create(path + ".txt", seeds[i].password, mode: 0o400)
        }
        try FileAccess.syncDirectory(directory)
    }

    private typealias File = (path: String, index: Int?)

    private static func files(in directory: String) throws(ClusterError) -> [File] {
        let names = try FileAccess.names(in: directory).filter { $0.hasPrefix("keystore-") && $0.hasSuffix(".json") }
        guard !names.isEmpty else {
            throw .inFile(directory, .field("keystores", "no keys found; put keystore-<number>.json and .txt there"))
        }
        return names.map { (FileAccess.join(directory, $0), index(ofName: $0)) }
    }

    /// The N of `keystore-N.json` or `keystore-insecure-N.json`.
    private static func index(ofName name: String) -> Int? {
        var digits = name.dropFirst("keystore-".count).dropLast(".json".count)
        if digits.hasPrefix("insecure-") { digits = digits.dropFirst("insecure-".count) }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(digits)
    }

    private static func open(_ files: [File], _ concurrency: Int) throws(ClusterError) -> [Entry] {
        try parallel(files.count, concurrency) { i throws(ClusterError) in
            let path = files[i].path
            let passwordPath = path.dropLast(".json".count) + ".txt"
            let json = try FileAccess.read(path, bytesMax: Keystore.fileBytesMax)
            var password = try FileAccess.readSecret(String(passwordPath), bytesMax: passwordBytesMax)
            defer { password.erase() }
            do throws(ClusterError) {
                return Entry(path: path, index: files[i].index, key: try Keystore.decrypt(json, password: password))
            } catch {
                throw .inFile("\(path) with the password in \(passwordPath)", error)
            }
        }
    }

    /// `body(0) … body(count - 1)` on up to `concurrency` threads; the error of the lowest number is thrown.
    private static func parallel<Value: Sendable>(
        _ count: Int, _ concurrency: Int, _ body: @Sendable (Int) throws(ClusterError) -> Value
    ) throws(ClusterError) -> [Value] {
        let next = Atomic(0)
        let results = Mutex<[Int: Result<Value, ClusterError>]>([:])
        DispatchQueue.concurrentPerform(iterations: max(1, min(concurrency, count))) { _ in
            while true {
                let i = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard i < count else { return }
                let result = Result { () throws(ClusterError) in try body(i) }
                results.withLock { $0[i] = result }
                // After a failure the rest is wasted work.
                if case .failure = result { next.store(count, ordering: .relaxed) }
            }
        }
        let done = results.withLock { $0 }
        for i in done.keys.sorted() { if case .failure(let error)? = done[i] { throw error } }
        return try done.sorted { $0.key < $1.key }.map { _, result throws(ClusterError) in try result.get() }
    }
}
