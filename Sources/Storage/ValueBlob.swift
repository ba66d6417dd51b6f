import DutyWorkflow
import Ethereum
import SSZ

/// Column `vote_value.data`: a consensus value. Of info-sync duties it is a `PriorityBlob`, of all others:
///
/// `version u8 = 1 ‖ count u32 ‖ count × (public key 48 ‖ length u32 ‖ wire bytes)`, keys ascending.
enum ValueBlob {
    private static let version: UInt8 = 1
    /// More validators than a cluster has in one duty.
    static let entriesMax = 100_000
    /// More than the largest value on the wire (32 MiB, consensus.md).
    static let entryBytesMax = 32 << 20

    static func encode(_ value: ConsensusValue) throws(BlobError) -> [UInt8] {
        switch value {
        case .duties(let set): try encode(set)
        case .priorities(let result): try PriorityBlob.encode(result)
        }
    }

    /// - Parameter preset: of the chain.
    static func decode(_ bytes: [UInt8], type: DutyType, preset: Preset = .mainnet) throws -> ConsensusValue {
        type == .infoSync
            ? .priorities(try PriorityBlob.decode(bytes)) : .duties(try decodeSet(bytes, type, preset))
    }

    private static func encode(_ set: UnsignedDataSet) throws(BlobError) -> [UInt8] {
        guard set.count <= entriesMax else { throw .limit("validators", set.count) }
        var out: [UInt8] = [version]
        out.appendInteger(UInt32(set.count))
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            let bytes = value.wireBytes()
            guard bytes.count <= entryBytesMax else { throw .limit("bytes of a value", bytes.count) }
            out += pubKey.bytes
            out.appendInteger(UInt32(bytes.count))
            out += bytes
        }
        return out
    }

    private static func decodeSet(_ bytes: [UInt8], _ type: DutyType, _ preset: Preset) throws -> UnsignedDataSet {
        var reader = BlobReader(bytes)
        let found = try reader.integer(UInt8.self)
        guard found == version else { throw BlobError.version(found) }
        let count = Int(try reader.integer(UInt32.self))
        guard count <= entriesMax else { throw BlobError.limit("validators", count) }
        var set: UnsignedDataSet = [:]
        var last: PubKey?
        for _ in 0..<count {
            let pubKey = try reader.fixed(PubKey.self)
            if let last, last >= pubKey { throw BlobError.unsorted }
            last = pubKey
            let length = Int(try reader.integer(UInt32.self))
            guard length <= entryBytesMax else { throw BlobError.limit("bytes of a value", length) }
            set[pubKey] = try UnsignedData(wire: Array(try reader.bytes(length)), type: type, preset: preset)
        }
        try reader.end()
        return set
    }
}
