import SSZ

/// `NodePubKeyMessage`: a participant's key for this ceremony, and what it holds before. Source: spec/dkg.md §8.1.
package struct NodeKeyMessage: Equatable, Sendable {
    static let name = "NodePubKeyMessage"

    /// The definition hash.
    package let session: Bytes32
    package let key: Bytes48
    /// Public shares by validator, in lock order: in a reshare, of who holds key shares.
    package let publicShares: [Bytes48]?

    package init(session: Bytes32, key: Bytes48, publicShares: [Bytes48]? = nil) {
        self.session = session
        self.key = key
        self.publicShares = publicShares
    }

    package static func bytesMax(validators: Int) -> Int { 512 + validators * 64 }

    /// - Parameter session: what ours is; another one is refused.
    /// - Throws: also if there are public shares, but not exactly one for each validator.
    package init(decoding bytes: [UInt8], session: Bytes32, validators: Int) throws(WireFault) {
        var given: Bytes32?
        var key: Bytes48?
        var publicShares: [Bytes48]?
        var reader = try FieldReader(bytes, Self.name, bytesMax: Self.bytesMax(validators: validators), fields: 3)
        while let field = try reader.next() {
            switch field.number {
            case 1: given = try field.fixedBytes("session_id")
            case 2: key = try field.fixedBytes("public_key")
            default: publicShares = try Self.shares(field.body("shares"), validators: validators)
            }
        }
        guard try given.required("session_id") == session else { throw .foreignSession(message: Self.name) }
        self.init(session: session, key: try key.required("public_key"), publicShares: publicShares)
    }

    private static func shares(_ bytes: ArraySlice<UInt8>, validators: Int) throws(WireFault) -> [Bytes48] {
        var shares: [Bytes48] = []
        var reader = FieldReader(bytes, "NodePubKeyShares", fields: 1, repeated: [1])
        while let field = try reader.next() {
            guard shares.count < validators else { throw .tooMany(field: "public_key_shares", limit: validators) }
            shares.append(try field.fixedBytes("public_key_shares"))
        }
        guard shares.count == validators else {
            throw .count(field: "public_key_shares", expected: validators, actual: shares.count)
        }
        return shares
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.element(1, session.bytes)
            writer.element(2, key.bytes)
            guard let publicShares else { return }
            writer.message(3) { list in for share in publicShares { list.element(1, share.bytes) } }
        }
    }

    /// For the reliable broadcast.
    package var packed: PackedMessage { PackedMessage(Self.name, encoded()) }

    package init(unpacking message: PackedMessage, session: Bytes32, validators: Int) throws(WireFault) {
        try self.init(decoding: message.unpacked(Self.name), session: session, validators: validators)
    }
}
