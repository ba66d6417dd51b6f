import Crypto
import NIOCore

/// A key and a counter: noise's `CipherState` for ChaCha20-Poly1305. Noncopyable, a copy would reuse nonces.
struct NoiseCipher: ~Copyable {
    static let tagBytes = 16
    private static let nonceBytes = 12

    private let key: SymmetricKey
    private var counter: UInt64 = 0

    init(key: SymmetricKey) { self.key = key }

    /// Appends ciphertext and tag to `output`.
    mutating func seal(
        _ plaintext: UnsafeRawBufferPointer, authenticating data: [UInt8] = [], into output: inout ByteBuffer
    ) throws(NoiseError) {
        let nonce = try nextNonce()
        let box: ChaChaPoly.SealedBox
        do {
            box = try ChaChaPoly.seal(
                plaintext, using: key, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: data)
        } catch { preconditionFailure("sizes are right: \(error)") }
        output.writeBytes(box.combined.dropFirst(Self.nonceBytes))
    }

    /// Appends the plaintext of ciphertext and tag to `output`.
    mutating func open(
        _ ciphertext: ByteBuffer, authenticating data: [UInt8] = [], into output: inout ByteBuffer
    ) throws(NoiseError) {
        guard ciphertext.readableBytes >= Self.tagBytes else { throw .truncated }
        var combined = try nextNonce()
        combined.reserveCapacity(Self.nonceBytes + ciphertext.readableBytes)
        combined.append(contentsOf: ciphertext.readableBytesView)
        do {
            let plaintext = try ChaChaPoly.open(
                ChaChaPoly.SealedBox(combined: combined), using: key, authenticating: data)
            output.writeBytes(plaintext)
        } catch { throw .decryption }
    }

    /// Four zero bytes, then the counter, little-endian.
    private mutating func nextNonce() throws(NoiseError) -> [UInt8] {
        guard counter < .max else { throw .nonceExhausted }
        var nonce = [UInt8](repeating: 0, count: Self.nonceBytes)
        for index in 0..<8 { nonce[4 + index] = UInt8(truncatingIfNeeded: counter >> UInt64(8 * index)) }
        counter += 1
        return nonce
    }
}
