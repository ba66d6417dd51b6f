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

    /// Reads the SSZ form, or `{"version":N,"block":{…},"blinded":true}`.
    static func decode<Block>(
        _ what: String, _ bytes: [UInt8], _ read: (ForkName, _ blinded: Bool, Object) throws(ProposalError) -> Block
    ) throws(WireError) -> Block {
        try WireError.wrap(what) {
            if startsJSONObject(bytes) {
                let json = try JSONValue(parsing: bytes)
                return try read(
                    try forkVersion(json.member("version")), json["blinded"]?.bool ?? false,
                    .json(try json.member("block")))
            }
            guard bytes.count >= headerBytes, let fork = ForkName(wire: littleEndian64(bytes, at: 0)), bytes[8] <= 1
            else { throw WireError.malformed("\(what) header") }
            let offset = Int(littleEndian32(bytes, at: 9))
            guard offset >= headerBytes, offset <= bytes.count else {
                throw WireError.malformed("\(what) offset \(offset) in \(bytes.count) bytes")
            }
            // The block keeps the bytes that it is a slice of: what lies before them is nothing anybody charges for.
            let object = offset == headerBytes ? bytes[offset...] : ArraySlice(Array(bytes[offset...]))
            return try read(fork, bytes[8] == 1, .ssz(object))
        }
    }
}
