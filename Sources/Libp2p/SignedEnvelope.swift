import NIOCore
import Secp256k1

/// A payload, signed for one purpose (`domain`). Source: libp2p RFC/0002-signed-envelopes.md.
package struct SignedEnvelope: Equatable, Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// No protobuf, or a field is missing, twice, or of another wire type.
        case malformed
        /// Not a secp256k1 key.
        case unsupportedKey
        case badSignature
        /// Signed, but not this kind of payload.
        case otherPayload
    }

    package let signer: PeerID
    package let payloadType: [UInt8]
    package let payload: [UInt8]
    private let signature: [UInt8]

    package init(payload: [UInt8], payloadType: [UInt8], domain: String, signedBy key: PrivateKey) {
        signer = PeerID(key.publicKey)
        self.payloadType = payloadType
        self.payload = payload
        signature = key.signDER(message: Self.signedBytes(domain, payloadType, payload))
    }

    package func encode() -> [UInt8] {
        var output = ByteBuffer()
        ProtobufWriter.bytes(1, signer.keyProtobuf, into: &output)
        ProtobufWriter.bytes(2, payloadType, into: &output)
        ProtobufWriter.bytes(3, payload, into: &output)
        ProtobufWriter.bytes(5, signature, into: &output)
        return Array(output.readableBytesView)
    }

    /// Decodes and verifies.
    package init(_ bytes: [UInt8], domain: String) throws(Failure) {
        var fields: [Int: ByteBuffer] = [:]
        do {
            var reader = ProtobufReader(ByteBuffer(bytes: bytes))
            while let field = try reader.next() {
                switch field {
                case .bytes(let number, let value) where [1, 2, 3, 5].contains(number):
                    guard fields.updateValue(value, forKey: number) == nil else { throw Failure.malformed }
                case .varint(1...5, _), .fixed(1...5): throw Failure.malformed
                case .bytes, .varint, .fixed: break
                }
            }
        } catch { throw .malformed }
        guard let key = fields[1], let payloadType = fields[2], let payload = fields[3], let signature = fields[5]
        else { throw .malformed }
        do { signer = try PeerID(keyProtobuf: key.readableBytesView) } catch { throw .unsupportedKey }
        self.payloadType = Array(payloadType.readableBytesView)
        self.payload = Array(payload.readableBytesView)
        self.signature = Array(signature.readableBytesView)
        guard let point = try? signer.publicKey() else { throw .unsupportedKey }
        let signed = Self.signedBytes(domain, self.payloadType, self.payload)
        guard point.verifyDER(message: signed, signature: self.signature) else { throw .badSignature }
    }

    private static func signedBytes(_ domain: String, _ payloadType: [UInt8], _ payload: [UInt8]) -> [UInt8] {
        var buffer = ByteBuffer()
        for part in [Array(domain.utf8), payloadType, payload] {
            UVarint.write(UInt64(part.count), into: &buffer)
            buffer.writeBytes(part)
        }
        return Array(buffer.readableBytesView)
    }
}
