import SSZ
import Secp256k1

/// `charon-enr-private-key`: the node's identity, 64 hex digits. Source: spec/cluster-files.md §1.1.
package enum IdentityKeyFile {
    package static let name = "charon-enr-private-key"
    /// Room for white space around the digits.
    private static let bytesMax = 1024

    package static func load(inDataDirectory directory: String) throws(ClusterError) -> PrivateKey {
        try load(FileAccess.join(directory, name), option: "--data-dir")
    }

    /// - Parameter option: that names the file, or its directory.
    package static func load(_ path: String, option: String = "--private-key-file") throws(ClusterError) -> PrivateKey {
        guard FileAccess.isTaken(path) else {
            throw .inFile(
                path,
                .field(
                    "identity key", "no such file; make one with `styx create enr`, or point to yours with \(option)"))
        }
        var bytes: [UInt8]
        do throws(ClusterError) { bytes = try FileAccess.readSecret(path, bytesMax: bytesMax) } catch {
            throw error.at(option, missing: "make one with `styx create enr`, or point to yours")
        }
        defer { bytes.erase() }
        do throws(ClusterError) {
            return try parse(bytes)
        } catch {
            throw .inFile(path, error)
        }
    }

    /// White space around the digits is fine, a prefix is not.
    static func parse(_ bytes: [UInt8]) throws(ClusterError) -> PrivateKey {
        let digits = trimmed(bytes)
        if digits.starts(with: "0x".utf8) {
            throw .field("identity key", "starts with 0x; remove the prefix")
        }
        guard digits.count == 64 else {
            throw .field("identity key", "\(digits.count) characters where 64 hex digits belong")
        }
        var secret: [UInt8] = []
        secret.reserveCapacity(32)
        defer { secret.erase() }
        var high: UInt8?
        for digit in digits {
            guard let nibble = nibble(digit) else {
                throw .field("identity key", "has a character that is no hex digit")
            }
            if let top = high {
                secret.append(top << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        guard let key = try? PrivateKey(secret) else {
            throw .field("identity key", "is zero or not below the order of secp256k1, so not a key")
        }
        return key
    }

    /// Writes a new file readable by its owner only, whole or not at all. Never overwrites: losing this key loses the
    /// node's seat.
    package static func create(_ path: String, _ key: PrivateKey) throws(ClusterError) {
        var digits = [UInt8](repeating: 0, count: 64)
        defer { digits.erase() }
        key.withSecretBytes { secret in
            for (i, byte) in secret.enumerated() {
                digits[2 * i] = hex(byte >> 4)
                digits[2 * i + 1] = hex(byte & 15)
            }
        }
        try FileAccess.publish(path, digits, mode: 0o600)
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        var slice = bytes.drop(while: isSpace)
        while let last = slice.last, isSpace(last) { slice.removeLast() }
        return slice
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func hex(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
