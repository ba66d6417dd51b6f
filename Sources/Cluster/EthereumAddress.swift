import SSZ
import Secp256k1

/// The account address of a key or contract: 20 bytes, shown with the mixed-case checksum of EIP-55.
package struct EthereumAddress: Hashable, Sendable {
    package let bytes: Bytes20

    package init(_ bytes: Bytes20) { self.bytes = bytes }

    /// The last 20 bytes of keccak256 of the 64-byte point.
    package init(_ key: PublicKey) {
        let digest = keccak256(key.uncompressed.dropFirst())
        guard let bytes = Bytes20(digest.bytes.suffix(20)) else { preconditionFailure("20 bytes") }
        self.bytes = bytes
    }

    /// `0x` and 40 hex digits of any case; nil otherwise.
    package init?(_ text: String) {
        guard text.utf8.count == 42, text.hasPrefix("0x"), let bytes = try? Bytes20(hex: text) else { return nil }
        self.bytes = bytes
    }

    /// `0x` and 40 digits, letters in upper case where the hash of the lower-case text says so.
    package var checksummed: String {
        let digits = Array(bytes.hex.utf8.dropFirst(2))
        let hash = keccak256(digits)
        let cased = digits.enumerated().map { i, digit in
            let nibble = i.isMultiple(of: 2) ? hash[i / 2] >> 4 : hash[i / 2] & 15
            return nibble >= 8 && digit >= UInt8(ascii: "a") ? digit - 32 : digit
        }
        return "0x" + String(decoding: cased, as: UTF8.self)
    }

    package var isZero: Bool { bytes == .zero }
}

extension EthereumAddress: CustomStringConvertible {
    package var description: String { checksummed }
}
