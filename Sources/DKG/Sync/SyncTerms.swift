import Secp256k1
import SSZ

/// What all must say alike for a ceremony to begin: its definition and the minor version of the software.
package struct SyncTerms: Sendable {
    /// Of an edit, that of the current lock.
    package let definitionHash: Bytes32
    /// `v1.11`: of the Charon nodes that take part, or they refuse us.
    package let minorVersion: String
    /// At most 32 characters.
    let nickname: String
    /// Ours, over the hash: the same in every message.
    let hashSignature: [UInt8]

    package init(definitionHash: Bytes32, minorVersion: String, nickname: String, key: PrivateKey) {
        self.definitionHash = definitionHash
        self.minorVersion = minorVersion
        self.nickname = String(nickname.unicodeScalars.prefix(32))
        hashSignature = key.signDER(message: definitionHash.bytes)
    }

    /// `v1.2[.3][-label]` of the same major and minor.
    func hasSameMinor(_ version: String) -> Bool {
        version == minorVersion || version.hasPrefix(minorVersion + ".") || version.hasPrefix(minorVersion + "-")
    }
}
