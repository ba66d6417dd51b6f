import Ethereum
import SSZ

/// A block behind its fork's number and whether it is blinded: `version u64 ‖ blinded u8 ‖ u32 13 ‖ object`
/// (protocols.md §2.5, kind B).
struct BlindableBytes {
    private static let headerBytes = 13

    let bytes: [UInt8]

    init(_ proposal: VersionedProposal, _ object: [UInt8]) {
        var bytes = littleEndian(UInt64(proposal.fork.rawValue))
        bytes.reserveCapacity(Self.headerBytes + object.count)
        bytes += [proposal.isBlinded ? 1 : 0, UInt8(Self.headerBytes), 0, 0, 0]
        bytes += object
        self.bytes = bytes
    }

    enum Object {
        case ssz(ArraySlice<UInt8>)
        case json(JSONValue)
    }

    /// Reads the SSZ form, or `{"version":N,"block":{…},"blinded":true}`. A block is of the shape of mainnet or of the
    /// minimal preset, which its offsets tell apart.
    static func decode<Block>(
        _ what: String, _ bytes: [UInt8],
        _ read: (ForkName, _ blinded: Bool, Object, Preset) throws(ProposalError) -> Block
    ) throws(WireError) -> Block {
        func anyPreset(_ fork: ForkName, _ blinded: Bool, _ object: Object) throws -> Block {
            do {
                return try read(fork, blinded, object, .mainnet)
            } catch {
                guard let block = try? read(fork, blinded, object, .minimal) else { throw error }
                return block
            }
        }
        return try WireError.wrap(what) {
            if startsJSONObject(bytes) {
                let json = try JSONValue(parsing: bytes)
                return try anyPreset(
                    try forkVersion(json.member("version")), json["blinded"]?.bool ?? false,
                    .json(try json.member("block")))
            }
            guard bytes.count >= headerBytes, let fork = ForkName(wire: littleEndian64(bytes, at: 0)), bytes[8] <= 1
            else { throw WireError.malformed("\(what) header") }
            let offset = Int(littleEndian32(bytes, at: 9))
            guard offset >= headerBytes, offset <= bytes.count else {
                throw WireError.malformed("\(what) offset \(offset) in \(bytes.count) bytes")
            }
            return try anyPreset(fork, bytes[8] == 1, .ssz(bytes[offset...]))
        }
    }
}
