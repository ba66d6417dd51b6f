import CBlst

/// The scheme, named by its domain separation tag. Public keys in G1, signatures in G2.
/// Source: draft-irtf-cfrg-bls-signature-05, sections 4.2.1 and 4.2.3.
package enum Ciphersuite: String, Sendable {
    /// Everything on Ethereum: beacon duties, deposits, lock hashes.
    case proofOfPossession = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
    /// Bundle signatures of the Pedersen key ceremony, nothing else.
    case basic = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"

    /// The message's point in G2.
    func hash(_ message: some Collection<UInt8>) -> blst_p2 { hashToG2(message, tag: rawValue) }
}

/// `hash_to_curve` of RFC 9380 for G2 with an explicit domain separation tag (at most 255 bytes).
func hashToG2(_ message: some Collection<UInt8>, tag: String) -> blst_p2 {
    let tag = Array(tag.utf8)
    precondition(tag.count <= 255)
    var point = blst_p2()
    withBytes(of: message) { bytes in
        blst_hash_to_g2(&point, bytes.baseAddress, bytes.count, tag, tag.count, nil, 0)
    }
    return point
}

/// `expand_message_xmd` with SHA-256 (RFC 9380, section 5.3.1); `tag` of at most 255 bytes.
func expand(_ message: some Collection<UInt8>, tag: String, to count: Int) -> [UInt8] {
    let tag = Array(tag.utf8)
    precondition(tag.count <= 255)
    var bytes = [UInt8](repeating: 0, count: count)
    withBytes(of: message) { message in
        blst_expand_message_xmd(&bytes, count, message.baseAddress, message.count, tag, tag.count)
    }
    return bytes
}

/// Runs `body` on the collection's bytes in one piece, copying only when they are scattered.
func withBytes<R>(of bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    bytes.withContiguousStorageIfAvailable(body) ?? Array(bytes).withUnsafeBufferPointer(body)
}
