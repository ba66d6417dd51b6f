import SSZ
import Secp256k1

/// A node's name in libp2p: the identity multihash of its secp256k1 public key, 39 bytes
/// `00 25 | 08 02 12 21 | 02 or 03, X`. Ordered as those bytes.
///
/// Other key types do not occur in a cluster and are refused. Whether the point is on the curve shows when
/// `publicKey()` is asked for. Source: spec/p2p.md §1.2–1.3, libp2p peer-ids.md.
package struct PeerID: Hashable, Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// Not the 37-byte protobuf of a compressed secp256k1 key.
        case unsupportedKey
        /// Not the 39-byte identity multihash of such a key.
        case unsupportedMultihash
        /// Neither base58 nor a CIDv1 with codec libp2p-key.
        case text
    }

    private static let keyPrefix: [UInt8] = [0x08, 0x02, 0x12, 0x21]
    private static let multihashPrefix: [UInt8] = [0x00, 0x25]
    /// CIDv1, codec libp2p-key.
    private static let cidPrefix: [UInt8] = [0x01, 0x72]

    /// 02 or 03, then X big-endian.
    package let compressedKey: Bytes33

    package init(_ key: PublicKey) { compressedKey = key.compressed }

    /// - Parameter protobuf: libp2p's `PublicKey{type = Secp256k1, data}`, in the one canonical form.
    package init(keyProtobuf protobuf: some Collection<UInt8>) throws(Failure) {
        guard protobuf.starts(with: Self.keyPrefix), let key = Bytes33(protobuf.dropFirst(4)),
            key[0] == 2 || key[0] == 3
        else { throw .unsupportedKey }
        compressedKey = key
    }

    /// - Parameter bytes: the multihash, exactly 39 bytes.
    package init(bytes: some Collection<UInt8>) throws(Failure) {
        guard bytes.starts(with: Self.multihashPrefix) else { throw .unsupportedMultihash }
        do { try self.init(keyProtobuf: bytes.dropFirst(2)) } catch { throw .unsupportedMultihash }
    }

    /// - Parameter text: base58btc, or a CIDv1 in base16, base32, base36 or base58btc.
    package init(_ text: String) throws(Failure) {
        if text.hasPrefix("1") {
            guard let bytes = BaseText.decode(Substring(text), BaseText.base58) else { throw .text }
            try self.init(bytes: bytes)
            return
        }
        let digits = text.dropFirst()
        let decoded: [UInt8]? =
            switch text.first {
            case "b": BaseText.decodeBase32(digits)
            case "k": BaseText.decode(digits, BaseText.base36)
            case "z": BaseText.decode(digits, BaseText.base58)
            case "f": try? Hex.decode(String(digits), bytesMax: BaseText.charactersMax)
            default: nil
            }
        guard let decoded, decoded.starts(with: Self.cidPrefix) else { throw .text }
        try self.init(bytes: decoded.dropFirst(2))
    }

    /// libp2p's `PublicKey`, 37 bytes.
    package var keyProtobuf: [UInt8] { Self.keyPrefix + compressedKey.bytes }

    /// The multihash, 39 bytes.
    package var bytes: [UInt8] { Self.multihashPrefix + keyProtobuf }

    /// - Throws: when the 33 bytes are no point of the curve.
    package func publicKey() throws(Secp256k1Error) -> PublicKey { try PublicKey(compressedKey.bytes) }
}

extension PeerID: Comparable, CustomStringConvertible {
    // The six bytes before the key are the same in all.
    package static func < (a: PeerID, b: PeerID) -> Bool { a.compressedKey < b.compressedKey }

    /// base58btc, `16Uiu2HA…`.
    package var description: String { BaseText.encode(bytes, BaseText.base58) }
}
