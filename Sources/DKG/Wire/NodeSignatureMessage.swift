import SSZ

/// `MsgNodeSig`: an operator's signature over the lock hash. Source: spec/dkg.md §6.5.
package struct NodeSignatureMessage: Equatable, Sendable {
    static let name = "MsgNodeSig"
    package static let bytesMax = 256
    /// What an operator that leaves the cluster sends instead of a signature.
    private static let nothingToSign: [UInt8] = [0xde, 0xad, 0xbe, 0xef]

    /// Nil: the operator leaves and signs nothing.
    package let signature: Bytes65?
    /// Place in the list of participants, from 0.
    package let participant: ParticipantIndex

    package init(signature: Bytes65?, participant: ParticipantIndex) {
        self.signature = signature
        self.participant = participant
    }

    /// - Parameter sender: who sent it: the message may be of nobody else.
    package init(decoding bytes: [UInt8], from sender: ParticipantIndex) throws(WireFault) {
        var signature: [UInt8]?
        var index = 0
        var reader = try FieldReader(bytes, Self.name, bytesMax: Self.bytesMax, fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: signature = try field.bytes("signature", max: 65)
            default: index = try field.index("peer_index")
            }
        }
        guard index == sender else { throw .outOfRange(field: "peer_index", value: UInt64(index)) }
        let given = try signature.required("signature")
        guard let exact = Bytes65(given) else {
            guard given == Self.nothingToSign else {
                throw .length(field: "signature", expected: 65, actual: given.count)
            }
            self.init(signature: nil, participant: sender)
            return
        }
        self.init(signature: exact, participant: sender)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.field(1, signature?.bytes ?? Self.nothingToSign)
            writer.number(2, participant)
        }
    }

    /// For the reliable broadcast.
    package var packed: PackedMessage { PackedMessage(Self.name, encoded()) }

    package init(unpacking message: PackedMessage, from sender: ParticipantIndex) throws(WireFault) {
        try self.init(decoding: message.unpacked(Self.name), from: sender)
    }
}
