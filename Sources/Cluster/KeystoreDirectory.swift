import BLS
import Glibc

/// `validator_keys`: one keystore and one password file for each share. Source: spec/cluster-files.md §15.
///
/// Opening takes 30 ms (PBKDF2) to over a second (scrypt) for each keystore and thread, and blocks the caller that
/// long: never call it from a task. All files are read and checked before the first is opened.
package enum KeystoreDirectory {
    package static let name = "validator_keys"
    static let filesMax = FileLimits.validators
    private static let passwordBytesMax = 4096
    /// scrypt takes 256 MiB a keystore: on a machine of many cores all at once would be too much.
    private static let memoryMax = 1 << 30

    /// One opened keystore.
    package struct Entry: Sendable {
        package let path: String
        /// The number in the name; nil in a foreign name such as `keystore-m_12381_3600.json`.
        package let index: Int?
        package let key: SecretKey
    }

    /// Opens every `keystore-*.json` of the directory, in the order of the names. None is an error.
    ///
    /// - Parameters:
    ///   - concurrency: how many to open at once, about one per core.
    ///   - progress: see `WorkProgress`.
    package static func load(
        _ directory: String, concurrency: Int, progress: @escaping WorkProgress = { _, _ in true }
    ) throws(ClusterError) -> [Entry] {
        try open(files(in: directory), concurrency, progress)
    }

    /// Key N is the share of validator N of the lock: numbers must be 0 to count - 1, each once.
    package static func loadSequenced(
        _ directory: String, concurrency: Int, progress: @escaping WorkProgress = { _, _ in true }
    ) throws(ClusterError) -> [SecretKey] {
        try loadSequenced([directory], concurrency: concurrency, progress: progress)[0]
    }

    /// Several directories, opened as one piece of work: the keys of each.
    package static func loadSequenced(
        _ directories: [String], concurrency: Int, progress: @escaping WorkProgress = { _, _ in true }
    ) throws(ClusterError) -> [[SecretKey]] {
        var files: [File] = []
        var counts: [Int] = []
        for directory in directories {
            let sequence = try sequenced(Self.files(in: directory))
            files += sequence
            counts.append(sequence.count)
        }
        var keys = try open(files, concurrency, progress).map(\.key)[...]
        return counts.map { count in
            defer { keys = keys.dropFirst(count) }
            return Array(keys.prefix(count))
        }
    }

    /// Writes keystores and passwords numbered from 0 into a new or empty directory.
    package static func store(
        _ keys: [SecretKey], in directory: String, cost: Keystore.Cost, concurrency: Int,
        progress: @escaping WorkProgress = { _, _ in true }, using generator: inout some RandomNumberGenerator
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
        _ = try ParallelWork.map(keys.count, threads: concurrency, progress: progress) { i throws(ClusterError) in
            let path = FileAccess.join(directory, "\(prefix)\(i)")
            try FileAccess.create(path + ".json", Keystore.encrypt(keys[i], cost: cost, seeds[i]), mode: 0o444)
            try FileAccess.create(path + ".txt", seeds[i].password, mode: 0o400)
        }
        try FileAccess.syncDirectory(directory)
    }

    // MARK: - Files

    struct File: Sendable {
        let path: String
        let index: Int?

        /// Where its password should be.
        var passwordPath: String { path.dropLast(".json".count) + ".txt" }
    }

    static func isKeystore(_ name: String) -> Bool { name.hasPrefix("keystore-") && name.hasSuffix(".json") }

    static func files(in directory: String) throws(ClusterError) -> [File] {
        let names = try FileAccess.names(in: directory).filter(isKeystore)
        guard !names.isEmpty else {
            throw .inFile(directory, .field("keystores", "no keys found; put keystore-<number>.json and .txt there"))
        }
        guard names.count <= filesMax else {
            throw .inFile(directory, .field("keystores", "\(names.count) files, at most \(filesMax) allowed"))
        }
        return names.map { File(path: FileAccess.join(directory, $0), index: index(ofName: $0)) }
    }

    /// By number, which must be 0 to count - 1, each once.
    private static func sequenced(_ files: [File]) throws(ClusterError) -> [File] {
        var places: [File?] = Array(repeating: nil, count: files.count)
        for file in files {
            guard let index = file.index else {
                throw .inFile(file.path, .field("name", "unknown keystore index; call it keystore-<number>.json"))
            }
            guard index < files.count else {
                let present = Set(files.compactMap(\.index))
                let missing = (0..<files.count).first { !present.contains($0) } ?? 0
                throw .inFile(
                    file.path,
                    .field(
                        "name",
                        "out of sequence keystore index: \(files.count) keystores are numbered 0 to \(files.count - 1),"
                            + " and number \(missing) is missing"))
            }
            if let other = places[index] {
                throw .inFile(file.path, .field("name", "duplicate keystore index, as in \(other.path)"))
            }
            places[index] = file
        }
        return places.compactMap { $0 }
    }

    /// The N of `keystore-N.json` or `keystore-insecure-N.json`.
    static func index(ofName name: String) -> Int? {
        guard isKeystore(name) else { return nil }
        var digits = name.dropFirst("keystore-".count).dropLast(".json".count)
        if digits.hasPrefix("insecure-") { digits = digits.dropFirst("insecure-".count) }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(digits)
    }

    // MARK: - Opening

    static func read(_ file: File) throws(ClusterError) -> KeystoreContent {
        let json = try FileAccess.read(file.path, bytesMax: KeystoreContent.fileBytesMax)
        do throws(ClusterError) {
            return try KeystoreContent(json: json)
        } catch {
            throw .inFile(file.path, error)
        }
    }

    /// - Throws: when the password file is missing, or does not open this keystore.
    static func open(
        _ content: KeystoreContent, passwordPath: String, opened: OpenedKeystores? = nil
    ) throws(ClusterError) -> SecretKey {
        try withPassword(passwordPath) { password throws(ClusterError) in
            if let key = opened?.key(content, password) { return key }
            return try content.open(password: password)
        }
    }

    static func withPassword<Value>(
        _ path: String, _ body: ([UInt8]) throws(ClusterError) -> Value
    ) throws(ClusterError) -> Value {
        var password = try FileAccess.readSecret(path, bytesMax: passwordBytesMax)
        defer { password.erase() }
        return try body(password)
    }

    /// So many threads that their memory stays within bounds.
    static func threads(_ contents: [KeystoreContent], _ concurrency: Int) -> Int {
        let memory = contents.reduce(1) { max($0, $1.derivation.memoryBytes) }
        return max(1, min(concurrency, memoryMax / memory))
    }

    private static func open(
        _ files: [File], _ concurrency: Int, _ progress: @escaping WorkProgress
    ) throws(ClusterError) -> [Entry] {
        let contents = try files.map { file throws(ClusterError) in try read(file) }
        return try ParallelWork.map(files.count, threads: threads(contents, concurrency), progress: progress) {
            i throws(ClusterError) in
            try entry(files[i], contents[i])
        }
    }

    /// - Throws: errors that name the files.
    static func entry(
        _ file: File, _ content: KeystoreContent, opened: OpenedKeystores? = nil
    ) throws(ClusterError) -> Entry {
        let key: SecretKey
        do throws(ClusterError) {
            key = try open(content, passwordPath: file.passwordPath, opened: opened)
        } catch .system(let action, let path, let code) where path == file.passwordPath {
            // The file is named already.
            throw .inFile("password of \(file.path)", .system(action: action, path: path, code: code))
        } catch .fileTooLarge(let path, let bytesMax) {
            throw .fileTooLarge(path: path, bytesMax: bytesMax)
        } catch {
            throw .inFile("\(file.path) with the password in \(file.passwordPath)", error)
        }
        return Entry(path: file.path, index: file.index, key: key)
    }
}
