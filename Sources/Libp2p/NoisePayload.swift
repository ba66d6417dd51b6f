import NIOCore
import Secp256k1

/// What messages 2 and 3 carry: who we are, the proof, and the muxers we offer. Source: libp2p noise/README.md.
package struct NoisePayload {
    /// The standard: longer lists are ignored.
    package static let muxersMax = 100
    private static let signedPrefix = Array("noise-libp2p-static-key:".utf8)

    package let identity: PeerID
    package let muxers: [String]

    /// - Parameter staticKey: our 32-byte X25519 key, which the identity signs.
    package static func encode(identity: PrivateKey, staticKey: [UInt8], muxers: [String]) -> [UInt8] {
        var extensions = ByteBuffer()
        for muxer in muxers { ProtobufWriter.string(2, muxer, into: &extensions) }
        var payload = ByteBuffer()
        ProtobufWriter.bytes(1, PeerID(identity.publicKey).keyProtobuf, into: &payload)
        ProtobufWriter.bytes(2, identity.signDER(message: signedPrefix + staticKey), into: &payload)
        if !muxers.isEmpty { ProtobufWriter.bytes(4, extensions.readableBytesView, into: &payload) }
        return Array(payload.readableBytesView)
    }

    /// Decodes and verifies.
    package init(_ bytes: ByteBuffer, staticKey: [UInt8]) throws(NoiseError) {
        var key: ByteBuffer?
        var signature: ByteBuffer?
        var muxers: [String] = []
        do {
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                switch field {
                case .bytes(1, let value) where key == nil: key = value
                case .bytes(2, let value) where signature == nil: signature = value
                case .bytes(4, let value): muxers += try Self.muxers(value)
                // A second identity is an attack, not an extension.
                case .bytes(1, _), .bytes(2, _), .varint(1...2, _), .fixed(1...2): throw NoiseError.malformedPayload
                case .bytes, .varint, .fixed: break
                }
            }
        } catch { throw .malformedPayload }
        guard let key, let signature else { throw .malformedPayload }
        do { identity = try PeerID(keyProtobuf: key.readableBytesView) } catch { throw .unsupportedIdentity }
        self.muxers = muxers.count > Self.muxersMax ? [] : muxers
        guard let point = try? identity.publicKey() else { throw .unsupportedIdentity }
        guard point.verifyDER(message: Self.signedPrefix + staticKey, signature: signature.readableBytesView) else {
            throw .badSignature
        }
    }

    private static func muxers(_ bytes: ByteBuffer) throws -> [String] {
        var names: [String] = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard case .bytes(2, let value) = field else { continue }
            guard let name = String(validating: value.readableBytesView, as: UTF8.self) else {
                throw NoiseError.malformedPayload
            }
            names.append(name)
        }
        return names
    }
}
