import Ethereum
import SSZ

/// An object behind its fork's number: `version u64 ‖ u32 12 ‖ object` (protocols.md §2.5, kind A).
struct VersionedBytes {
    static let headerBytes = 12

    let bytes: [UInt8]

    init(_ fork: ForkName, _ object: [UInt8]) {
        bytes = littleEndian(UInt64(fork.rawValue)) + [UInt8(Self.headerBytes), 0, 0, 0] + object
    }

    struct Parts {
        let fork: ForkName
        let object: ArraySlice<UInt8>

        /// - Returns: nil for bytes that begin otherwise.
        init?(_ bytes: [UInt8]) {
            guard bytes.count >= headerBytes, let fork = ForkName(wire: littleEndian64(bytes, at: 0)) else {
                return nil
            }
            let offset = Int(littleEndian32(bytes, at: 8))
            guard offset >= headerBytes, offset <= bytes.count else { return nil }
            self.fork = fork
            object = bytes[offset...]
        }
    }
}

extension ForkName {
    init?(wire version: UInt64) {
        guard let raw = Int(exactly: version) else { return nil }
        self.init(rawValue: raw)
    }
}

/// The fork that a JSON member `version` names by number.
func forkVersion(_ json: JSONValue) throws(WireError) -> ForkName {
    guard let version = json.integer, let fork = ForkName(wire: version) else { throw .malformed("version") }
    return fork
}
