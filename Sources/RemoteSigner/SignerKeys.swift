import Ethereum
import SSZ

/// The public keys that a remote signer lists at GET /api/v1/eth2/publicKeys. Source: remote-signer.md §A.1.
package enum SignerKeys {
    /// 98 bytes a key and its quotes, for twice as many keys as any operator has.
    static let bytesMax = 16 << 20
    static let countMax = 131_072

    /// - Throws: unless it is an array of BLS public keys; names the place.
    package static func parse(_ body: some Collection<UInt8>) throws -> Set<PubShare> {
        let json = try JSONValue(parsing: body, limits: JSONLimits(bytesMax: bytesMax))
        return Set(try json.elements(limit: countMax) { (item) throws(SSZError) in try PubShare(json: item) })
    }
}
