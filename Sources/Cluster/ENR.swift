import SSZ
import Secp256k1

/// A node record (EIP-778, identity scheme v4): a self-signed public key with optional addresses.
///
/// Only the key identifies an operator; addresses matter in relay records. Source: spec/cluster-files.md §1.3–1.4.
package struct ENR: Equatable, Sendable {
    /// The longest text the definition hash admits, in bytes.
    package static let textBytesMax = 1024

    package let publicKey: PublicKey
    /// R ‖ S, 64 bytes, over the content.
    package let signature: [UInt8]
    /// Sequence number, then keys and values, as they stood in the record.
    private let content: [[UInt8]]

    /// The minimal record that `create enr` prints: a pure function of the key.
    package init(signedBy key: PrivateKey) {
        publicKey = key.publicKey
        content = [
            [], Array("id".utf8), Array("v4".utf8), Array("secp256k1".utf8), key.publicKey.compressed.bytes,
        ]
        signature = Array(key.sign(digest: keccak256(RLP.encode(list: content))).bytes.prefix(64))
    }

    /// A record that says where the node is, as a relay hands it out: IPv4 only, for clients read no other.
    ///
    /// - Parameter ip: 4 bytes.
    package init(signedBy key: PrivateKey, ip: [UInt8], tcp: UInt16, udp: UInt16) {
        precondition(ip.count == 4)
        publicKey = key.publicKey
        content = [
            [], Array("id".utf8), Array("v4".utf8), Array("ip".utf8), ip, Array("secp256k1".utf8),
            key.publicKey.compressed.bytes, Array("tcp".utf8), Self.bytes(tcp), Array("udp".utf8), Self.bytes(udp),
        ]
        signature = Array(key.sign(digest: keccak256(RLP.encode(list: content))).bytes.prefix(64))
    }

    /// Big-endian without leading zeros.
    private static func bytes(_ port: UInt16) -> [UInt8] {
        Array([UInt8(port >> 8), UInt8(port & 0xff)].drop { $0 == 0 })
    }

    /// Parses and verifies the signature.
    package init(_ text: String) throws(ENRError) {
        guard text.utf8.count <= Self.textBytesMax else { throw .tooLong }
        guard text.hasPrefix("enr:") else { throw .missingPrefix }
        var body = text.utf8.dropFirst(4)
        // Old releases wrote padding.
        while body.last == UInt8(ascii: "=") { body.removeLast() }
        guard let bytes = Base64.url.decode(body) else { throw .invalidBase64 }
        guard let items = RLP.decodeList(bytes), items.count >= 4, items.count.isMultiple(of: 2) else {
            throw .invalidRLP
        }
        content = Array(items.dropFirst())
        signature = items[0]

        var seen: Set<[UInt8]> = []
        var key: PublicKey?
        for i in stride(from: 2, to: items.count, by: 2) {
            guard seen.insert(items[i]).inserted else { throw .duplicateKey(String(decoding: items[i], as: UTF8.self)) }
            switch items[i] {
            case Array("id".utf8): guard items[i + 1] == Array("v4".utf8) else { throw .unsupportedScheme }
            case Array("secp256k1".utf8):
                guard let parsed = try? PublicKey(items[i + 1]) else { throw .invalidPublicKey }
                key = parsed
            default: break
            }
        }
        guard let key else { throw .invalidPublicKey }
        publicKey = key
        guard key.verify64(digest: keccak256(RLP.encode(list: content)), signature: signature) else {
            throw .invalidSignature
        }
    }

    /// `enr:` and base64url without padding.
    package var text: String { "enr:" + Base64.url.encode(RLP.encode(list: [signature] + content)) }

    /// The value of another pair, nil when absent: `ip` (4 bytes), `tcp`, `udp` (big-endian).
    package func value(_ name: String) -> [UInt8]? {
        let name = Array(name.utf8)
        for i in stride(from: 1, to: content.count - 1, by: 2) where content[i] == name { return content[i + 1] }
        return nil
    }

    /// Dotted IPv4 address, if the record has one.
    package var ip: String? {
        guard let bytes = value("ip"), bytes.count == 4 else { return nil }
        return bytes.map(String.init).joined(separator: ".")
    }

    package var tcpPort: UInt16? { port("tcp") }
    package var udpPort: UInt16? { port("udp") }

    private func port(_ name: String) -> UInt16? {
        guard let bytes = value(name), bytes.count <= 2 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }
}

/// Why a text is not a record.
package enum ENRError: Error, Equatable, Sendable {
    case tooLong, missingPrefix, invalidBase64, invalidRLP, unsupportedScheme, invalidPublicKey, invalidSignature
    case duplicateKey(String)
}

extension ENRError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong: "longer than \(ENR.textBytesMax) bytes"
        case .missingPrefix: "missing 'enr:' prefix"
        case .invalidBase64: "not base64url"
        case .invalidRLP: "not a list of signature, sequence and pairs"
        case .unsupportedScheme: "identity scheme other than v4"
        case .invalidPublicKey: "no valid secp256k1 public key"
        case .invalidSignature: "invalid enr signature"
        case .duplicateKey(let key): "duplicate enr key \(key)"
        }
    }
}

extension ENR {
    /// What `enr --verbose` adds: the record's parts, framed. Source: spec/cli-create.md §3.
    package var details: String {
        Notice(
            "ENR of this node",
            [
                "secp256k1 pubkey: \(Hex.encode(publicKey.compressed.bytes))",
                "signature: \(Hex.encode(signature))",
            ]
        ).text
    }
}
