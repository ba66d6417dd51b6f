import Cluster
import Crypto
import DKG
import Glibc
import SSZ
import Secp256k1

/// The sealed notes of a key ceremony under way: with them a process that was killed comes back into it.
///
/// Plain: a magic line, the definition's hash, the release, a salt. Then records, each with its length, sealed by AES-GCM
/// with a key that comes from the identity key and the salt; each bound to its place. The first is the seed. Durable
/// before `append` returns; what a crash cut off at the end counts as never written. Erased at the end of a ceremony.
package final class StateFile {
    package static let name = ".styx-dkg-state"

    private static let magic = Array("styx dkg 1\n".utf8)
    private static let saltBytes = 32
    private static let headerBytes = magic.count + 32 + 1 + saltBytes
    /// Of one record: the largest broadcast there is, and room.
    private static let recordBytesMax = 64 << 20
    private static let bytesMax = 2 << 30

    package enum Fault: Error, Equatable {
        case system(String, Int32)
        /// Another process has it.
        case inUse
        /// Of another ceremony, or made by other software.
        case foreign(String)
        case damaged
    }

    package let path: String
    package let seed: CeremonySeed
    /// What an earlier process noted down; empty in a new ceremony.
    package let records: [CeremonyRecord]
    package let isResumed: Bool
    private let descriptor: Int32
    private let key: SymmetricKey
    private var count: UInt64
    private var isErased = false

    /// Goes on with the notes that are there, or begins new ones.
    package static func open(directory: String, plan: CeremonyPlan) throws(Fault) -> StateFile {
        let path = FileAccess.join(directory, name)
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", errno) }
        let contents: Contents
        do throws(Fault) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .inUse }
            contents = try Contents(descriptor, plan)
        } catch {
            close(descriptor)
            throw error
        }
        let file = StateFile(path: path, descriptor: descriptor, contents)
        if !file.isResumed {
            try file.append(file.seed.withBytes { Array($0) })
            try syncDirectory(directory)
        }
        return file
    }

    private init(path: String, descriptor: Int32, _ contents: Contents) {
        self.path = path
        self.descriptor = descriptor
        key = contents.key
        seed = contents.seed
        records = contents.records
        count = contents.count
        isResumed = contents.isResumed
    }

    /// What is in the file; the header is made if it is not there.
    private struct Contents {
        let key: SymmetricKey
        var seed = CeremonySeed()
        var records: [CeremonyRecord] = []
        var count: UInt64 = 0
        var isResumed = false

        init(_ descriptor: Int32, _ plan: CeremonyPlan) throws(Fault) {
            let bytes = try readAll(descriptor)
            let wanted =
                magic + plan.identifier.bytes + [UInt8(CeremonyRelease.allCases.firstIndex(of: plan.release) ?? 0)]
            if bytes.count >= headerBytes {
                guard bytes.starts(with: wanted) else {
                    throw .foreign(
                        bytes.starts(with: magic)
                            ? "they belong to a ceremony with another definition or --compat" : "this is no such file")
                }
                key = StateFile.key(plan.identity, Array(bytes[(headerBytes - saltBytes)..<headerBytes]))
                var notes = Notes(bytes: bytes, offset: headerBytes)
                if let first = try notes.next(key) {
                    guard let seed = CeremonySeed(bytes: first) else { throw .damaged }
                    self.seed = seed
                    while let note = try notes.next(key) {
                        guard let record = CeremonyRecord(decoding: note) else { throw .damaged }
                        records.append(record)
                    }
                    count = notes.count
                    isResumed = true
                }
                guard ftruncate(descriptor, off_t(notes.offset)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
                    throw .system("truncate", errno)
                }
            } else {
                // New, or killed before the first note: nothing was sent.
                let salt = (0..<saltBytes).map { _ in UInt8.random(in: .min ... .max) }
                key = StateFile.key(plan.identity, salt)
                guard ftruncate(descriptor, 0) == 0 else { throw .system("truncate", errno) }
                try write(descriptor, wanted + salt)
            }
        }
    }

    deinit { close(descriptor) }

    /// Another process may have it.
    package func release() { _ = flock(descriptor, LOCK_UN) }

    /// Durable when it returns.
    package func append(_ record: CeremonyRecord) throws(Fault) { try append(record.encoded()) }

    private func append(_ bytes: [UInt8]) throws(Fault) {
        guard let box = try? AES.GCM.seal(bytes, using: key, authenticating: Notes.place(count)).combined else {
            throw .damaged
        }
        let length = UInt32(box.count)
        try Self.write(descriptor, (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(box))
        guard fdatasync(descriptor) == 0 else { throw .system("sync", errno) }
        count += 1
    }

    /// Overwrites and removes it: the ceremony is over, or will never end.
    package func erase() {
        guard !isErased else { return }
        isErased = true
        var status = stat()
        if fstat(descriptor, &status) == 0, lseek(descriptor, 0, SEEK_SET) == 0 {
            let zeros = [UInt8](repeating: 0, count: 1 << 16)
            var left = Int(status.st_size)
            while left > 0 {
                guard (try? Self.write(descriptor, Array(zeros.prefix(left)))) != nil else { break }
                left -= zeros.count
            }
            _ = fsync(descriptor)
        }
        unlink(path)
    }

    // MARK: Parts

    /// Reads record after record; ends at one that is cut off.
    private struct Notes {
        let bytes: [UInt8]
        /// Behind the last whole record.
        private(set) var offset: Int
        private(set) var count: UInt64 = 0

        init(bytes: [UInt8], offset: Int) {
            self.bytes = bytes
            self.offset = offset
        }

        static func place(_ count: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        }

        mutating func next(_ key: SymmetricKey) throws(Fault) -> [UInt8]? {
            guard bytes.count - offset >= 4 else { return nil }
            let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            guard length <= recordBytesMax, bytes.count - offset - 4 >= length else { return nil }
            let body = bytes[(offset + 4)..<(offset + 4 + length)]
            guard let box = try? AES.GCM.SealedBox(combined: Array(body)),
                let note = try? AES.GCM.open(box, using: key, authenticating: Self.place(count))
            else {
                // Half a page of a write that a power cut interrupted; anything before it is a forgery.
                if offset + 4 + length == bytes.count { return nil }
                throw .damaged
            }
            offset += 4 + length
            count += 1
            return Array(note)
        }
    }

    private static func key(_ identity: Secp256k1.PrivateKey, _ salt: [UInt8]) -> SymmetricKey {
        identity.withSecretBytes { secret in
            HKDF<Crypto.SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), salt: salt, info: Array("styx/ceremony/state".utf8),
                outputByteCount: 32)
        }
    }

    private static func readAll(_ descriptor: Int32) throws(Fault) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", errno) }
        guard status.st_size <= bytesMax else { throw .foreign("it is larger than any such file") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", errno) }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= bytesMax else { throw .foreign("it is larger than any such file") }
        }
    }

    private static func write(_ descriptor: Int32, _ bytes: [UInt8]) throws(Fault) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("write", errno) }
            written += count
        }
    }

    private static func syncDirectory(_ directory: String) throws(Fault) {
        do throws(ClusterError) { try FileAccess.syncDirectory(directory) } catch { throw .system("sync", EIO) }
    }
}

extension StateFile.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let action, let code):
            "\(action) the notes of the ceremony: \(String(cString: strerror(code)))"
        case .inUse: "another process holds a ceremony with this directory now"
        case .foreign(let why): "the notes of an earlier ceremony cannot be gone on with: \(why)"
        case .damaged: "the notes of an earlier ceremony are damaged, or of another identity key"
        }
    }

    /// What to do about it.
    package func cure(path: String) -> String {
        switch self {
        case .system: "see that \(path) can be written"
        case .inUse: "wait for it to end, or stop it"
        case .foreign, .damaged:
            "if that ceremony is given up, remove \(path) and start again together with all operators"
        }
    }
}
