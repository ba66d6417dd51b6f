import Crypto
import NIOCore

/// noise's `SymmetricState`: the chaining key, the transcript hash and, after the first agreement, a cipher.
/// Source: noiseprotocol.org, section 5.2.
struct NoiseSymmetricState: ~Copyable {
    static let protocolName = "Noise_XX_25519_ChaChaPoly_SHA256"

    private var chainingKey: SymmetricKey
    private var hash: [UInt8]
    private var cipher: NoiseCipher?

    init() {
        // The name is exactly 32 bytes: it is the first hash, unhashed.
        hash = Array(Self.protocolName.utf8)
        precondition(hash.count == SHA256.byteCount)
        chainingKey = SymmetricKey(data: hash)
        cipher = nil
        mixHash([])  // the empty prologue
    }

    mutating func mixHash(_ data: some Collection<UInt8>) {
        hash.append(contentsOf: data)
        hash = Array(SHA256.hash(data: hash))
    }

    /// Mixes in a Diffie-Hellman result; from here on everything is encrypted with a fresh key.
    mutating func mixKey(_ secret: SharedSecret) {
        let (first, second) = secret.withUnsafeBytes { derive($0) }
        chainingKey = first
        cipher = NoiseCipher(key: second)
    }

    mutating func encryptAndHash(_ plaintext: [UInt8], into output: inout ByteBuffer) throws(NoiseError) {
        var sealed = ByteBuffer()
        do {
            guard try plaintext.withUnsafeBytes({ try cipher?.seal($0, authenticating: hash, into: &sealed) }) != nil
            else { preconditionFailure("XX has a key before it encrypts") }
        } catch let error as NoiseError { throw error } catch { preconditionFailure("\(error)") }
        mixHash(sealed.readableBytesView)
        output.writeBuffer(&sealed)
    }

    mutating func decryptAndHash(_ ciphertext: ByteBuffer) throws(NoiseError) -> ByteBuffer {
        var plaintext = ByteBuffer()
        guard try cipher?.open(ciphertext, authenticating: hash, into: &plaintext) != nil else {
            preconditionFailure("XX has a key before it decrypts")
        }
        mixHash(ciphertext.readableBytesView)
        return plaintext
    }

    /// The two transport ciphers: initiator to responder, responder to initiator.
    consuming func split() -> NoiseCipherPair {
        let (first, second) = derive(UnsafeRawBufferPointer(start: nil, count: 0))
        return NoiseCipherPair(fromInitiator: NoiseCipher(key: first), fromResponder: NoiseCipher(key: second))
    }

    /// HKDF of noise with two outputs.
    private func derive(_ input: UnsafeRawBufferPointer) -> (SymmetricKey, SymmetricKey) {
        let temporary = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: input, using: chainingKey))
        let first = HMAC<SHA256>.authenticationCode(for: [1], using: temporary)
        let second = HMAC<SHA256>.authenticationCode(for: Array(first) + [2], using: temporary)
        return (SymmetricKey(data: first), SymmetricKey(data: second))
    }
}

/// What a finished handshake yields.
struct NoiseCipherPair: ~Copyable {
    var fromInitiator: NoiseCipher
    var fromResponder: NoiseCipher
}
