import NIOCore

/// Between a relay and whoever asks it for something: `/libp2p/circuit/relay/0.2.0/hop`.
///
/// Exactly one of each field; the kind is always written, also when it is 0. Source: libp2p relay/circuit-v2.md.
package struct HopMessage: Equatable, Sendable {
    package enum Kind: UInt64, Sendable {
        case reserve = 0
        case connect = 1
        case status = 2
    }

    package var kind: Kind
    /// Of connect: whom to reach.
    package var peer: CircuitPeer?
    /// Of a status that grants a reservation.
    package var reservation: Reservation?
    package var limit: CircuitLimit?
    /// Of status.
    package var status: CircuitStatus?

    package init(
        _ kind: Kind, peer: CircuitPeer? = nil, reservation: Reservation? = nil, limit: CircuitLimit? = nil,
        status: CircuitStatus? = nil
    ) {
        self.kind = kind
        self.peer = peer
        self.reservation = reservation
        self.limit = limit
        self.status = status
    }

    /// Without its length prefix.
    package func encode() -> [UInt8] {
        var output = ByteBuffer()
        ProtobufWriter.varint(1, kind.rawValue, into: &output)
        peer?.write(2, into: &output)
        reservation?.write(3, into: &output)
        limit?.write(4, into: &output)
        if let status { ProtobufWriter.varint(5, UInt64(status.rawValue), into: &output) }
        return Array(output.readableBytesView)
    }

    package init(_ bytes: [UInt8]) throws(Circuit.Failure) {
        guard bytes.count <= Circuit.messageBytesMax else { throw .tooLong }
        var kind: Kind?
        var fields = CircuitFields(bytes)
        while let field = try fields.next() {
            switch field {
            case .varint(1, let value) where kind == nil:
                guard let known = Kind(rawValue: value) else { throw .unknownKind(value) }
                kind = known
            case .bytes(2, let value) where peer == nil: peer = try CircuitPeer(value)
            case .bytes(3, let value) where reservation == nil: reservation = try Reservation(value)
            case .bytes(4, let value) where limit == nil: limit = try CircuitLimit(value)
            case .varint(5, let value) where status == nil: status = try Circuit.status(value)
            case .varint(1...5, _), .bytes(1...5, _), .fixed(1...5): throw .malformed
            case .bytes, .varint, .fixed: break
            }
        }
        guard let kind else { throw .missing(field: 1) }
        self.kind = kind
    }
}
