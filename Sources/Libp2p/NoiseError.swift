/// Why a noise handshake or channel ended. All but `nonceExhausted` are the peer's fault.
package enum NoiseError: Error, Equatable, Sendable {
    /// A handshake frame above `NoiseHandshake.messageBytesMax`.
    case messageTooLong(Int)
    case truncated
    /// Not authentic: wrong key, tampered, replayed or out of order.
    case decryption
    /// A Diffie-Hellman result of zero: a public key of small order.
    case weakKey
    /// The first message must carry nothing but the ephemeral key.
    case unexpectedPayload
    case malformedPayload
    /// The identity is no secp256k1 key.
    case unsupportedIdentity
    /// The identity does not sign this channel's static key.
    case badSignature
    /// We dialed somebody else.
    case wrongPeer(PeerID)
    /// A message after the handshake, or after an error.
    case unexpectedMessage
    /// 2^64 - 1 frames in one direction.
    case nonceExhausted
}
