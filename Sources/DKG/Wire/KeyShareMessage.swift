import SSZ

/// `ValidatorPubKeyShareMessage`: a participant's new public share of the validator of this run. Source: spec/dkg.md
/// §8.4.
///
/// It does not say of which validator: runs are one after the other, and each sender's come in that order.
package struct KeyShareMessage: Equatable, Sendable {
    package static let bytesMax = 256

    /// The definition hash.
    package let session: Bytes32
    /// Nil: the operator leaves the cluster and has no new share.
    package let publicShare: Bytes48?

    package init(session: Bytes32, publicShare: Bytes48?) {
        self.session = session
        self.publicShare = publicShare
    }

    /// - Parameter session: what ours is; another one is refused.
    package init(decoding bytes: [UInt8], session: Bytes32) throws(WireFault) {
        var given: Bytes32?
        var publicShare: Bytes48?
        let name = "ValidatorPubKeyShareMessage"
        var reader = try FieldReader(bytes, name, bytesMax: Self.bytesMax, fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: given = try field.fixedBytes("session_id")
            default:
                let name = "public_key_share"
                publicShare = try field.body(name).isEmpty ? nil : field.fixedBytes(name)
            }
        }
        guard try given.required("session_id") == session else { throw .foreignSession(message: name) }
        self.init(session: session, publicShare: publicShare)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.element(1, session.bytes)
            if let publicShare { writer.element(2, publicShare.bytes) }
        }
    }
}
