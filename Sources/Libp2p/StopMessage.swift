import NIOCore

/// Between a relay and the peer somebody wants to reach: `/libp2p/circuit/relay/0.2.0/stop`.
///
/// Exactly one of each field; the kind is always written, also when it is 0. Source: libp2p relay/circuit-v2.md.
package struct StopMessage: Equatable, Sendable {
    package enum Kind: UInt64, Sendable {
        case connect = 0
        case status = 1
    }

    package var kind: Kind
    /// Of connect: who comes.
    package var peer: CircuitPeer?
    package var limit: CircuitLimit?
    /// Of status.
    package var status: CircuitStatus?

    package init(_ kind: Kind, peer: CircuitPeer? = nil, limit: CircuitLimit? = nil, status: CircuitStatus? = nil) {
        self.kind = kind
        self.peer = peer
        self.limit = limit
        self.status = status
    }

    /// Without its length prefix.
    package func encode() -> [UInt8] {
        var output = ByteBuffer()
        ProtobufWriter.varint(1, kind.rawValue, into: &output)
        peer?.write(2, into: &output)
        limit?.write(3, into: &output)
        if let status { ProtobufWriter.varint(4, UInt64(status.rawValue), into: &output) }
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
            case .bytes(3, let value) where limit == nil: limit = try CircuitLimit(value)
            case .varint(4, let value) where status == nil: status = try Circuit.status(value)
            case .varint(1...4, _), .bytes(1...4, _), .fixed(1...4): throw .malformed
            case .bytes, .varint, .fixed: break
            }
        }
        guard let kind else { throw .missing(field: 1) }
        self.kind = kind
    }
}
